"""A group that is handed over: what was billed to its former owner stays theirs, and whose card is charged is said."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from subscriptions import data_parts
from subscriptions.groups.handing_over import hand_over
from subscriptions.models import Group, Invoice, OutgoingMail, Subscription
from tests import make
from tests.shop import Shop
from tests.subscriptions.group_life import OWNER

pytestmark = pytest.mark.django_db(transaction=True)

RECEIVER = "receiver@example.org"


@pytest.fixture
def passed_on(shop: Shop) -> Subscription:
    """Paid by the former owner, and somebody else's since."""
    shop.group_plan()
    row = shop.buy_seats(make.logged_in(make.user(OWNER)), 2)
    hand_over(Group.objects.get().pk, make.user(RECEIVER, last_login=timezone.now()))
    shop.settle()
    row.refresh_from_db()
    return row


@pytest.fixture
def receiver(passed_on: Subscription) -> Client:
    return make.logged_in(User.objects.get(email=RECEIVER))


def exported(email: str) -> list[object]:
    tables = {table.name: table for table in data_parts.export_tables(User.objects.get(email=email))}
    return [row["stripe_id"] for row in tables["invoices"].rows]


def test_the_new_owner_sees_what_was_billed_since(shop: Shop, passed_on: Subscription, receiver: Client) -> None:
    former = Invoice.objects.get()
    assert former.hosted_url
    for address in ("/account/invoices/", "/account/"):
        page = receiver.get(address).content.decode()
        assert former.hosted_url not in page
        assert former.number not in page
    assert exported(RECEIVER) == []
    assert passed_on.period_end is not None
    with shop.at(passed_on.period_end + timedelta(hours=2)):
        own = Invoice.objects.exclude(pk=former.pk).get()
        page = make.logged_in(User.objects.get(email=RECEIVER)).get("/account/invoices/").content.decode()
        assert own.number in page
        assert former.number not in page
        assert exported(RECEIVER) == [own.stripe_id]


def test_the_portal_shows_the_new_owner_nothing_but_the_page_for_another_card(
    shop: Shop, passed_on: Subscription, receiver: Client
) -> None:
    response = receiver.post(f"/account/subscription/{passed_on.pk}/portal/")
    assert response.status_code == 303
    assert urlsplit(response["Location"]).netloc == urlsplit(shop.sandbox.url).netloc
    (call,) = [call for call in shop.sandbox.calls if call.path == "/v1/billing_portal/sessions"]
    assert call.answer["flow"]["type"] == "payment_method_update"


def test_both_are_told_whose_card_is_charged(passed_on: Subscription) -> None:
    assert passed_on.period_end is not None
    day = f"{timezone.localtime(passed_on.period_end):%-d %B %Y}"
    for key in ("group_passed_on:", "group_received:"):
        text = OutgoingMail.objects.get(dedupe_key__startswith=key).text
        assert "with the former owner's card or account ending 4242, until another one is put in its place." in text
        assert f"The next one is due on {day}." in text


def test_who_bought_their_group_sees_its_invoices(shop: Shop) -> None:
    shop.group_plan()
    owner = make.logged_in(make.user(OWNER))
    shop.buy_seats(owner, 2)
    assert Invoice.objects.get().number in owner.get("/account/invoices/").content.decode()
    assert exported(OWNER) == [Invoice.objects.get().stripe_id]
