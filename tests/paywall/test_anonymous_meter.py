"""Free articles of strangers: off by default, spent by a button, counted in the database and named by a cookie."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client, override_settings

from articles.models import Article, CachePurge
from articles.page_store import PageStore
from newsroom.housekeeping import forget_reads
from paywall import cookies
from paywall.models import AnonymousMeter, AnonymousRead, ArticleTerms, Meter, MeteredRead
from subscriptions.models import Plan
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

READ = "/access/read/"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(autouse=True)
def two_for_strangers(db: None) -> None:
    Meter.objects.create(anonymous_allowance=2)


def press(client: Client, article: Article, **headers: str) -> HttpResponse:
    """The button of the article's gate."""
    return client.post(READ, {"article": str(article.public_id)}, headers=headers or OWN_PAGE)


def page_of(client: Client, article: Article) -> str:
    return client.get(article.get_absolute_url()).content.decode()


def opens(client: Client, article: Article) -> bool:
    """Whether the article opens for who presses the button, if the gate has it."""
    if f'action="{READ}"' in page_of(client, article):
        press(client, article)
    return article.sentinel in page_of(client, article)


def new_articles(number: int) -> list[Article]:
    return [make.article(published_at=datetime(2026, 1, 1, tzinfo=UTC)) for _ in range(number)]


def signed(value: str, name: str = cookies.METER) -> str:
    response = HttpResponse()
    response.set_signed_cookie(name, value, salt=cookies.salt_of(name))
    return response.cookies[name].value


def test_without_publishers_wish_there_is_neither_button_nor_read(stranger: Client) -> None:
    Meter.objects.update(anonymous_allowance=0)
    article = make.article()
    assert READ not in page_of(stranger, article)
    assert press(stranger, article).status_code == 303
    assert article.sentinel not in page_of(stranger, article)
    assert not AnonymousMeter.objects.exists()
    assert cookies.METER not in stranger.cookies


def test_a_stranger_opens_as_many_articles_as_publishers_allow(stranger: Client) -> None:
    first, second, third = new_articles(3)
    assert [opens(stranger, article) for article in (first, second, third, first)] == [True, True, False, True]
    page = page_of(stranger, third)
    assert "You have read your 2 free articles this month. The next ones come on 1 December." in page
    assert f'action="{READ}"' not in page
    press(stranger, third)
    assert third.sentinel not in page_of(stranger, third)
    assert "0 of 2 free articles left this month, renews on 1 December." in page_of(stranger, first)


def test_the_button_leads_back_to_the_article_and_never_holds_the_body(stranger: Client) -> None:
    article = make.article()
    answer = press(stranger, article)
    assert (answer.status_code, answer["Location"]) == (303, f"{article.get_absolute_url()}#continue")
    assert article.sentinel not in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    page = stranger.get(article.get_absolute_url())
    assert article.sentinel in page.content.decode()
    assert page["Cache-Control"] == "private, no-store"
    assert page.cookies == {}


def test_the_cookie_is_signed_out_of_reach_of_scripts_and_names_a_row(stranger: Client) -> None:
    press(stranger, make.article())
    morsel = stranger.cookies[cookies.METER]
    assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Lax", "/")
    assert UUID(morsel.value.partition(":")[0]) == AnonymousMeter.objects.get().pk
    fields = {field.name for model in (AnonymousMeter, AnonymousRead) for field in model._meta.get_fields()}
    assert fields == {"id", "period", "renews_on", "reads", "meter", "article"}  # no address, no mark of the browser


def test_the_page_for_strangers_is_kept_and_is_the_withheld_one(stranger: Client, kept_pages: PageStore) -> None:
    article = make.article()
    other = Client()
    for client in (stranger, Client()):
        page = client.get(article.get_absolute_url())
        assert page["Cache-Control"].startswith("public")
        assert article.sentinel not in page.content.decode()
        assert 'data-reason="read_available"' in page.content.decode()
        assert "Read this article (2 of 2 left)" in page.content.decode()
        assert page.cookies == {}
        press(other, article)
    assert article.sentinel in page_of(other, article)
    assert article.sentinel not in page_of(Client(), article)


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Dest": "document"}, {"Sec-Purpose": "prefetch"}])
def test_to_look_spends_nothing(stranger: Client, headers: dict[str, str]) -> None:
    article = make.article()
    press(stranger, make.article())
    for method in (stranger.get, stranger.head):
        method(article.get_absolute_url(), {"read": "now"}, headers=headers)
        assert method(READ).status_code == 405
    assert AnonymousRead.objects.count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Referer": "http://testserver/"},
    ],
)
def test_a_form_from_elsewhere_spends_nothing(stranger: Client, headers: dict[str, str]) -> None:
    assert press(stranger, make.article(), **headers).status_code == 403
    assert not AnonymousMeter.objects.exists()


@pytest.mark.parametrize("name", ["", "no-article", "\0", "6b1f4d0e-7d0c-4a53-9c53-2f3b7f0f7f11", "1"])
def test_an_article_that_is_none_answers_404(stranger: Client, name: str) -> None:
    assert stranger.post(READ, {"article": name}, headers=OWN_PAGE).status_code == 404


@pytest.mark.parametrize("status", ["draft", "withdrawn"])
def test_what_is_not_out_cannot_be_read(stranger: Client, status: str) -> None:
    assert press(stranger, make.article(status=status)).status_code == 404


@pytest.mark.parametrize("tier", ["free", "registered"])
def test_nothing_is_spent_on_what_asks_for_no_read(stranger: Client, tier: str) -> None:
    assert press(stranger, make.article(tier=tier)).status_code == 303
    assert not AnonymousMeter.objects.exists()


def test_an_article_for_the_subscribers_of_a_plan_takes_no_read(stranger: Client) -> None:
    article = make.article()
    ArticleTerms.objects.create(article=article).plans.set(Plan.objects.filter(key="annual"))
    assert not opens(stranger, article)
    press(stranger, article)
    assert not AnonymousMeter.objects.exists()


# --- The cookie -------------------------------------------------------------------------------------------------------


@pytest.mark.attack("M02")
@pytest.mark.parametrize("kind", ["truncated", "changed", "unsigned", "foreign", "other cookie", "no name", "empty"])
def test_a_cookie_that_is_not_ours_opens_nothing_and_spends_on_nobodys_meter(stranger: Client, kind: str) -> None:
    article, other = new_articles(2)
    press(stranger, article)
    whole = stranger.cookies[cookies.METER].value
    name = AnonymousMeter.objects.get().pk.hex
    with override_settings(SECRET_KEY="another secret of another site, which is long enough"):
        foreign = signed(name)
    value = {
        "truncated": whole[:-1],
        "changed": uuid4().hex + whole[32:],
        "unsigned": name,
        "foreign": foreign,
        "other cookie": signed(name, cookies.GIFT),
        "no name": signed("2 left"),
        "empty": "",
    }[kind]
    forger = Client()
    forger.cookies[cookies.METER] = value
    answer = forger.get(article.get_absolute_url())
    assert answer.status_code == 200
    assert article.sentinel not in answer.content.decode()
    press(forger, other)
    assert AnonymousRead.objects.get(article=other).meter_id.hex != name


@pytest.mark.attack("M02")
def test_an_older_copy_of_the_cookie_brings_no_read_back(stranger: Client) -> None:
    first, second, third = new_articles(3)
    opens(stranger, first)
    older = stranger.cookies[cookies.METER].value
    opens(stranger, second)
    replay = Client()
    replay.cookies[cookies.METER] = older
    assert [opens(replay, article) for article in (first, second, third)] == [True, True, False]


@pytest.mark.attack("M02")
def test_a_name_that_we_signed_for_nobody_opens_nothing(stranger: Client) -> None:
    article = make.article()
    stranger.cookies[cookies.METER] = signed(uuid4().hex)
    assert article.sentinel not in page_of(stranger, article)
    press(stranger, article)
    assert AnonymousRead.objects.get().meter == AnonymousMeter.objects.get()
    assert signed(AnonymousMeter.objects.get().pk.hex).startswith(stranger.cookies[cookies.METER].value[:32])


@pytest.mark.attack("M01")
def test_whoever_removes_the_cookie_begins_anew_but_a_network_only_so_often(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "anonymous_meter": "3/d/ip"}
    articles = new_articles(4)
    assert [opens(Client(), article) for article in articles] == [True, True, True, False]
    refused = press(Client(), articles[3])
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    page = refused.content.decode()
    assert "Give your e-mail address to get free articles of your own." in page
    assert f'href="{articles[3].get_absolute_url()}#continue"' in page
    elsewhere = Client(REMOTE_ADDR="198.51.100.9")
    assert opens(elsewhere, articles[3])


@pytest.mark.attack("M01")
def test_the_limit_of_a_network_takes_no_read_from_who_has_a_cookie(settings: Any, stranger: Client) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "anonymous_meter": "1/d/ip"}
    first, second = new_articles(2)
    assert opens(stranger, first)
    assert not opens(Client(), first)
    assert opens(stranger, second)


@pytest.mark.attack("M01")
def test_a_fresh_browser_opens_nothing_of_a_hard_gate(stranger: Client) -> None:
    Meter.objects.update(anonymous_allowance=0)
    assert not any(opens(Client(), article) for article in new_articles(3))


# --- Time -------------------------------------------------------------------------------------------------------------


def test_a_meter_ends_with_its_period_and_with_it_what_it_opened(stranger: Client) -> None:
    first, second = new_articles(2)
    with time_machine.travel(datetime(2026, 11, 30, 23, 59, tzinfo=UTC), tick=False):
        assert opens(stranger, first)
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        assert first.sentinel not in page_of(stranger, first)
        assert opens(stranger, second)
        assert AnonymousMeter.objects.count() == 2


def test_in_a_rolling_period_a_strangers_reads_come_back_together(stranger: Client) -> None:
    Meter.objects.update(period_kind="rolling", days=7)
    first, second, third = new_articles(3)
    for day, article, is_open in ((1, first, True), (6, second, True), (7, third, False), (8, third, True)):
        with time_machine.travel(datetime(2026, 11, day, 12, tzinfo=UTC), tick=False):
            assert opens(stranger, article) is is_open, day


def test_meters_are_forgotten_after_their_period(stranger: Client) -> None:
    assert opens(stranger, make.article())
    forget_reads()
    assert AnonymousRead.objects.count() == 1
    with time_machine.travel(datetime(2026, 12, 1, 1, tzinfo=UTC), tick=False):
        forget_reads()
    assert not AnonymousMeter.objects.exists()
    assert not AnonymousRead.objects.exists()


def test_what_was_opened_stays_open_when_publishers_end_the_offer(stranger: Client) -> None:
    first, second = new_articles(2)
    assert opens(stranger, first)
    Meter.objects.update(anonymous_allowance=0)
    assert opens(stranger, first)
    assert not opens(stranger, second)


# --- With an account --------------------------------------------------------------------------------------------------


def test_who_registers_keeps_all_reads_of_the_account_and_what_the_browser_has_opened(
    settings: Any, stranger: Client
) -> None:
    settings.MONTHLY_ALLOWANCE = 1
    before, own, third = new_articles(3)
    assert opens(stranger, before)
    stranger.force_login(make.user())
    assert before.sentinel in page_of(stranger, before)
    assert not MeteredRead.objects.exists()
    assert own.sentinel in page_of(stranger, own)
    assert third.sentinel not in page_of(stranger, third)
    assert before.sentinel in page_of(stranger, before)
    assert [read.article for read in MeteredRead.objects.all()] == [own]


def test_who_is_logged_in_spends_reads_of_the_account_alone(settings: Any, stranger: Client) -> None:
    settings.MONTHLY_ALLOWANCE = 0
    first, second = new_articles(2)
    assert opens(stranger, first)
    stranger.force_login(make.user())
    assert READ not in page_of(stranger, second)
    press(stranger, second)
    assert second.sentinel not in page_of(stranger, second)
    assert AnonymousRead.objects.count() == 1


def test_a_subscriber_who_logged_out_spends_as_a_stranger_and_one_who_is_logged_in_never(subscriber: Client) -> None:
    article = make.article()
    press(subscriber, article)
    assert article.sentinel in page_of(subscriber, article)
    assert not AnonymousMeter.objects.exists()


def test_staff_who_read_as_a_stranger_spend_nothing(editor: Client) -> None:
    article = make.article()
    editor.post("/admin/read-as/", {"chosen": "stranger"})
    page = page_of(editor, article)
    assert "Read this article (2 of 2 left)" in page
    assert press(editor, article).status_code == 403
    assert not AnonymousMeter.objects.exists()


def test_the_meter_is_set_on_one_page_of_admin() -> None:
    Meter.objects.all().delete()
    client = make.logged_in(make.User.objects.create_superuser("boss@example.org"))
    page = client.get("/admin/paywall/meter/", follow=True)
    assert page.status_code == 200
    address = page.request["PATH_INFO"]
    form = {"period_kind": "rolling", "days": "0", "anonymous_allowance": "99"}
    opened_as = page.context["adminform"].form.initial["opened_as"]
    refused = client.post(address, {**form, "opened_as": opened_as})
    assert refused.context["adminform"].form.errors.keys() == {"days", "anonymous_allowance"}
    client.post(address, {**form, "days": "14", "anonymous_allowance": "3", "opened_as": opened_as})
    meter = Meter.objects.get()
    assert (meter.pk, meter.period_kind, meter.days, meter.anonymous_allowance) == (1, "rolling", 14, 3)
    assert client.get("/admin/paywall/meter/add/").status_code == 403
    assert client.post(f"/admin/paywall/meter/{meter.pk}/delete/", {"post": "yes"}).status_code == 403


def test_another_setting_of_the_meter_purges_every_page() -> None:
    CachePurge.objects.all().delete()
    Meter.objects.update(anonymous_allowance=3)
    assert [purge.keys for purge in CachePurge.objects.all()] == ["access"]
    Meter.objects.all().delete()
    assert [purge.keys for purge in CachePurge.objects.order_by("pk")] == ["access", "access"]
