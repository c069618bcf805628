"""The links in our mails: one article, one reader, a few browsers, for a week, and only while the account holds it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core import mail
from django.core.signing import Signer
from django.test import Client
from django.utils import timezone

from accounts.models import User
from articles.models import Article, Status
from articles.page_store import PageStore
from newsletters.stopping import signer as stop_signer
from newsroom import housekeeping
from paywall.models import ArticleTerms, MailPass, MeteredRead
from paywall.ways_in import gifts, mail_links
from subscriptions.models import Grant
from tests import make
from tests.newsletters.test_daily_mail import EVENING, MORNING, clock, follower, go_round
from tests.paywall.test_gifts import BY_NOBODY, is_open, log_out_everywhere, set_password, switch_off

__all__ = ["clock"]

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def new_browser() -> Client:
    return Client(headers={"Sec-Fetch-Dest": "document"})


@pytest.fixture
def reader(at_noon: None) -> User:
    return make.user("reader@example.org", name="Ada Lamplighter")


@pytest.fixture
def held(reader: User) -> Grant:
    return make.grant(reader)


@pytest.fixture
def article(at_noon: None) -> Article:
    return make.article(section=make.section())


@pytest.fixture
def path(reader: User, held: Grant, article: Article) -> str:
    return paths_for(reader, article)[0]


def paths_for(reader: User, *articles: Article) -> list[str]:
    urls = mail_links.urls_for(reader.pk, articles, timezone.now())
    return [urlsplit(urls[article.pk]).path for article in articles]


def counted() -> tuple[int, int]:
    letter = MailPass.objects.get()
    return letter.browsers, letter.unnamed


def leads_on(response: Any, article: Article) -> bool:
    """Whether it leads to the article's own address, and by nothing that is kept."""
    is_there = bool(response.status_code == 302 and response["Location"] == article.get_absolute_url())
    return is_there and response["Cache-Control"] == "private, no-store"


# --- what it opens ---------------------------------------------------------------------------------------------------


def test_it_opens_the_article_without_a_login_and_logs_nobody_in(path: str, article: Article) -> None:
    browser = Client()
    page = browser.get(path)
    assert is_open(page, article)
    text = page.content.decode()
    assert 'data-reason="mail_link"' in text
    assert '<meta name="robots" content="noindex">' in text
    assert page["Cache-Control"] == "private, no-store"
    assert "noindex" in page["X-Robots-Tag"]
    assert page["Referrer-Policy"] == "same-origin"
    assert set(browser.cookies) == {"gift"}
    assert browser.get("/account/").status_code == 302
    for told in ("reader@example.org", "Lamplighter", path.split("/")[2]):
        assert told not in text
    assert MailPass.objects.get().key.hex in path


def test_the_same_browser_reads_again_and_other_letters_too(path: str, reader: User, article: Article) -> None:
    browser, other = new_browser(), make.article()
    for _time in range(3):
        assert is_open(browser.get(path), article)
    assert counted() == (1, 0)
    assert other.sentinel in browser.get(paths_for(reader, other)[0]).content.decode()
    assert is_open(browser.get(path), article)


def test_nothing_of_it_is_kept_for_the_next_one(kept_pages: PageStore, path: str, article: Article) -> None:
    assert is_open(Client().get(path), article)
    page = Client().get(path)
    assert page.wsgi_request.page_cache == "miss"
    assert not is_open(Client().get(article.get_absolute_url()), article)


def test_who_may_read_anyway_is_led_to_the_article(path: str, subscriber: Client, article: Article) -> None:
    assert leads_on(subscriber.get(path), article)
    assert counted() == (0, 0)


def test_it_spends_no_free_read(path: str, registered: Client, article: Article) -> None:
    assert is_open(registered.get(path), article)
    assert not MeteredRead.objects.exists()


@pytest.mark.parametrize("headers", BY_NOBODY, ids=str)
def test_what_no_person_opened_counts_nothing_and_gets_no_body(
    headers: dict[str, str], path: str, article: Article
) -> None:
    browser = Client()
    page = browser.get(path, headers=headers)
    assert page.status_code == 200
    assert not is_open(page, article)
    assert browser.head(path).status_code == 200
    assert not browser.cookies
    assert counted() == (0, 0)


# --- what it does not open -------------------------------------------------------------------------------------------


@pytest.mark.attack("L32")
def test_a_forwarded_mail_opens_in_three_browsers_at_most(path: str, article: Article) -> None:
    first = new_browser()
    opened = [is_open(first.get(path), article), *(is_open(new_browser().get(path), article) for _ in range(2))]
    assert all(opened)
    assert all(leads_on(new_browser().get(path), article) for _ in range(5))
    assert is_open(first.get(path), article)


@pytest.mark.attack("L32")
def test_scanners_take_no_place_of_a_browser_and_are_bounded_themselves(path: str, article: Article) -> None:
    by_scanners = [is_open(Client().get(path), article) for _ in range(25)]
    assert by_scanners == [True] * 20 + [False] * 5
    assert counted() == (0, 20)
    by_browsers = [is_open(new_browser().get(path), article) for _ in range(4)]
    assert by_browsers == [True] * 3 + [False]
    assert counted() == (3, 20)


def test_browsers_take_no_place_of_those_that_do_not_name_themselves(path: str, article: Article) -> None:
    old = Client()
    for _browser in range(4):
        new_browser().get(path)
    assert is_open(old.get(path), article)
    assert is_open(old.get(path), article)
    assert counted() == (3, 1)


@pytest.mark.attack("L32")
def test_it_opens_no_other_article_and_not_the_articles_own_address(path: str, reader: User, article: Article) -> None:
    browser, other = Client(), make.article()
    assert is_open(browser.get(path), article)
    token = path.split("/")[2]
    key, _number, signature = token.split(".")
    for tried in (
        f"/mail/{key}.{other.pk}.{signature}/",
        f"{path}?article={other.public_id}",
        f"{other.get_absolute_url()}?token={token}",
        other.get_absolute_url(),
    ):
        assert other.sentinel not in browser.get(tried).content.decode(), tried
    assert not is_open(browser.get(article.get_absolute_url()), article)


@pytest.mark.attack("L32")
def test_what_is_changed_cut_off_or_signed_for_something_else_is_unknown(path: str, article: Article) -> None:
    token = path.split("/")[2]
    key, number, signature = token.split(".")
    for tried in (
        token[:-1],
        token.upper(),
        f"{key}.{number}",
        f"{key}.{number}.",
        f"{'0' * 32}.{number}.{signature}",
        Signer(sep=".", salt="other").sign(f"{key}.{number}"),
        stop_signer("daily").sign(f"{key}.{number}"),
        "1",
    ):
        assert Client().get(f"/mail/{tried}/").status_code == 404, tried
    assert Client().get(path.replace("/mail/", "/account/mail/stop/")).status_code == 404


def test_guesses_are_limited_by_network(path: str) -> None:
    assert [Client().get("/mail/x.1.y/").status_code for _ in range(61)] == [404] * 60 + [429]
    assert Client().get(path).status_code == 200


@pytest.mark.attack("L32")
def test_it_ends_to_the_second_and_leads_to_the_article_for_good(path: str, article: Article) -> None:
    browser = Client()
    assert is_open(browser.get(path), article)
    end = MailPass.objects.get().expires_at
    for offset, is_there in ((-SECOND, True), (timedelta(), False), (timedelta(days=400), False)):
        with time_machine.travel(end + offset, tick=False):
            housekeeping.forget_links()
            answer = browser.get(path)
            assert is_open(answer, article) is is_there
            assert leads_on(answer, article) is not is_there
    assert not MailPass.objects.exists()


def lapse(reader: User) -> None:
    Grant.objects.update(ends_at=timezone.now())


def by_link(do: Any) -> Any:
    """Those of the gifts' tests know the account by a link."""

    def ended(reader: User) -> None:
        do(type("Given", (), {"giver": reader, "giver_id": reader.pk}), None)

    ended.__name__ = do.__name__
    return ended


@pytest.mark.attack("L32")
@pytest.mark.parametrize(
    "end", [lapse, by_link(switch_off), by_link(log_out_everywhere), by_link(set_password)], ids=lambda do: do.__name__
)
def test_it_opens_only_while_the_account_does(end: Any, path: str, reader: User, article: Article) -> None:
    browser = Client()
    assert is_open(browser.get(path), article)
    end(reader)
    assert leads_on(browser.get(path), article)
    assert leads_on(Client().get(path), article)


@pytest.mark.attack("L32")
def test_being_staff_having_free_reads_or_a_gift_opens_no_link(reader: User, held: Grant, article: Article) -> None:
    path = paths_for(reader, article)[0]
    Grant.objects.update(ends_at=timezone.now())
    User.objects.filter(pk=reader.pk).update(is_staff=True, is_superuser=True)
    own = make.logged_in(User.objects.get(pk=reader.pk))
    assert is_open(own.get(article.get_absolute_url()), article)
    assert leads_on(Client().get(path), article)


@pytest.mark.parametrize(("status", "answer"), [(Status.WITHDRAWN, 410), (Status.DRAFT, 404)])
def test_an_article_that_is_taken_back_answers_as_at_its_own_address(
    status: Status, answer: int, path: str, article: Article
) -> None:
    Article.objects.filter(pk=article.pk).update(status=status)
    page = Client().get(path)
    assert page.status_code == answer
    assert not is_open(page, article)


def test_an_article_for_another_plan_has_no_link(reader: User, at_noon: None) -> None:
    make.subscription(reader, plan="annual")
    planned, plain = make.article(), make.article()
    ArticleTerms.objects.create(article=planned).plans.add(make.plan_price("monthly").plan)
    assert set(mail_links.urls_for(reader.pk, [planned, plain], timezone.now())) == {plain.pk}


# --- in the daily mail -----------------------------------------------------------------------------------------------


def links_in(message: Any) -> list[str]:
    return re.findall(r"http://localhost:8000(/(?:mail|articles)/[^\s\"]+)", str(message.body))


@pytest.mark.attack("L33")
def test_the_daily_mail_has_them_for_who_holds_the_library_alone(clock: time_machine.Traveller) -> None:
    ilse = make.author()
    subscriber, free = follower(ilse), follower(ilse)
    make.grant(subscriber)
    premium = make.article(authors=[ilse], published_at=EVENING)
    open_to_all = make.article(authors=[ilse], tier="free", published_at=EVENING - SECOND)
    clock.move_to(MORNING)
    go_round()
    sent = {message.to[0]: message for message in mail.outbox}
    own, shared = links_in(sent[subscriber.email])
    assert own.startswith("/mail/")
    assert shared == open_to_all.get_absolute_url()
    assert links_in(sent[free.email]) == [premium.get_absolute_url(), open_to_all.get_absolute_url()]
    assert "without a login for 7 days" in str(sent[subscriber.email].body)
    assert "without a login" not in str(sent[free.email].body).split("Stop this")[0]
    assert is_open(Client().get(own), premium)
    assert MailPass.objects.get().user == subscriber
    assert all(premium.sentinel not in str(message.message()) for message in sent.values())


def test_gifts_and_letters_in_one_browser_do_not_push_each_other_out(path: str, reader: User, article: Article) -> None:
    browser, given = new_browser(), make.article()
    link = gifts.give(reader, given, timezone.now())
    assert browser.get(f"/gift/{link.token}/").status_code == 200
    assert is_open(browser.get(path), article)
    assert given.sentinel in browser.get(given.get_absolute_url()).content.decode()
    assert is_open(browser.get(path), article)
    assert counted() == (1, 0)


def test_a_pass_lasts_a_week(path: str) -> None:
    assert MailPass.objects.get().expires_at - timezone.now() > timedelta(days=6, hours=23)
    assert datetime.now(UTC) + timedelta(days=7) >= MailPass.objects.get().expires_at
