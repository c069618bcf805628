"""What the gate shows: the options, the size of the library, why it is closed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from articles.caching import lifetime
from articles.models import Article
from articles.page_store import store
from paywall.access import Access, Reason
from paywall.readers import Reader
from paywall.reasons import sentence
from subscriptions.plans import OfferedPlan, offered_plans

CONTINUE = "#continue"


@dataclass(frozen=True, slots=True)
class Gate:
    plans: list[OfferedPlan]
    library_size: int
    next_path: str
    login_url: str
    sentence: str = ""
    words_read: int = 0
    words_total: int = 0
    email: str = ""
    is_registered: bool = False
    confirm_read: bool = False


def open_gate(article: Article, access: Access, reader: Reader) -> Gate:
    """The gate of an article whose body is withheld."""
    next_path = article.get_absolute_url() + CONTINUE
    return replace(
        plans_gate(next_path, reader),
        sentence=sentence(access, has_lapsed=reader.entitlement.has_lapsed),
        words_read=article.teaser_word_count,
        words_total=article.public_word_count,
        confirm_read=access.reason is Reason.READ_AVAILABLE,
    )


def plans_gate(next_path: str, reader: Reader) -> Gate:
    """The options without an article. Two queries: the plans and the size of the library."""
    return Gate(
        plans=offered_plans(),
        library_size=library_size(),
        next_path=next_path,
        login_url=login_url(next_path),
        email=reader.email,
        is_registered=reader.is_registered,
    )


def library_size() -> int:
    """How many articles are out now. Counting a large library takes longer than all else on the page."""
    now = timezone.now()
    return store.kept_or_made(
        "library size", Article.objects.published(now).count, lambda _size: lifetime(["library"], now)
    )


def login_url(next_path: str) -> str:
    return f"{reverse('account_login')}?{urlencode({'next': next_path})}"
