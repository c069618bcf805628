"""Cancelling and withdrawing without logging in: received from everybody alike, done with the code alone."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from subscriptions.models import (
    Alert,
    Declaration,
    OutgoingMail,
)
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.accounts import doors
from tests.shop import Shop
from tests.subscriptions.leavers import (
    changing_calls,
    code_sent_to,
    codes_sent_to,
    declare,
    declared,
    other_than,
    type_code,
)
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"
STRANGER = "nobody@example.org"
OF_ONE_ANSWER = ("Content-Length", "X-Request-ID")  # follow from what was typed, or count requests


def test_with_the_code_the_subscription_ends_with_its_period(shop: Shop, article: Any) -> None:
    reader = Client()
    subscription = shop.subscribe(reader, ADDRESS)
    browser = Client()
    declaration = declared(browser, ADDRESS)
    response = type_code(browser, declaration, code_sent_to(ADDRESS))
    assert response.status_code == 200
    subscription.refresh_from_db()
    assert subscription.cancel_at_period_end
    assert subscription.status == "active"
    assert reads(reader, article)
    told = OutgoingMail.objects.get(dedupe_key=f"leaving_done:{declaration.pk}")
    assert told.recipient == ADDRESS
    assert subscription.period_end is not None
    assert f"{timezone.localtime(subscription.period_end):%Y}" in told.text
    declaration.refresh_from_db()
    assert declaration.state == "done"


def test_nothing_changes_before_the_code(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    browser = Client()
    declaration = declared(browser, ADDRESS)
    code = code_sent_to(ADDRESS)
    response = type_code(browser, declaration, other_than(code))
    assert response.status_code == 400
    assert changing_calls(shop) == []
    subscription.refresh_from_db()
    assert not subscription.cancel_at_period_end
    declaration.refresh_from_db()
    assert declaration.state == "received"


def test_the_receipt_has_content_and_moment_to_the_second_with_its_zone(shop: Shop) -> None:
    shop.subscribe(Client(), ADDRESS)
    browser = Client()
    declaration = declared(browser, ADDRESS, reason="Too dear", message="Thank you for the harbour.", contract="annual")
    page = browser.get(f"/cancel/{declaration.pk}/")
    text = page.content.decode()
    local = timezone.localtime(declaration.received_at)
    moment = f"{local:%Y-%m-%d %H:%M:%S %Z}"
    for said in (moment, "UTC", ADDRESS, "Too dear", "Thank you for the harbour.", "Annual", str(declaration.pk)):
        assert said in text
    assert page["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    make.run_tasks()
    letter = next(letter for letter in mail.outbox if "Received" in letter.subject)
    assert letter.to == [ADDRESS]
    assert moment in str(letter.body)
    assert "Too dear" not in str(letter.body), "a mail to any address carries no words of the sender"


@pytest.mark.parametrize("email", [ADDRESS, STRANGER])
def test_known_and_unknown_addresses_are_answered_alike(shop: Shop, email: str) -> None:
    """By the status, the headers and the words of each answer."""
    shop.subscribe(Client(), ADDRESS)
    told = answers_to(email), answers_to("other-unknown@example.org")
    for known, unknown in zip(*told, strict=True):
        assert known == unknown


def answers_to(email: str) -> list[tuple[int, dict[str, str], str]]:
    browser = Client()
    response = declare(browser, email)
    page = browser.get(response["Location"])
    wrong = browser.post(response["Location"], {"code": "000000"}, headers={"Sec-Fetch-Site": "same-origin"})
    return [
        (
            answer.status_code,
            {name: mask(text, email) for name, text in answer.headers.items() if name not in OF_ONE_ANSWER},
            mask(answer.content.decode(), email),
        )
        for answer in (response, page, wrong)
    ]


def mask(text: str, email: str) -> str:
    """Without what was typed, the number, the moment and the length."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "NUMBER", text.replace(email, "ADDRESS"))
    text = re.sub(r'nonce-[^" ;]+|nonce="[^"]+"', "NONCE", text)
    return re.sub(r"\d\d:\d\d:\d\d|^\d{3,6}$", "MOMENT", text)


def test_the_request_asks_nothing_about_the_address(shop: Shop) -> None:
    """The same statements run for everybody, so the time tells nothing: whose contract it is the queue finds out."""
    shop.subscribe(Client(), ADDRESS)
    for typed in (ADDRESS, STRANGER):
        declare(Client(), typed)  # the counts of both are there
    made = {}
    for typed in (ADDRESS, STRANGER):
        with CaptureQueriesContext(connection) as queries:
            declare(Client(), typed)
        made[typed] = [shape_of(query["sql"]) for query in queries]
        assert not [sql for sql in made[typed] if "accounts_user" in sql or "subscriptions_subscription" in sql]
    assert made[ADDRESS] == made[STRANGER]


def shape_of(sql: str) -> str:
    """The statement without its values."""
    return re.sub(r"'(?:[^']|'')*'|\d+|\"s\d+_x\d+\"", "?", sql)


def test_an_unknown_address_is_kept_and_gets_the_receipt_alone(shop: Shop) -> None:
    declaration = declared(Client(), STRANGER)
    make.run_tasks()
    assert codes_sent_to(STRANGER) == []
    assert [letter.to for letter in mail.outbox] == [[STRANGER]]
    declaration.refresh_from_db()
    assert (declaration.state, declaration.user) == ("received", None)


def test_a_name_alone_is_received_and_put_before_staff(shop: Shop) -> None:
    declaration = declared(Client(), "", name="Ida Kerr")
    make.run_tasks()
    assert mail.outbox == []
    assert declaration.name == "Ida Kerr"
    assert Alert.objects.get().key == f"leaving:{declaration.pk}"


def test_neither_name_nor_address_is_refused_with_what_was_typed(shop: Shop) -> None:
    response = declare(Client(), "", message="I have had enough.")
    assert response.status_code == 400
    assert "I have had enough." in response.content.decode()
    assert not Declaration.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"kind": "refund"}, "kind"), ({"contract": "of-somebody"}, "contract"), ({"email": "no address"}, "email")],
    ids=["kind", "contract", "address"],
)
def test_what_is_not_complete_is_refused_in_words(shop: Shop, fields: dict[str, str], field: str) -> None:
    response = declare(Client(), **{"email": ADDRESS, **fields})
    assert response.status_code == 400
    assert f'href="#leave-{field}"' in response.content.decode()
    assert not Declaration.objects.exists()


def test_a_form_of_another_site_is_not_taken_in(shop: Shop) -> None:
    form = {"email": ADDRESS, "kind": "cancel", "end": "period_end"}
    response = Client().post("/cancel/", form, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert not Declaration.objects.exists()


def test_a_code_sent_from_another_site_does_nothing(shop: Shop) -> None:
    shop.subscribe(Client(), ADDRESS)
    declaration = declared(Client(), ADDRESS)
    code = code_sent_to(ADDRESS)
    response = Client().post(f"/cancel/{declaration.pk}/", {"code": code}, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert changing_calls(shop) == []


def test_the_code_goes_to_the_account_and_not_to_the_address_that_was_typed(shop: Shop) -> None:
    """Who typed it may have had the address once; the contract is the account's."""
    subscription = shop.subscribe(Client(), ADDRESS)
    owner = subscription.user
    assert owner is not None
    EmailAddress.objects.filter(user=owner).update(email="owner@example.org")
    User.objects.filter(pk=owner.pk).update(email="owner@example.org")
    browser = Client()
    declaration = declared(browser, ADDRESS)  # the address of the purchase
    code = code_sent_to("owner@example.org")
    assert codes_sent_to(ADDRESS) == []
    assert type_code(browser, declaration, code).status_code == 200


def test_somebody_elses_declaration_is_not_confirmed_by_my_code(shop: Shop) -> None:
    other = shop.subscribe(Client(), "other@example.org")
    shop.subscribe(Client(), ADDRESS)
    mine, theirs = declared(Client(), ADDRESS), declared(Client(), "other@example.org")
    code = code_sent_to(ADDRESS)
    assert type_code(Client(), theirs, code).status_code == 400
    other.refresh_from_db()
    assert not other.cancel_at_period_end
    assert type_code(Client(), mine, code).status_code == 200


def test_a_code_that_logs_in_does_not_cancel(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    browser = Client()
    declaration = declared(browser, ADDRESS)
    make.run_tasks()
    doors.ask_at_login(browser, ADDRESS)
    login_code = doors.mailed_code(ADDRESS)
    assert type_code(browser, declaration, login_code).status_code == 400
    subscription.refresh_from_db()
    assert not subscription.cancel_at_period_end


def test_after_five_tries_the_right_code_is_of_no_use(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    declaration = declared(Client(), ADDRESS)
    code = code_sent_to(ADDRESS)
    for _ in range(5):
        assert type_code(Client(), declaration, other_than(code)).status_code == 400
    assert type_code(Client(), declaration, code).status_code == 400
    subscription.refresh_from_db()
    assert not subscription.cancel_at_period_end


@pytest.mark.parametrize(("hours", "status"), [(23, 200), (25, 400)], ids=["in time", "late"])
def test_a_code_is_good_for_a_day(shop: Shop, hours: int, status: int) -> None:
    shop.subscribe(Client(), ADDRESS)
    declaration = declared(Client(), ADDRESS)
    code = code_sent_to(ADDRESS)
    Declaration.objects.update(code_sent_at=timezone.now() - timedelta(hours=hours))
    assert type_code(Client(), declaration, code).status_code == status


def test_another_code_replaces_the_first(shop: Shop) -> None:
    shop.subscribe(Client(), ADDRESS)
    browser = Client()
    declaration = declared(browser, ADDRESS)
    first = code_sent_to(ADDRESS)
    browser.post(f"/cancel/{declaration.pk}/", {"action": "resend"}, headers={"Sec-Fetch-Site": "same-origin"})
    second = code_sent_to(ADDRESS)
    assert first != second
    assert type_code(browser, declaration, first).status_code == 400
    assert type_code(browser, declaration, second).status_code == 200


def test_one_reader_gets_ten_codes_a_day_and_then_staff_are_told(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    Declaration.objects.create(kind="cancel", user=subscription.user, codes_sent=10, code_sent_at=timezone.now())
    declaration = declared(Client(), ADDRESS)
    make.run_tasks()
    assert codes_sent_to(ADDRESS) == []
    assert Alert.objects.get().key == f"leaving:{declaration.pk}"


def test_the_code_twice_cancels_once(shop: Shop) -> None:
    shop.subscribe(Client(), ADDRESS)
    declaration = declared(Client(), ADDRESS)
    code = code_sent_to(ADDRESS)
    first, second = (type_code(Client(), declaration, code) for _ in range(2))
    assert first.content == second.content
    assert len(changing_calls(shop)) == 1
    assert OutgoingMail.objects.filter(dedupe_key__startswith="leaving_done").count() == 1


def test_what_has_ended_is_told_to_its_owner_alone(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    Gateway().cancel_subscription(subscription.stripe_id, key="ended by hand")
    shop.settle()
    browser = Client()
    declaration = declared(browser, ADDRESS)
    make.run_tasks()
    assert codes_sent_to(ADDRESS) == []
    told = OutgoingMail.objects.get(dedupe_key=f"leaving_nothing:{declaration.pk}")
    assert told.recipient == ADDRESS
    assert "nothing to end" in told.text
    assert "nothing to end" not in browser.get(f"/cancel/{declaration.pk}/").content.decode()


def test_an_account_that_is_switched_off_gets_no_code(shop: Shop) -> None:
    subscription = shop.subscribe(Client(), ADDRESS)
    User.objects.filter(pk=subscription.user_id).update(is_active=False)
    declared(Client(), ADDRESS)
    make.run_tasks()
    assert codes_sent_to(ADDRESS) == []


def test_the_form_is_kept_and_the_same_for_everybody() -> None:
    page = Client().get("/cancel/")
    assert page.status_code == 200
    assert page["Cache-Control"].startswith("public")
    assert "csrf" not in page.content.decode()
    assert 'href="/cancel/"' in Client().get("/").content.decode(), "the footer leads to it"


def test_a_number_that_is_none_is_not_found() -> None:
    assert Client().get("/cancel/00000000-0000-4000-8000-000000000000/").status_code == 404


def test_the_page_offers_to_pause_beside_the_confirming_button_and_nowhere_before(settings: Any) -> None:
    settings.PAUSE_MONTHS = 3
    browser = Client()
    assert "pause" not in browser.get("/cancel/").content.decode().lower()
    declaration = declared(browser, ADDRESS)
    page = browser.get(f"/cancel/{declaration.pk}/").content.decode()
    actions = page.partition('autocomplete="one-time-code"')[2].partition("</form>")[0]
    assert "pause it" in actions
