"""Gift links: what they open, for whom and until when. How they are made: test_gift_pages.py; what they tell:
test_gift_addresses.py.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from articles.models import Article, Status
from articles.page_store import PageStore
from newsroom import housekeeping
from paywall.models import ArticleTerms, GiftLink, GiftOpening, MeteredRead
from paywall.ways_in import gifts
from subscriptions.models import Grant
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BY_PEOPLE: list[dict[str, str]] = [{}, {"Sec-Fetch-Dest": "document"}]
BY_NOBODY: list[dict[str, str]] = [
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
    {"Sec-Fetch-Dest": "iframe"},
    {"Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Dest": "image"},
]


@pytest.fixture
def giver() -> User:
    return make.user("giver@example.org", name="Ada Lamplighter")


@pytest.fixture
def held(giver: User) -> Grant:
    return make.grant(giver)


@pytest.fixture
def article() -> Article:
    return make.article(section=make.section())


@pytest.fixture
def link(giver: User, held: Grant, article: Article) -> GiftLink:
    return gifts.give(giver, article, timezone.now())


def path_of(link: GiftLink) -> str:
    return f"/gift/{link.token}/"


def is_open(response: Any, article: Article) -> bool:
    return article.sentinel in response.content.decode()


def opens(client: Client, link: GiftLink, article: Article) -> bool:
    """Whether the address shows the body. Any other answer than the way to the article is a failure."""
    response = client.get(path_of(link))
    if response.status_code == 302:
        assert response["Location"] == article.get_absolute_url()
        assert response["Cache-Control"] == "private, no-store"
        return False
    assert response.status_code == 200
    return is_open(response, article)


def readers(link: GiftLink) -> int:
    link.refresh_from_db()
    assert link.openings.count() == link.readers
    return link.readers


# --- what it opens, and for whom -------------------------------------------------------------------------------------


def test_a_stranger_reads_the_whole_article_at_the_address_of_the_gift(link: GiftLink, article: Article) -> None:
    page = Client().get(path_of(link))
    assert page.status_code == 200
    assert is_open(page, article)
    text = page.content.decode()
    assert 'data-reason="gift"' in text
    assert f'<link rel="canonical" href="http://localhost:8000{article.get_absolute_url()}">' in text
    assert '<meta name="robots" content="noindex">' in text
    assert link.token not in text
    assert page["Cache-Control"] == "private, no-store"
    assert "noindex" in page["X-Robots-Tag"]
    assert page["Referrer-Policy"] == "same-origin"
    assert "Surrogate-Key" not in page


def test_nothing_of_it_is_kept_for_the_next_one(kept_pages: PageStore, link: GiftLink, article: Article) -> None:
    for _time in range(2):
        page = Client().get(path_of(link))
        assert page.wsgi_request.page_cache == "miss"
        assert is_open(page, article)
    assert not is_open(Client().get(article.get_absolute_url()), article)
    assert readers(link) == 2


def test_the_same_browser_reads_again_here_and_at_the_articles_own_address(link: GiftLink, article: Article) -> None:
    browser, other = Client(), make.article()
    for path in (path_of(link), path_of(link), article.get_absolute_url()):
        page = browser.get(path)
        assert is_open(page, article)
        assert page["Cache-Control"] == "private, no-store"
    assert readers(link) == 1
    assert other.sentinel not in browser.get(other.get_absolute_url()).content.decode()
    cookie = browser.cookies["gift"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert GiftOpening.objects.get().key.hex in cookie.value


def test_a_browser_remembers_several_gifts(giver: User, held: Grant) -> None:
    browser, given = Client(), [make.article() for _ in range(4)]
    for one in given:
        assert opens(browser, gifts.give(giver, one, timezone.now()), one)
    assert all(is_open(browser.get(one.get_absolute_url()), one) for one in given)


@pytest.mark.parametrize("headers", BY_NOBODY, ids=str)
def test_what_no_person_opened_counts_nothing_and_gets_no_body(
    headers: dict[str, str], link: GiftLink, article: Article
) -> None:
    browser = Client()
    page = browser.get(path_of(link), headers=headers)
    assert page.status_code == 200
    assert not is_open(page, article)
    assert "gift" not in browser.cookies
    assert page["Cache-Control"] == "private, no-store"
    assert readers(link) == 0


def test_head_counts_nothing_and_gives_no_cookie(link: GiftLink) -> None:
    browser = Client()
    response = browser.head(path_of(link))
    assert response.status_code == 200
    assert "gift" not in browser.cookies
    assert readers(link) == 0


@pytest.mark.parametrize("headers", BY_PEOPLE, ids=str)
def test_what_a_person_opened_counts(headers: dict[str, str], link: GiftLink, article: Article) -> None:
    assert is_open(Client().get(path_of(link), headers=headers), article)
    assert readers(link) == 1


def test_only_get_and_head_are_answered(link: GiftLink) -> None:
    for method in ("post", "put", "patch", "delete", "options"):
        assert getattr(Client(), method)(path_of(link)).status_code == 405
    assert readers(link) == 0


def test_it_takes_no_free_read_of_who_has_some(registered: Client, link: GiftLink, article: Article) -> None:
    assert opens(registered, link, article)
    assert is_open(registered.get(article.get_absolute_url()), article)
    assert not MeteredRead.objects.exists()


def test_who_may_read_anyway_uses_nothing_up(
    subscriber: Client, registered: Client, editor: Client, link: GiftLink, article: Article
) -> None:
    registered.get(article.get_absolute_url())  # by a free read
    for reader in (subscriber, registered, editor):
        page = reader.get(path_of(link))
        assert is_open(page, article)
        assert 'data-reason="gift"' not in page.content.decode()
        assert page["Cache-Control"] == "private, no-store"
    assert readers(link) == 0


def test_an_article_that_everybody_may_read_just_now_uses_nothing_up(link: GiftLink, article: Article) -> None:
    ArticleTerms.objects.create(article=article, free_until=timezone.now() + timedelta(hours=1))
    page = Client().get(path_of(link))
    assert is_open(page, article)
    assert page["Cache-Control"] == "private, no-store"
    assert readers(link) == 0


def test_it_opens_an_article_for_registered_readers_and_one_for_a_plan(giver: User) -> None:
    price = make.plan_price()
    make.subscription(giver)
    registered, planned = make.article(tier="registered"), make.article()
    ArticleTerms.objects.create(article=planned).plans.add(price.plan)
    for one in (registered, planned):
        assert opens(Client(), gifts.give(giver, one, timezone.now()), one)


def test_with_cookies_off_each_opening_counts(link: GiftLink, article: Article) -> None:
    for count in range(1, 4):
        assert opens(Client(), link, article)
        assert readers(link) == count


def test_a_changed_cookie_opens_nothing(link: GiftLink, article: Article) -> None:
    browser = Client()
    assert opens(browser, link, article)
    value = browser.cookies["gift"].value
    another = "1" if value[0] == "0" else "0"
    for spoilt in (value[:-1], another + value[1:], value.split(":")[0], "", ":", "\x00", value.swapcase()):
        browser.cookies["gift"] = spoilt
        assert not is_open(browser.get(article.get_absolute_url()), article), spoilt


# --- M05 -------------------------------------------------------------------------------------------------------------


@pytest.mark.attack("M05")
def test_of_a_thousand_fresh_browsers_as_many_read_as_the_cap_says(
    kept_pages: PageStore, link: GiftLink, article: Article
) -> None:
    opened = [opens(Client(), link, article) for _ in range(1000)]
    assert sum(opened) == gifts.MOST_READERS
    assert readers(link) == gifts.MOST_READERS


@pytest.mark.attack("M05")
def test_it_is_bound_to_its_article(link: GiftLink, article: Article) -> None:
    other, browser = make.article(), Client()
    assert opens(browser, link, article)
    url = other.get_absolute_url()
    for path in (
        f"{url}?gift={link.token}",
        f"{url}{link.token}/",
        f"/gift/{link.token}/?article={other.public_id}",
        f"/gift/{link.token}/{other.slug}/",
        url,
    ):
        for client in (browser, Client()):
            assert other.sentinel not in client.get(path, follow=True).content.decode(), path


@pytest.mark.attack("M05")
def test_it_ends_to_the_second_also_where_it_was_opened(link: GiftLink, article: Article) -> None:
    browser = Client()
    assert opens(browser, link, article)
    for offset, is_there in ((-SECOND, True), (timedelta(), False), (SECOND, False)):
        with time_machine.travel(link.expires_at + offset, tick=False):
            assert opens(Client(), link, article) is is_there
            assert opens(browser, link, article) is is_there
            assert is_open(browser.get(article.get_absolute_url()), article) is is_there
    assert link.expires_at == link.made_at + timedelta(days=14)


def revoke(link: GiftLink, held: Grant) -> None:
    assert make.logged_in(link.giver).post(f"/account/gifts/{link.pk}/revoke/").status_code == 303


def lapse(link: GiftLink, held: Grant) -> None:
    Grant.objects.filter(pk=held.pk).update(ends_at=timezone.now())


def switch_off(link: GiftLink, held: Grant) -> None:
    User.objects.filter(pk=link.giver_id).update(is_active=False)


def log_out_everywhere(link: GiftLink, held: Grant) -> None:
    here, elsewhere = make.logged_in(link.giver), make.logged_in(link.giver)
    for browser in (here, elsewhere):
        browser.get("/account/")
    assert here.post("/account/sessions/").status_code == 302
    assert elsewhere.get("/account/").status_code == 302


def set_password(link: GiftLink, held: Grant) -> None:
    words = {"password1": "a-long-quay-in-the-fog", "password2": "a-long-quay-in-the-fog"}
    assert make.logged_in(link.giver).post("/account/password/set/", words).status_code == 302


@pytest.mark.attack("M05")
@pytest.mark.parametrize(
    "end", [revoke, lapse, switch_off, log_out_everywhere, set_password], ids=lambda do: do.__name__
)
def test_it_ends_at_once_also_where_it_was_opened(end: Any, link: GiftLink, held: Grant, article: Article) -> None:
    browser = Client()
    assert opens(browser, link, article)
    end(link, held)
    assert not opens(Client(), link, article)
    assert not opens(browser, link, article)
    assert not is_open(browser.get(article.get_absolute_url()), article)
    assert readers(link) == 1


@pytest.mark.attack("M05")
def test_a_gift_ends_with_the_day_on_which_its_giver_has_nothing_left(giver: User, article: Article) -> None:
    ends_at = timezone.now() + timedelta(days=2)
    make.grant(giver, ends_at=ends_at)
    link, browser = gifts.give(giver, article, timezone.now()), Client()
    assert opens(browser, link, article)
    for offset, is_there in ((-SECOND, True), (timedelta(), False)):
        with time_machine.travel(ends_at + offset, tick=False):
            assert is_open(browser.get(article.get_absolute_url()), article) is is_there


@pytest.mark.attack("M05")
@pytest.mark.parametrize(("status", "answer"), [(Status.WITHDRAWN, 410), (Status.DRAFT, 404)])
def test_an_article_that_is_taken_back_answers_as_at_its_own_address(
    status: Status, answer: int, link: GiftLink, article: Article
) -> None:
    browser = Client()
    assert opens(browser, link, article)
    Article.objects.filter(pk=article.pk).update(status=status)
    for client in (browser, Client()):
        page = client.get(path_of(link))
        assert page.status_code == answer
        assert not is_open(page, article)
        assert article.slug not in page.content.decode()


def test_the_browsers_that_were_first_go_on_when_it_is_used_up(link: GiftLink, article: Article) -> None:
    browsers = [Client() for _ in range(gifts.MOST_READERS)]
    assert all(opens(browser, link, article) for browser in browsers)
    assert not opens(Client(), link, article)
    assert all(opens(browser, link, article) for browser in browsers)
    assert all(is_open(browser.get(article.get_absolute_url()), article) for browser in browsers)


# --- afterwards ------------------------------------------------------------------------------------------------------


def test_links_are_forgotten_half_a_year_after_their_end(link: GiftLink, article: Article) -> None:
    assert opens(Client(), link, article)
    path = path_of(link)
    for days, is_known in ((179, True), (181, False)):
        with time_machine.travel(link.expires_at + timedelta(days=days)):
            housekeeping.forget_links()
            assert GiftLink.objects.exists() is is_known
            assert Client().get(path).status_code == (302 if is_known else 404)
    assert not GiftOpening.objects.exists()


def test_with_its_giver_a_link_is_gone(link: GiftLink, article: Article, giver: User) -> None:
    browser = Client()
    assert opens(browser, link, article)
    path = path_of(link)
    giver.delete()
    assert browser.get(path).status_code == 404
    assert not is_open(browser.get(article.get_absolute_url()), article)
