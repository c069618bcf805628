"""Gift subscriptions as they are bought and sent, over HTTP against the stand-in."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from newsroom.housekeeping import look_after_gifts
from subscriptions.models import (
    CheckoutAttempt,
    Gift,
    OutgoingMail,
    Subscription,
)
from subscriptions.paid_once.gift_cards import url_of
from tests import make
from tests.shop import Shop
from tests.subscriptions.giving import GIVER, cards, given, path_of, reader

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_gift_for_today_is_sent_once_when_it_is_paid_and_not_before(selling: Shop) -> None:
    response = selling.give(Client())
    assert not cards()
    selling.bought(response)
    (card,) = cards()
    gift = Gift.objects.get()
    assert "Ada gives you" in card.subject
    assert url_of(gift) in card.body
    assert "Read well." in card.body
    selling.settle()
    look_after_gifts()
    make.run_tasks()
    assert len(cards()) == 1


def test_the_secret_of_a_gift_stands_nowhere_in_the_database(selling: Shop) -> None:
    gift = given(selling)
    token = path_of(gift).strip("/").rpartition("/")[2]
    stored = [*OutgoingMail.objects.values_list("text", flat=True), gift.seed, gift.token_hash]
    assert len(token) == 43
    assert not any(token in text for text in stored)


def test_a_gift_for_a_day_to_come_waits_for_it(selling: Shop) -> None:
    day = timezone.localdate() + timedelta(days=10)
    gift = given(selling, sends_on=day.isoformat())
    look_after_gifts()
    make.run_tasks()
    assert not cards()
    noon = timezone.localtime().replace(hour=12) + timedelta(days=10)
    with time_machine.travel(noon, tick=True):
        look_after_gifts()
        look_after_gifts()
        make.run_tasks()
        assert len(cards()) == 1
    gift.refresh_from_db()
    assert gift.cards == 1


def test_the_giver_changes_the_day_and_has_the_card_sent_again(selling: Shop) -> None:
    day = timezone.localdate() + timedelta(days=10)
    gift = given(selling, sends_on=day.isoformat())
    giver = make.logged_in(User.objects.get(email=GIVER))
    later = (day + timedelta(days=5)).isoformat()
    here = f"/account/gift-subscriptions/{gift.pk}"
    assert "The card goes out on" in giver.post(f"{here}/day/", {"sends_on": later}, follow=True).content.decode()
    gift.refresh_from_db()
    assert gift.sends_on.isoformat() == later
    refused = giver.post(f"{here}/day/", {"sends_on": "2001-01-01"}, follow=True).content.decode()
    assert "from today up to a year ahead" in refused
    giver.post(f"{here}/send/")
    giver.post(f"{here}/send/")
    make.run_tasks()
    assert len(cards()) == 2
    assert all(url_of(gift) in card.body for card in cards())
    assert "cannot be changed" in giver.post(f"{here}/day/", {"sends_on": later}, follow=True).content.decode()
    page = giver.get("/account/gift-subscriptions/").content.decode()
    assert "Sent, and not redeemed yet." in page
    assert url_of(gift) in page


def test_a_gift_is_its_givers_alone(selling: Shop) -> None:
    gift = given(selling)
    other = reader("other@example.org")
    assert url_of(gift) not in other.get("/account/gift-subscriptions/").content.decode()
    for what in ("send", "day"):
        assert other.post(f"/account/gift-subscriptions/{gift.pk}/{what}/").status_code == 404
    assert other.get(f"/account/gift-subscriptions/{gift.pk}/card/").status_code == 404
    giver = make.logged_in(User.objects.get(email=GIVER))
    assert url_of(gift) in giver.get(f"/account/gift-subscriptions/{gift.pk}/card/").content.decode()


def test_a_card_to_print_is_mailed_to_nobody_and_shown_to_who_paid(selling: Shop) -> None:
    browser = Client()
    attempt = selling.bought(selling.give(browser, way="print", recipient_email=""))
    gift = Gift.objects.get()
    assert not cards()
    assert url_of(gift) in selling.welcome(browser, attempt).content.decode()
    assert selling.welcome(Client(), attempt).status_code == 404


def test_the_message_in_a_card_is_set_off_from_our_own_words(selling: Shop) -> None:
    typed = "Your account is closed.\r\n\r\n123456\r\n\r\nhttps://evil.example/login\r\n\r\n-- \r\nThe editors"
    selling.bought(selling.give(Client(), message=typed))
    (card,) = cards()
    assert (
        "\n\nThe giver's own words, which nobody here has read:\n\n> Your account is closed.\n>\n> 123456\n"
        in card.body
    )
    assert "\n> https://evil.example/login\n>\n> --\n> The editors\n\n" in card.body
    html = card.alternatives[0].content
    assert 'href="https://evil' not in html
    assert ">123456</p>" not in html
    assert "<blockquote" in html


def test_a_card_without_a_message_has_no_words_of_the_giver(selling: Shop) -> None:
    selling.bought(selling.give(Client(), message=""))
    (card,) = cards()
    assert "own words" not in card.body


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"recipient_email": "nobody"}, "address"),
        ({"email": ""}, "address"),
        ({"giver_name": "www.example.com"}, "not an address"),
        ({"message": "x" * 601}, "at most 600"),
        ({"sends_on": "2001-01-01"}, "up to a year ahead"),
        ({"sends_on": "2199-01-01"}, "up to a year ahead"),
        ({"sends_on": "soon"}, "up to a year ahead"),
        ({"plan": "annual"}, "how long the gift lasts"),
        ({"terms": "gift USD 1"}, "It is now $89"),
    ],
)
def test_what_is_wrong_in_the_form_is_said_and_nothing_typed_is_lost(
    selling: Shop, fields: dict[str, str], sentence: str
) -> None:
    response = selling.give(Client(), recipient_name="Grace", **fields)
    page = response.content.decode()
    assert response.status_code in (400, 409)
    assert sentence in page
    assert 'value="Grace"' in page
    assert not CheckoutAttempt.objects.exists()
    assert selling.give(Client()).status_code == 303


def test_two_clicks_are_one_gift_and_another_message_is_another(selling: Shop) -> None:
    browser = Client()
    first, second = selling.give(browser), selling.give(browser)
    assert first["Location"] == second["Location"]
    third = selling.give(browser, message="Another.")
    assert third["Location"] != first["Location"]
    selling.bought(first)
    selling.bought(third)
    assert sorted(Gift.objects.paid().values_list("message", flat=True)) == ["Another.", "Read well."]


def test_a_subscriber_gives_and_their_own_subscription_is_untouched(selling: Shop) -> None:
    own = selling.subscribe(Client(), GIVER)
    giver = make.logged_in(User.objects.get(email=GIVER))
    before = Subscription.objects.values().get(pk=own.pk)
    selling.bought(selling.give(giver))
    after = Subscription.objects.values().get(pk=own.pk)
    assert {**after, "listed_at": None} == {**before, "listed_at": None}
    assert Gift.objects.paid().count() == 1
