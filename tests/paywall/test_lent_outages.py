"""While the decision cannot be made: who may have paid in a way that has no cookie is asked to come again."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client
from django.utils import timezone

from articles.models import Article
from paywall.models import GiftLink, GiftOpening, Institution, MailPass
from paywall.ways_in import gifts, institutions, mail_links
from tests import make
from tests.newsroom.test_outages import withheld_in_words
from tests.paywall.test_institutions import CAMPUS, HOME, read

pytestmark = pytest.mark.django_db

WORDS = "We cannot look up your subscription just now"


def away(*_arguments: object, **_named: object) -> None:
    raise OperationalError("server closed the connection unexpectedly")


@pytest.fixture
def article(db: None) -> Article:
    return make.article()


@pytest.fixture
def lent(article: Article) -> dict[str, str]:
    """The addresses of a gift and of a letter."""
    giver = make.user()
    make.grant(giver)
    link = gifts.give(giver, article, timezone.now())
    (url,) = mail_links.urls_for(giver.pk, [article], timezone.now()).values()
    return {"gift": f"/gift/{link.token}/", "letter": urlsplit(url).path}


def taken() -> tuple[int, int, int, int]:
    letter = MailPass.objects.get()
    return GiftLink.objects.get().readers, GiftOpening.objects.count(), letter.browsers, letter.unnamed


def test_a_campus_is_not_shown_the_gate(
    city_library: Institution, article: Article, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paywall.middleware.policy_now", away)
    assert withheld_in_words(read(stranger, article, CAMPUS), WORDS)
    elsewhere = read(stranger, article, HOME)
    assert elsewhere.status_code == 200
    assert 'class="gate' in elsewhere.content.decode()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_nor_is_who_may_be_on_one_since_networks_cannot_be_looked_up(
    error: type[Exception], article: Article, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise error("connection already closed")

    monkeypatch.setattr("paywall.middleware.policy_now", away)
    monkeypatch.setattr(institutions, "known", fail)
    assert withheld_in_words(read(stranger, article, CAMPUS), WORDS)


@pytest.mark.parametrize("way", ["gift", "letter"])
@pytest.mark.parametrize("broken", ["paywall.middleware.policy_now", "articles.models.Article.body_for"])
def test_what_is_lent_is_no_gate_and_takes_no_place(
    way: str, broken: str, lent: dict[str, str], article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Client()
    with monkeypatch.context() as outage:
        outage.setattr(broken, away)
        assert withheld_in_words(browser.get(lent[way]), WORDS)
    assert taken() == (0, 0, 0, 0)
    assert not browser.cookies
    assert article.sentinel in browser.get(lent[way]).content.decode()
    assert sum(taken()) == (2 if way == "gift" else 1)


@pytest.mark.parametrize("way", ["gift", "letter"])
@pytest.mark.parametrize("module", ["paywall.ways_in.lent_pages", "paywall.ways_in.own_rights"])
def test_before_the_page_is_at_hand_it_is_an_outage_as_everywhere(
    way: str, module: str, lent: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{module}.policy_now", away)
    browser = Client(raise_request_exception=False)
    assert withheld_in_words(browser.get(lent[way]), "Nothing is lost")
    assert taken() == (0, 0, 0, 0)


@pytest.mark.parametrize("way", ["gift", "letter"])
def test_where_others_took_the_last_place_meanwhile_the_way_leads_to_the_article(
    way: str, lent: dict[str, str], article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paywall.ways_in.gifts.take", lambda *_: None)
    monkeypatch.setattr("paywall.ways_in.mail_links.take", lambda *_, **_named: None)
    answer = Client().get(lent[way])
    assert (answer.status_code, answer["Location"]) == (302, article.get_absolute_url())
    assert answer["Cache-Control"] == "private, no-store"
    assert "noindex" in answer["X-Robots-Tag"]
    assert not answer.content
    assert not answer.cookies
