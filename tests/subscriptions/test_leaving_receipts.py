"""The receipt of a declaration: one an hour to an address, whoever types it, and none is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import RateWindow
from subscriptions.leaving.declarations import mail_later
from subscriptions.models import Alert, Declaration, OutgoingMail
from tests import make
from tests.shop import Shop
from tests.subscriptions.leavers import code_sent_to, codes_sent_to, declared, type_code

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"


def test_what_may_not_be_mailed_any_more_is_received_said_and_mailed_later(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    browser = Client()
    *_, sixth = [declared(browser, ADDRESS, message="Enough.") for _ in range(6)]
    make.run_tasks()
    assert receipts() == 1
    assert len(codes_sent_to(ADDRESS)) == 5
    page = browser.get(f"/cancel/{sixth.pk}/").content.decode()
    assert f"We could not send the receipt to {ADDRESS} just now" in page
    assert "The same goes by mail" not in page
    assert "are on their way" not in page
    kept = browser.get(f"/cancel/{sixth.pk}/", {"save": ""})
    assert kept["Content-Disposition"].startswith("attachment")
    for said in (str(sixth.pk), "Enough.", ADDRESS, "Received: "):
        assert said in kept.content.decode()
    with shop.later(hours=1, minutes=1):
        assert receipts() == 2
        assert OutgoingMail.objects.filter(dedupe_key__startswith="leaving_received:", text__contains=sixth.pk).exists()
        assert "The same goes by mail" in browser.get(f"/cancel/{sixth.pk}/").content.decode()
        assert type_code(browser, sixth, code_sent_to(ADDRESS)).status_code == 200
        subscription.refresh_from_db()
        assert subscription.cancel_at_period_end


def receipts() -> int:
    return OutgoingMail.objects.filter(dedupe_key__startswith="leaving_received:").count()


@pytest.mark.attack("E01")
def test_an_address_gets_one_receipt_an_hour_and_the_next_names_all_that_came_since(shop: Shop) -> None:
    """Also one that is nobody's here: whoever types it has no more than that sent there."""
    first, *later = [declared(Client(), "unknown@example.net") for _ in range(4)]
    other = declared(Client(), "other@example.net")
    make.run_tasks()
    assert receipts() == 2
    assert [one.recipient for one in OutgoingMail.objects.filter(text__contains=str(first.pk))] == [first.email]
    assert OutgoingMail.objects.filter(text__contains=str(other.pk)).count() == 1
    with shop.later(hours=1, minutes=1):
        assert receipts() == 3
        text = OutgoingMail.objects.latest("pk").text
        assert str(first.pk) not in text
        assert all(text.count(f"Number: {one.pk}") == text.count(f"/cancel/{one.pk}/") == 1 for one in later)
        assert not Declaration.objects.filter(mail_waits=True).exists()
    with shop.later(hours=3):
        assert receipts() == 3


def test_asking_for_a_code_again_brings_no_receipt_before_its_time(shop: Shop) -> None:
    shop.subscribe(Client(), ADDRESS)
    browser = Client()
    *_, sixth = [declared(browser, ADDRESS) for _ in range(6)]
    make.run_tasks()
    with time_machine.travel(timezone.now() + timedelta(minutes=59, seconds=59), tick=False):
        RateWindow.objects.all().delete()
        browser.post(f"/cancel/{sixth.pk}/", {"action": "resend"}, headers={"Sec-Fetch-Site": "same-origin"})
        make.run_tasks()
    sixth.refresh_from_db()
    assert sixth.codes_sent == 1
    assert sixth.mail_waits
    assert receipts() == 1


def test_what_finds_no_room_for_a_day_is_put_before_staff(shop: Shop) -> None:
    """One address gets one receipt an hour, those that waited among them."""
    declared(Client(), ADDRESS)
    sixth = declared(Client(), ADDRESS)
    mail_later.func(uuid=str(sixth.pk), attempt=22)
    assert not Alert.objects.exists()
    mail_later.func(uuid=str(sixth.pk), attempt=23)
    assert Alert.objects.get().key == f"leaving:{sixth.pk}:unmailed"
    assert receipts() == 1


def test_the_receipt_names_the_subscription_as_the_page_does(shop: Shop) -> None:
    declared(Client(), ADDRESS, contract="annual")
    assert "Subscription: Annual" in OutgoingMail.objects.get().text
