"""How to get to the pages of leaving without logging in, and of one's own data, as tests/page_ways.py does."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts import own_codes
from accounts.models import User
from subscriptions.agreed.agreements import Shown, note_change
from subscriptions.models import Declaration, DeclaredContract, Group, PlanPrice, Subscription

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
ADDRESS = "payer@example.org"
CODE = "123456"


def form_with_mistakes(client: Client) -> HttpResponse:
    return client.post("/cancel/", {"kind": "cancel", "reason": "Too dear", "email": "no address"}, headers=OWN_PAGE)


def received(client: Client) -> HttpResponse:
    return client.get(f"/cancel/{declared().pk}/")


def wrong_code(client: Client) -> HttpResponse:
    return client.post(f"/cancel/{declared().pk}/", {"code": "000000"}, headers=OWN_PAGE)


def received_by_name(client: Client) -> HttpResponse:
    return client.get(f"/cancel/{declared(email='', name='Ida Kerr').pk}/")


def done(client: Client) -> HttpResponse:
    """Ended at once, with money that goes back."""
    subscription = Subscription.objects.exclude(user=None).latest("pk")
    now = timezone.now()
    declaration = declared(user=subscription.user, state="done", confirmed_at=now, code_sent_at=now)
    seal = own_codes.seal("leaving", str(declaration.pk), CODE)
    Declaration.objects.filter(pk=declaration.pk).update(code_seal=seal)
    amounts = {"due_minor": 6421, "returned_minor": 6421, "currency": "USD"}
    DeclaredContract.objects.create(
        declaration=declaration, subscription=subscription, outcome="ended", ends_at=now, **amounts
    )
    return client.post(f"/cancel/{declaration.pk}/", {"code": CODE}, headers=OWN_PAGE)


def put_off(client: Client) -> HttpResponse:
    """Confirmed while Stripe is away: it is carried out later."""
    declaration = declared(user=User.objects.latest("pk"), code_sent_at=timezone.now())
    seal = own_codes.seal("leaving", str(declaration.pk), CODE)
    Declaration.objects.filter(pk=declaration.pk).update(code_seal=seal)
    return client.post(f"/cancel/{declaration.pk}/", {"code": CODE}, headers=OWN_PAGE)


def declared(email: str = ADDRESS, **fields: object) -> Declaration:
    terms = {"kind": "cancel", "email": email, "received_at": timezone.now() - timedelta(minutes=1), **fields}
    return Declaration.objects.create(reason="I read too little of it.", **terms)


def agreements(client: Client) -> HttpResponse:
    subscription = Subscription.objects.exclude(user=None).filter(user=client.session["_auth_user_id"]).latest("pk")
    price = PlanPrice.objects.latest("pk")
    note_change(subscription, price, Shown("From today you pay $89 a year.\nIt renews until you cancel.", "2026-11-23"))
    return client.get("/account/agreements/")


def erasing(client: Client) -> HttpResponse:
    return client.post("/account/erase/", {"action": "code"})


def erasing_refused(client: Client) -> HttpResponse:
    """The owner of a group in which somebody else reads."""
    subscription = Subscription.objects.filter(user=client.session["_auth_user_id"]).latest("pk")
    group = Group.objects.create(subscription=subscription, owner=subscription.user, seats=2)
    member = User.objects.exclude(pk=subscription.user_id).latest("pk")
    group.places.create(email=member.email, user=member, state="taken", taken_at=timezone.now())
    return client.get("/account/erase/")
