"""How to get to the pages of what is paid once: offers, gifts to buy, to redeem and to look after."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import User
from subscriptions.models import AttemptState, CheckoutAttempt, Gift, Lead, Plan, PlanPrice, Purchase
from subscriptions.models.gift import hash_of
from subscriptions.outgoing import secret_of
from subscriptions.paid_once.gift_cards import url_of
from tests import make

PAYER = "payer@example.org"
LONG = f"{'lamplighter' * 5}@{'-'.join(['unterseekabel'] * 4)}.example"
MESSAGE = "For the long evenings.\n\nAnd for the harbour, which you know better than all of us."


def plan(kind: str, name: str, amount_minor: int, **fields: object) -> Plan:
    terms = {"small_print": "Nothing renews.", "button": f"Buy {name.lower()}", "currency": "USD"} | fields
    return Plan.objects.create(key=f"{kind}-{amount_minor}", name=name, kind=kind, amount_minor=amount_minor, **terms)


def post(client: Client, door: str, **form: str) -> HttpResponse:
    return client.post(door, form, headers={"Sec-Fetch-Site": "same-origin"})


def at_the_gate(client: Client) -> HttpResponse:
    plan("article", "One article", 300)
    return client.get("/articles/harbour-1/")


def why_with_an_offer(client: Client) -> HttpResponse:
    plan("article", "One article", 300)
    return client.get("/access/?article=harbour-1")


def plans_with_passes(client: Client) -> HttpResponse:
    plan("pass", "A day", 200)
    plan("pass", "A week", 700, pass_hours=168)
    plan("gift", "Twelve months", 8900)
    return client.get("/subscribe/")


def not_bought(client: Client) -> HttpResponse:
    """With the form again, to be put right."""
    sold = plan("pass", "A day", 200)
    PlanPrice.objects.create(plan=sold, stripe_id="price_day", currency="USD", amount_minor=200)
    with override_settings(STRIPE_SECRET_KEY="sk_test_of_nobody"):
        return post(client, "/subscribe/buy/", plan="pass-200", email="nobody")


def gift_shop(client: Client) -> HttpResponse:
    plan("gift", "Twelve months", 8900)
    plan("gift", "Three months", 2500, gift_months=3)
    return client.get("/gift-subscription/")


def gift_refused(client: Client) -> HttpResponse:
    plan("gift", "Twelve months", 8900)
    plan("gift", "Three months", 2500, gift_months=3)
    form = {"recipient_email": "nobody", "email": "", "giver_name": "see bad.example", "sends_on": "2001-01-01"}
    return post(client, "/gift-subscription/", plan="gift-8900", way="mail", message=MESSAGE, **form)


def bought(kind: str, session_id: str = "cs_once", **fields: object) -> Purchase:
    """A purchase of the payer's."""
    sold, now, payer = plan(kind, f"Some {kind}", 8900), timezone.now(), User.objects.get(email=PAYER)
    price = PlanPrice.objects.create(
        plan=sold, stripe_id=f"price_{kind}_{session_id}", currency="USD", amount_minor=8900
    )
    attempt = CheckoutAttempt.objects.create(
        user=payer,
        lead=Lead.objects.create(email=PAYER, plan=sold, consent_version="1"),
        price=price,
        next_path="/articles/harbour-1/",
        session_id=session_id,
        state=AttemptState.PAID,
        paid_at=now,
    )
    customer = payer.stripe_customers.first() or make.stripe_customer(payer)
    made = {"attempt": attempt, "customer": customer, "user": payer, "price": price, "amount_minor": 8900}
    return Purchase.objects.create(currency="USD", paid_at=now, starts_at=now, **made, **fields)


def gift(session_id: str = "cs_once", **fields: object) -> Gift:
    seed = f"the seed of {session_id}"
    purchase = Purchase.objects.filter(attempt__session_id=session_id).first() or bought("gift", session_id)
    said: dict[str, object] = {
        "giver_name": "Ada Lamplighter",
        "recipient_name": "Grace",
        "message": MESSAGE,
        "months": 12,
    }
    made = Gift(
        attempt=purchase.attempt, purchase=purchase, sends_on=timezone.localdate(), seed=seed, **(said | fields)
    )
    made.token_hash = hash_of(secret_of(f"gift:{seed}"))
    made.expires_at = timezone.now() + timedelta(days=1000)
    made.save()
    return made


def redeem(client: Client) -> HttpResponse:
    return client.get(path_of(gift()))


def redeemed_already(client: Client) -> HttpResponse:
    return client.get(path_of(gift(redeemed_at=timezone.now())))


def path_of(made: Gift) -> str:
    return "/gift-subscription/" + url_of(made).rstrip("/").rpartition("/")[2] + "/"


def card(client: Client) -> HttpResponse:
    return client.get(f"/account/gift-subscriptions/{gift().pk}/card/")


def gifts_given(client: Client) -> HttpResponse:
    """One of each state, with a long address."""
    purchase = bought("gift")
    gift(recipient_email="friend@example.net", cards=1)
    rows: list[dict[str, object]] = [
        {"recipient_email": LONG, "recipient_name": ""},
        {"recipient_name": ""},
        {"redeemed_at": timezone.now()},
    ]
    for number, fields in enumerate(rows):
        session_id = f"cs_once_{number}"

        attempt = CheckoutAttempt.objects.get(pk=purchase.attempt_id)
        attempt.pk, attempt._state.adding, attempt.session_id = None, True, session_id
        attempt.uuid = CheckoutAttempt().uuid
        attempt.save()
        copy = Purchase.objects.get(pk=purchase.pk)
        copy.pk, copy._state.adding, copy.attempt = None, True, attempt
        copy.save()
        gift(session_id, **fields)
    return client.get("/account/gift-subscriptions/")


def welcome_pass(client: Client) -> HttpResponse:
    bought("pass", scope="library", ends_at=timezone.now() + timedelta(hours=24))
    return client.get("/subscribe/welcome/?session_id=cs_once")


def welcome_gift(client: Client) -> HttpResponse:
    gift()
    return client.get("/subscribe/welcome/?session_id=cs_once")
