"""What the pages around a subscription say: the account, the ways into and out of it."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import User
from paywall.readers import STRANGER, ReaderRequest
from subscriptions.models import AttemptState, CheckoutAttempt, Lead, Subscription
from subscriptions.selling.joining import JoinRequest, trouble
from subscriptions.selling.passes import add_pass
from subscriptions.selling.plans import offered_plans
from subscriptions.sources import Source
from tests import make

COOKIE = django_settings.PASS_COOKIE_NAME

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RENEWAL = datetime(2027, 11, 23, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def reader() -> User:
    return make.user("reader@example.org")


def words(client: Client, path: str = "/account/", *, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return html.unescape(response.content.decode())


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "renews on 23 November 2027."),
        ({"cancel_at_period_end": True}, "ends on 23 November 2027, and you are not charged again."),
        ({"cancel_at": NOON + 30 * DAY}, "ends on 23 December 2026, and you are not charged again."),
        ({"is_collection_paused": True}, "payments are paused, and you read on."),
        ({"period_end": None}, "it is active."),
        (
            {"period_end": NOON - DAY},
            "the payment of 22 November 2026 is not confirmed yet. You read on meanwhile.",
        ),
        (
            {"period_end": NOON - 9 * DAY, "overdue_since": NOON - DAY},
            "the payment of 14 November 2026 is not confirmed yet. You read on as soon as it is.",
        ),
        (
            {"status": "trialing", "trial_end": NOON + 8 * DAY, "has_been_paid": False},
            "free until 1 December 2026, when the first payment is taken.",
        ),
        (
            {"status": "trialing", "trial_end": NOON - 2 * DAY, "overdue_since": NOON - DAY},
            "the payment of 21 November 2026 is not confirmed yet. You read on as soon as it is.",
        ),
        ({"status": "trialing", "trial_end": None}, "you are trying it free of charge."),
        (
            {"status": "trialing", "trial_end": NOON + DAY, "cancel_at": NOON + DAY},
            "your trial ends on 24 November 2026, and you are not charged.",
        ),
        (
            {"status": "past_due", "past_due_since": NOON - 2 * DAY},
            "the last payment did not go through. You read on until 28 November 2026. Please update your card.",
        ),
        (
            {"status": "past_due", "past_due_since": NOON - 8 * DAY},
            "the last payment did not go through. Please update your card to read on.",
        ),
        (
            {"status": "past_due", "past_due_since": NOON - 8 * DAY, "cancel_at": NOON + DAY},
            "the last payment did not go through. Please update your card to read on. The subscription ends on",
        ),
        ({"status": "unpaid"}, "the last payment did not go through. Please update your card to read on."),
        ({"status": "paused"}, "it is paused. You read on as soon as it is resumed."),
        ({"status": "canceled", "ended_at": NOON - 3 * DAY}, "ended on 20 November 2026."),
        ({"status": "canceled"}, "it has ended."),
        (
            {"status": "frozen", "known_status": "active", "unknown_since": NOON - DAY},
            "we are finding out how it stands. You read on meanwhile.",
        ),
        (
            {"status": "frozen", "known_status": "canceled", "unknown_since": NOON - DAY},
            "we are finding out how it stands.</p>",
        ),
    ],
)
def test_the_account_page_says_what_happens_next(fields: dict[str, Any], sentence: str, reader: User) -> None:
    make.subscription(reader, **({"period_end": RENEWAL} | fields))
    text = words(make.logged_in(reader))
    assert f"<p>Annual, $89 a year: {sentence}" in text


def test_the_days_are_those_of_the_sites_own_time_zone(reader: User) -> None:
    make.subscription(reader, period_end=datetime(2027, 1, 1, 23, 30, tzinfo=UTC))
    with timezone.override("Europe/Berlin"):
        assert timezone.get_current_timezone_name() == "Europe/Berlin"
        assert "renews on 2 January 2027." in words(make.logged_in(reader))


def test_who_subscribed_at_a_former_price_reads_that_price(reader: User) -> None:
    make.subscription(reader, plan="monthly", amount_minor=550, currency="EUR")
    assert "<p>Monthly, €5.50 a month: renews on" in words(make.logged_in(reader))


def test_a_price_that_no_plan_has_is_still_shown(reader: User) -> None:
    row = make.subscription(reader)
    Subscription.objects.filter(pk=row.pk).update(plan=None, interval="")
    assert "<p>Subscription, $89: renews on" in words(make.logged_in(reader))


def offered(reader: User, row: Subscription) -> set[str]:
    """Which of the ways to change a subscription the account page offers."""
    text = words(make.logged_in(reader))
    base = f"/account/subscription/{row.pk}"
    found = {what for what in ("portal", "keep") if f'<form method="post" action="{base}/{what}/">' in text}
    return found | ({"cancel"} if f'href="{base}/cancel/"' in text else set())


@pytest.mark.parametrize(
    ("fields", "ways"),
    [
        ({}, {"portal", "cancel"}),
        ({"cancel_at_period_end": True}, {"portal", "keep"}),
        ({"cancel_at": NOON + DAY}, {"portal", "keep"}),
        ({"status": "past_due"}, {"portal", "cancel"}),
        ({"status": "trialing", "trial_end": NOON + DAY}, {"portal", "cancel"}),
        ({"status": "canceled", "cancel_at_period_end": True, "ended_at": NOON - DAY}, {"portal"}),
        ({"status": "frozen"}, {"portal"}),
    ],
)
def test_the_account_page_offers_what_can_be_done(fields: dict[str, Any], ways: set[str], reader: User) -> None:
    assert offered(reader, make.subscription(reader, **fields)) == ways


def test_nothing_is_opened_at_stripe_for_a_customer_that_was_removed_there(reader: User) -> None:
    row = make.subscription(reader, status="canceled", ended_at=NOON - DAY)
    row.customer.deleted_at = NOON
    row.customer.save()
    assert offered(reader, row) == set()


def test_the_buttons_of_the_account_page_carry_the_token_that_their_views_ask_for(reader: User) -> None:
    row = make.subscription(reader, cancel_at_period_end=True)
    text = words(make.logged_in(reader))
    form = text.partition(f'action="/account/subscription/{row.pk}/keep/"')[2].partition("</form>")[0]
    assert 'name="csrfmiddlewaretoken"' in form
    assert "Do not cancel" in form


def test_a_missed_payment_puts_the_card_first(reader: User) -> None:
    make.subscription(reader, status="past_due", past_due_since=NOON - DAY)
    assert '<button class="button button--primary" type="submit">Update your card</button>' in words(
        make.logged_in(reader)
    )


def test_two_that_go_on_are_both_shown_and_told_apart_and_an_ended_one_is_not(reader: User) -> None:
    make.subscription(reader)
    make.subscription(reader, plan="monthly")
    make.subscription(reader, status="canceled", ended_at=NOON - DAY)
    text = words(make.logged_in(reader))
    assert "Cancel subscription (Annual)" in text
    assert "Cancel subscription (Monthly)" in text
    assert "ended on" not in text


def test_of_several_that_ended_the_last_is_shown(reader: User) -> None:
    for days in (9, 2, 40):
        make.subscription(reader, status="canceled", ended_at=NOON - days * DAY)
    text = words(make.logged_in(reader))
    assert "ended on 21 November 2026." in text
    assert text.count("ended on") == 1


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired"])
def test_what_never_began_is_not_spoken_of(status: str, reader: User) -> None:
    make.subscription(reader, status=status, has_been_paid=False)
    assert "<h2>Subscription</h2>" not in words(make.logged_in(reader))


def test_who_never_had_a_subscription_and_anothers_subscription_leave_the_page_without_one(reader: User) -> None:
    make.subscription(make.user())
    assert "<h2>Subscription</h2>" not in words(make.logged_in(reader))


def test_a_subscription_of_the_other_mode_is_not_shown(reader: User, settings: Any) -> None:
    make.subscription(reader)
    assert "<h2>Subscription</h2>" in words(make.logged_in(reader))
    settings.STRIPE_LIVEMODE = True
    assert "<h2>Subscription</h2>" not in words(make.logged_in(reader))


def attempt_of(user: User | None, state: str = AttemptState.PAID, **fields: Any) -> CheckoutAttempt:
    price = make.plan_price()
    lead = Lead.objects.create(email="reader@example.org", plan=price.plan, consent_version="1")
    given = {"next_path": "/ports/story/", "session_id": f"cs_test_{next(make.numbers)}", "paid_at": NOON} | fields
    return CheckoutAttempt.objects.create(
        user=user, lead=lead, price=price, customer=make.stripe_customer(user), state=state, **given
    )


def test_a_payment_under_way_is_named_on_the_account_page(reader: User) -> None:
    attempt = attempt_of(reader, AttemptState.PROCESSING)
    text = words(make.logged_in(reader))
    assert "A payment is under way." in text
    assert f'href="/subscribe/welcome/?session_id={attempt.session_id}"' in text


def test_a_subscriber_reads_of_no_day_on_which_the_library_would_close(reader: User) -> None:
    make.subscription(reader)
    text = words(make.logged_in(reader))
    assert "<p>The whole library is open to you.</p>" in text
    assert "open to you until" not in text


def test_a_dated_grant_beside_a_subscription_names_no_day_and_alone_it_does(reader: User) -> None:
    row = make.subscription(reader)
    make.grant(reader, ends_at=NOON + 5 * DAY)
    assert "<p>The whole library is open to you.</p>" in words(make.logged_in(reader))
    Subscription.objects.filter(pk=row.pk).update(status="canceled", ended_at=NOON)
    assert "The whole library is open to you until 28 November 2026." in words(make.logged_in(reader))


def test_the_page_that_asks_before_a_cancellation_names_the_day(reader: User) -> None:
    row = make.subscription(reader, period_end=RENEWAL)
    text = words(make.logged_in(reader), f"/account/subscription/{row.pk}/cancel/")
    assert "You read everything until <strong>23 November 2027</strong>" in text
    assert "nothing more is charged" in text
    assert "csrfmiddlewaretoken" in text.partition("Cancel your subscription?")[2]
    assert "Keep it" in text


def test_an_open_payment_is_not_promised_away_by_a_cancellation(reader: User) -> None:
    row = make.subscription(reader, status="past_due", past_due_since=NOON, period_end=RENEWAL)
    text = words(make.logged_in(reader), f"/account/subscription/{row.pk}/cancel/")
    assert "ends on <strong>23 November 2027</strong>" in text
    assert "nothing more is charged" not in text


def browser_of(attempt: CheckoutAttempt) -> Client:
    """The browser in which a stranger made the attempt: nothing but its pass."""
    response = HttpResponse()
    request = RequestFactory().get("/")
    add_pass(request, response, attempt.uuid)
    client = Client()
    client.cookies[COOKIE] = response.cookies[COOKIE].value
    return client


def welcome(client: Client, attempt: CheckoutAttempt, look: str = "") -> str:
    return words(client, f"/subscribe/welcome/?session_id={attempt.session_id}" + (f"&look={look}" if look else ""))


def test_a_stranger_who_has_paid_is_thanked_and_can_ask_for_a_code() -> None:
    owner = make.user("reader@example.org")
    row = make.subscription(owner, period_end=RENEWAL)
    attempt = attempt_of(owner, subscription=row)
    text = welcome(browser_of(attempt), attempt)
    assert "You have subscribed: <strong>Annual</strong>, $89 a year." in text
    assert "renews on 23 November 2027" in text
    assert 'href="/ports/story/">Read on</a>' in text
    assert "belongs to the account of <strong>reader@example.org</strong>" in text
    form = text.partition(f'method="post" action="/subscribe/welcome/?session_id={attempt.session_id}"')[2]
    assert "Send me the code" in form
    assert "csrfmiddlewaretoken" in form.partition("</form>")[0]
    assert '<meta name="robots" content="noindex">' in text


def test_who_has_paid_in_their_own_account_is_asked_for_no_code(reader: User) -> None:
    attempt = attempt_of(reader, subscription=make.subscription(reader, cancel_at=RENEWAL))
    text = welcome(make.logged_in(reader), attempt)
    assert "It ends on 23 November 2027." in text
    assert "Send me the code" not in text


def test_an_old_welcome_address_promises_nothing_of_a_subscription_that_has_ended(reader: User) -> None:
    row = make.subscription(reader, status="canceled", ended_at=NOON - DAY, cancel_at_period_end=True)
    text = welcome(make.logged_in(reader), attempt_of(reader, subscription=row))
    assert "It ended on 22 November 2026." in text
    assert "renews" not in text
    assert "It ends" not in text


def test_who_is_logged_in_with_another_address_is_told_so_and_not_offered_a_code() -> None:
    attempt = attempt_of(None, subscription=make.subscription(None))
    client = make.logged_in(make.user("other@example.org"))
    client.cookies[COOKIE] = browser_of(attempt).cookies[COOKIE].value
    text = welcome(client, attempt)
    assert "You are logged in with another address." in text
    assert "Send me the code" not in text


def test_a_payment_that_is_not_confirmed_is_looked_at_again_by_the_page_itself() -> None:
    attempt = attempt_of(None, AttemptState.OPEN, session_url="https://pay.example.org/c/1")
    CheckoutAttempt.objects.filter(pk=attempt.pk).update(customer=None)
    client = browser_of(attempt)
    text = welcome(client, attempt, "3")
    address = f"/subscribe/welcome/?session_id={attempt.session_id}"
    assert f'data-look-again="{address}&look=4" data-wait="10"' in text
    assert "js/look-again" in text
    assert f'href="{address}">Look again</a>' in text
    assert 'href="https://pay.example.org/c/1"' in text
    CheckoutAttempt.objects.filter(pk=attempt.pk).update(state=AttemptState.PROCESSING)
    assert "pay.example.org" not in welcome(client, attempt)


def test_after_some_minutes_the_page_stops_asking_and_promises_a_mail() -> None:
    attempt = attempt_of(None, AttemptState.PROCESSING)
    CheckoutAttempt.objects.filter(pk=attempt.pk).update(customer=None)
    text = welcome(browser_of(attempt), attempt, "40")
    assert "look-again" not in text
    assert "you get a mail at <strong>reader@example.org</strong>" in text


@pytest.mark.parametrize(
    ("state", "heading"),
    [(AttemptState.EXPIRED, "The payment page has closed"), (AttemptState.FAILED, "The payment did not go through")],
)
def test_who_has_not_paid_is_told_that_nothing_was_charged_and_led_back(state: str, heading: str) -> None:
    attempt = attempt_of(None, state)
    text = welcome(browser_of(attempt), attempt)
    assert heading in text
    assert "othing was charged" in text
    assert 'href="/ports/story/">Try again</a>' in text


@pytest.mark.parametrize(
    ("kind", "sentence", "can_retry"),
    [
        ("not_open", "Payments are not open on this site.", False),
        ("refused", "somebody here has been told. Nothing was charged.", False),
        ("away", "Nothing was charged. We have kept your address, <strong>reader@example.org</strong>", True),
    ],
)
def test_trouble_on_the_way_to_the_payment_page_is_told_in_words(kind: str, sentence: str, can_retry: bool) -> None:
    request = ReaderRequest()
    request.user = AnonymousUser()
    request.reader = STRANGER
    (option,) = (each for each in offered_plans() if each.key == "annual")
    join = JoinRequest("reader@example.org", make.plans()["annual"], "/ports/story/", Source.DIRECT, option)
    response = trouble(request, join, kind, status=503 if kind == "away" else 200)
    text = response.content.decode()
    assert sentence in text
    assert 'href="/ports/story/">Choose the free option</a>' in text
    assert 'href="/ports/story/">Back to where you were</a>' in text
    fields = ['name="email" value="reader@example.org"', 'name="next" value="/ports/story/"']
    retry = [*fields, 'name="plan" value="annual">Try again']
    assert [part in text for part in retry] == [can_retry] * 3


def test_a_reader_with_nothing_but_a_pass_reads_the_article_and_is_asked_to_log_in_at_the_top() -> None:
    story = make.article()
    attempt = attempt_of(None, subscription=make.subscription(None))
    text = words(browser_of(attempt), story.get_absolute_url())
    assert vars(story)["sentinel"] in text
    assert "Log in" in text
    assert 'class="gate' not in text
    assert vars(story)["sentinel"] not in words(Client(), story.get_absolute_url())
