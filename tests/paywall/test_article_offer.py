"""One article by itself, as the gate and `/access/` offer it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from articles.page_store import PageStore
from paywall.models import ArticleTerms
from subscriptions.models import Plan
from tests import make

pytestmark = pytest.mark.django_db

LINE = "One article: $3, paid once."


@pytest.fixture
def sold() -> Plan:
    return Plan.objects.create(
        key="one", name="One article", kind="article", amount_minor=300, currency="USD", button="Buy this article"
    )


@pytest.fixture
def closed(settings: Any) -> Any:
    settings.MONTHLY_ALLOWANCE = 0
    return make.article()


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def access(article: Any) -> str:
    return f"/access/?article={article.slug}"


def test_the_gate_and_the_answer_why_offer_the_article_by_itself(stranger: Client, closed: Any, sold: Plan) -> None:
    gate, why = text(stranger, closed.get_absolute_url()), text(stranger, access(closed))
    for page in (gate, why):
        assert LINE in page
        assert "Buy this article" in page
        assert f'name="article" value="{closed.public_id}"' in page
        assert 'name="once" value="one USD 300"' in page
        assert closed.sentinel not in page
    assert gate.count('class="option ') + gate.count('class="option"') == 3


def test_nothing_is_offered_where_no_plan_sells_it(stranger: Client, closed: Any, sold: Plan) -> None:
    Plan.objects.filter(pk=sold.pk).update(is_offered=False)
    assert "/subscribe/buy/" not in text(stranger, closed.get_absolute_url())
    assert "/subscribe/buy/" not in text(stranger, access(closed))


@pytest.mark.parametrize("tier", ["free", "registered"])
def test_what_is_not_for_subscribers_is_not_offered(stranger: Client, closed: Any, sold: Plan, tier: str) -> None:
    other = make.article(tier=tier)
    assert LINE not in text(stranger, other.get_absolute_url())
    assert LINE not in text(stranger, access(other))
    assert LINE in text(stranger, closed.get_absolute_url())


def test_an_article_for_certain_plans_is_not_offered(stranger: Client, closed: Any, sold: Plan) -> None:
    terms = ArticleTerms.objects.create(article=closed)
    terms.plans.add(Plan.objects.get(key="annual"))
    assert LINE not in text(stranger, closed.get_absolute_url())
    assert LINE not in text(stranger, access(closed))


def test_a_subscriber_is_offered_nothing(subscriber: Client, closed: Any, sold: Plan) -> None:
    for address in (closed.get_absolute_url(), access(closed)):
        assert "/subscribe/buy/" not in text(subscriber, address)


def test_passes_and_gifts_stand_on_the_page_of_the_plans_and_not_at_the_gate(stranger: Client, closed: Any) -> None:
    for key, kind in (("day", "pass"), ("present", "gift")):
        Plan.objects.create(key=key, name=key.capitalize(), kind=kind, amount_minor=500, currency="USD", button="Buy")
    page = text(stranger, "/subscribe/")
    assert "Day: $5, paid once." in page
    assert 'href="/gift-subscription/"' in page
    assert "Present: $5" in text(stranger, "/gift-subscription/")
    gate = text(stranger, closed.get_absolute_url())
    assert "Day" not in gate
    assert "/gift-subscription/" not in gate


def test_every_stranger_is_offered_the_same_until_a_plan_changes(
    kept_pages: PageStore, stranger: Client, closed: Any, sold: Plan
) -> None:
    addresses = (closed.get_absolute_url(), access(closed))
    first = [stranger.get(address) for address in addresses]
    again = [Client().get(address) for address in addresses]
    assert [page.content for page in again] == [page.content for page in first]
    assert [page.wsgi_request.page_cache for page in again] == ["hit"] * 2
    assert all("public" in page["Cache-Control"] and not page.cookies for page in first)
    Plan.objects.filter(pk=sold.pk).update(amount_minor=400)
    assert all(LINE in text(stranger, address) for address in addresses)
    kept_pages.purge(["plans"])
    assert all("One article: $4, paid once." in text(stranger, address) for address in addresses)
