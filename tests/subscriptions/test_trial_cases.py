"""Trials: cases 55 and 57 to 60 of the billing specification, over HTTP, and what the option says of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import User
from subscriptions.account.sentences import price_label
from subscriptions.models import AttemptState, CheckoutAttempt, Invoice, OutgoingMail, Plan, Subscription, TrialUse
from subscriptions.selling.trials import address_mark
from subscriptions.sync import sync_customer
from tests import make
from tests.shop import Shop
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


@pytest.fixture
def trial() -> Plan:
    plan = Plan.objects.get(key="monthly")
    plan.trial_days = 7
    plan.save()
    return plan


def begin(shop: Shop, client: Client, email: str = "", card: str = "succeeds") -> Subscription:
    attempt = shop.checkout(client, email, "monthly")
    shop.pay(attempt, card=card)
    shop.settle()
    attempt.refresh_from_db()
    assert attempt.subscription is not None
    return attempt.subscription


def money_mails() -> list[str]:
    return [row.dedupe_key for row in OutgoingMail.objects.all() if row.dedupe_key.startswith("receipt:")]


def end_trial(shop: Shop, subscription: Subscription) -> Subscription:
    shop.sandbox.advance(days=8)
    shop.settle()
    subscription.refresh_from_db()
    return subscription


def test_the_option_says_for_how_long_how_much_then_and_until_when(trial: Plan, stranger: Client) -> None:
    text = stranger.get("/subscribe/").content.decode()
    assert "7 days free, then $9 a month until you cancel." in text
    assert "Nothing is charged for 7 days; who cancels until then pays nothing." in text
    assert "$9 today and every month" not in text
    Plan.objects.update(trial_days=0)
    text = stranger.get("/subscribe/").content.decode()
    assert "days free" not in text
    assert "$9 today and every month" in text


@pytest.mark.case(55)
def test_a_trial_reads_at_once_and_brings_no_mail_about_a_payment(shop: Shop, trial: Plan, article: Any) -> None:
    browser = Client()
    subscription = begin(shop, browser, ADDRESS)
    assert (subscription.status, subscription.has_been_paid) == ("trialing", False)
    assert reads(browser, article)
    assert Invoice.objects.get().total_minor == 0
    assert money_mails() == []
    use = TrialUse.objects.get()
    assert use.user == User.objects.get(email=ADDRESS)
    assert (use.address_mark, use.refused_at) == (address_mark(ADDRESS), None)
    assert use.fingerprint


@pytest.mark.case(57)
def test_a_trial_becomes_paid(shop: Shop, trial: Plan, article: Any) -> None:
    browser = Client()
    subscription = end_trial(shop, begin(shop, browser, ADDRESS))
    assert (subscription.status, subscription.has_been_paid) == ("active", True)
    assert reads(browser, article)
    assert len(money_mails()) == 1


@pytest.mark.case(58)
@pytest.mark.parametrize(("grace", "is_open"), [(0, False), (3, True)])
def test_who_never_paid_has_the_grace_of_a_first_payment(
    shop: Shop, trial: Plan, article: Any, settings: Any, grace: int, is_open: bool
) -> None:
    settings.FIRST_PAYMENT_GRACE = grace
    browser = make.logged_in(make.user(ADDRESS))
    subscription = begin(shop, browser, card="fails_at_renewal")
    assert reads(browser, article)
    subscription = end_trial(shop, subscription)
    assert (subscription.status, subscription.has_been_paid) == ("past_due", False)
    assert reads(browser, article) is is_open


@pytest.mark.case(59)
def test_a_trial_without_a_card_ends_in_nothing(shop: Shop, trial: Plan, article: Any) -> None:
    Plan.objects.update(trial_needs_card=False)
    browser = make.logged_in(make.user(ADDRESS))
    attempt = shop.checkout(browser, plan="monthly")
    assert not shop.sandbox.asks_for_card(attempt.session_id or "")
    shop.pay(attempt)
    shop.settle()
    assert reads(browser, article)
    subscription = end_trial(shop, Subscription.objects.get())
    assert subscription.status == "canceled"
    assert not reads(browser, article)
    assert money_mails() == []
    assert shop.sandbox.objects("charge") == []


@pytest.mark.parametrize(
    ("needs_card", "said", "unsaid"),
    [
        (True, "Then it costs $9 a month, and you can cancel at any time before.", "unless you add a card"),
        (False, "Then it ends, unless you add a card; with one it goes on for $9 a month.", "Then it costs"),
    ],
)
def test_the_welcome_page_says_how_the_trial_ends_with_a_card_and_without(
    shop: Shop, trial: Plan, needs_card: bool, said: str, unsaid: str
) -> None:
    Plan.objects.update(trial_needs_card=needs_card)
    browser = make.logged_in(make.user(ADDRESS))
    attempt = shop.checkout(browser, plan="monthly")
    shop.pay(attempt)
    shop.settle()
    text = shop.welcome(browser, attempt).content.decode()
    trial_end = Subscription.objects.get().trial_end
    assert trial_end is not None
    assert f"It is free of charge until {timezone.localtime(trial_end):%-d %B %Y}. {said}" in text
    assert unsaid not in text


@pytest.mark.case(60)
@pytest.mark.parametrize("known_by", ["account", "address"])
def test_who_has_had_a_trial_is_offered_none(shop: Shop, trial: Plan, known_by: str) -> None:
    user = make.user(ADDRESS)
    begin(shop, make.logged_in(user))
    TrialUse.objects.update(**({"address_mark": "other"} if known_by == "account" else {"user": None}))
    shop.end_now(Subscription.objects.get())
    again = make.logged_in(user)
    page = again.get("/subscribe/")
    text = page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert "Without a free trial, since you have had one." in text
    assert "days free" not in text
    attempt = shop.checkout(again, plan="monthly")
    assert attempt.trial_days == 0
    shop.pay(attempt)
    shop.settle()
    assert Subscription.objects.get(stripe_id__in=[attempt_of(attempt).stripe_id]).status == "active"
    assert "7 days free" in Client().get("/subscribe/").content.decode()


def attempt_of(attempt: CheckoutAttempt) -> Subscription:
    attempt.refresh_from_db()
    assert attempt.subscription is not None
    return attempt.subscription


@pytest.mark.case(60)
@pytest.mark.parametrize(
    ("email", "card"),
    [("other@example.org", "succeeds"), ("new+2@example.org", "other"), (ADDRESS, "other")],
    ids=["the card", "the mailbox", "the address"],
)
def test_a_second_trial_that_only_stripe_tells_of_is_ended_with_nothing_charged(
    shop: Shop, trial: Plan, article: Any, email: str, card: str
) -> None:
    begin(shop, Client(), ADDRESS)
    browser = Client()
    second = begin(shop, browser, email, card)
    second.refresh_from_db()
    assert second.status == "canceled"
    assert not reads(browser, article)
    assert shop.sandbox.objects("charge") == []
    told = OutgoingMail.objects.get(dedupe_key=f"second_trial_ended:{second.stripe_id}")
    assert told.recipient == email
    assert "Nothing was charged" in told.text
    assert [use.refused_at is not None for use in TrialUse.objects.order_by("pk")] == [False, True]
    first = Subscription.objects.exclude(pk=second.pk).get()
    assert first.status == "trialing"
    shop.settle()
    assert len([letter for letter in mail.outbox if "second one" in letter.subject]) == 1


def test_another_reader_with_another_card_has_a_trial_of_their_own(shop: Shop, trial: Plan, article: Any) -> None:
    begin(shop, Client(), ADDRESS)
    browser = Client()
    assert begin(shop, browser, "other@example.org", "other").status == "trialing"
    assert reads(browser, article)


def test_a_trial_that_stripe_gave_without_a_checkout_here_counts_as_nobodys(shop: Shop, trial: Plan) -> None:
    first = begin(shop, Client(), ADDRESS)
    CheckoutAttempt.objects.update(trial_days=0)
    TrialUse.objects.all().delete()
    sync_customer(first.customer)
    assert not TrialUse.objects.exists()


def test_an_open_payment_page_with_other_terms_is_not_handed_out_again(shop: Shop, trial: Plan) -> None:
    client = make.logged_in(make.user(ADDRESS))
    first = shop.checkout(client, plan="monthly")
    Plan.objects.update(trial_days=0)
    second = shop.checkout(client, plan="monthly")
    assert (first.trial_days, second.trial_days) == (7, 0)
    first.refresh_from_db()
    assert first.state == AttemptState.EXPIRED


def test_who_begins_a_trial_is_told_until_when_it_is_free_and_what_it_costs_then(shop: Shop, trial: Plan) -> None:
    browser = Client()
    subscription = begin(shop, browser, ADDRESS)
    session = CheckoutAttempt.objects.get().session_id
    page = browser.get(f"/subscribe/welcome/?session_id={session}").content.decode()
    assert subscription.trial_end is not None
    assert f"free of charge until {timezone.localtime(subscription.trial_end):%-d %B %Y}" in " ".join(page.split())
    assert f"Then it costs {price_label(subscription)}" in page
    assert "It renews on" not in page
