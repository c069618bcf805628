"""Staff give money back and end subscriptions: in Stripe's figures, once, and with what follows said before."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import StaffAction, User
from subscriptions.models import Alert, AlertKind, Invoice, Purchase, Subscription
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.shop import Shop
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader() -> Client:
    return make.logged_in(make.user("reader@example.org"))


@pytest.fixture
def support() -> Client:
    user = make.user("support@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name="support"))
    return make.logged_in(user)


def again() -> Client:
    """Logged in anew: a session of staff does not last for days."""
    return make.logged_in(User.objects.get(email="support@example.org"))


def returning(invoice: Invoice) -> str:
    return f"/admin/subscriptions/subscription/returns/invoice/{invoice.pk}/"


def ending(subscription: Subscription) -> str:
    return f"/admin/subscriptions/subscription/{subscription.pk}/end/"


def words(response: Any) -> str:
    return html.unescape(response.content.decode())


def asked(amount: str, **more: str) -> dict[str, str]:
    return {"amount": amount, "reason": "requested_by_customer", "note": "As agreed by mail.", **more}


def previewed(client: Client, url: str, form: dict[str, str]) -> dict[str, str]:
    """The form of the preview, as a browser sends it on."""
    response = client.post(url, form)
    assert response.status_code == 200, words(response)
    page = words(response)
    assert 'name="confirmed"' in page
    seal = page.split('name="seal" value="')[1].split('"')[0]
    return {**form, "seal": seal, "confirmed": "1"}


def refunds(shop: Shop) -> list[int]:
    return [row["amount"] for row in shop.sandbox.objects("refund")]


# --- Giving back -----------------------------------------------------------------------------------------------------


@pytest.mark.case(70)
def test_a_renewal_is_given_back_by_staff_and_the_subscription_goes_on(
    shop: Shop, reader: Client, support: Client, article: Any
) -> None:
    shop.subscribe(reader)
    url = returning(Invoice.objects.get())
    assert "$89 can still go back" in words(support.get(url))
    preview = words(support.post(url, asked("89.00")))
    assert "This does not end the subscription. Annual: renews on" in preview
    assert refunds(shop) == []
    form = previewed(support, url, asked("89.00"))
    assert support.post(url, form).status_code == 302
    assert refunds(shop) == [8900]
    shop.settle()
    assert reads(reader, article)
    assert Invoice.objects.get().refunded_minor == 8900
    assert not Alert.objects.exists(), "who did it knows of it"
    assert StaffAction.objects.filter(detail__contains="Return of $89 asked for: As agreed by mail.").count() == 1


def test_a_part_goes_back_and_never_more_than_is_left(shop: Shop, reader: Client, support: Client) -> None:
    shop.subscribe(reader)
    url = returning(Invoice.objects.get())
    support.post(url, previewed(support, url, asked("80.00")))
    assert refunds(shop) == [8000]
    for amount in ("9.01", "89", "0", "-1", "1.005", "x"):
        assert support.post(url, asked(amount)).status_code == 400, amount
    assert "At most $9 can still go back." in words(support.post(url, asked("9.01")))
    support.post(url, previewed(support, url, asked("9.00")))
    assert refunds(shop) == [8000, 900]
    assert "returned already" in words(support.get(url))


def test_of_what_goes_back_here_and_elsewhere_the_alert_names_what_went_back_elsewhere(
    shop: Shop, reader: Client, support: Client
) -> None:
    subscription = shop.subscribe(reader)
    url = returning(Invoice.objects.get())
    support.post(url, previewed(support, url, asked("20.00")))
    shop.settle()
    intent = Gateway().charges_of(subscription.customer.stripe_id)[0]["payment_intent"]
    Gateway().refund(intent, key="elsewhere", amount=500)
    shop.settle()
    support.post(url, previewed(support, url, asked("10.00")))
    shop.settle()
    assert Invoice.objects.get().refunded_minor == 3500
    alert = Alert.objects.get()
    assert alert.text.startswith("$5 of invoice")
    assert alert.kind == AlertKind.PARTLY_RETURNED


@pytest.mark.parametrize("is_here", [True, False])
def test_a_part_of_a_pass_that_goes_back_is_told_unless_staff_gave_it_back_here(
    shop: Shop, reader: Client, support: Client, is_here: bool
) -> None:
    shop.once("pass", pass_hours=24)
    shop.bought(shop.buy(reader))
    purchase = Purchase.objects.get()
    url = f"/admin/subscriptions/subscription/returns/purchase/{purchase.pk}/"
    if is_here:
        support.post(url, previewed(support, url, asked("1.00")))
    else:
        Gateway().refund(purchase.payment_intent, key="elsewhere", amount=100)
    shop.settle()
    purchase.refresh_from_db()
    assert purchase.refunded_minor == 100
    assert Alert.objects.filter(customer=purchase.customer).exists() is not is_here


@pytest.mark.parametrize("sells_once", [False, True])
def test_what_a_bank_merely_asks_about_can_be_given_back(
    shop: Shop, reader: Client, support: Client, sells_once: bool
) -> None:
    if sells_once:
        shop.once("pass", 8900, pass_hours=24)
        shop.bought(shop.buy(reader))
        purchase = Purchase.objects.get()
        charge = Gateway().charges_of(purchase.customer.stripe_id)[0]
        shop.sandbox.open_dispute(charge["id"], "warning_needs_response")
        shop.settle()
        url = f"/admin/subscriptions/subscription/returns/purchase/{purchase.pk}/"
    else:
        shop.dispute(shop.subscribe(reader), "warning_needs_response")
        url = returning(Invoice.objects.get())
    assert "$89 can still go back" in words(support.get(url))
    support.post(url, previewed(support, url, asked("89.00")))
    assert refunds(shop) == [8900]


def test_a_second_click_and_an_old_form_give_nothing_back(shop: Shop, reader: Client, support: Client) -> None:
    shop.subscribe(reader)
    url = returning(Invoice.objects.get())
    form = previewed(support, url, asked("20.00"))
    assert support.post(url, form).status_code == 302
    second = support.post(url, form)
    assert second.status_code == 409
    assert "nothing was done" in words(second)
    assert "$69 can still go back" in words(second)
    assert refunds(shop) == [2000]


def test_a_payment_that_is_contested_is_not_given_back(shop: Shop, reader: Client, support: Client) -> None:
    subscription = shop.subscribe(reader)
    shop.dispute(subscription)
    url = returning(Invoice.objects.get())
    assert "is contested" in words(support.get(url))
    assert support.post(url, asked("1.00")).status_code == 400


def test_a_pass_that_is_given_back_closes(shop: Shop, reader: Client, support: Client, article: Any) -> None:
    shop.once("pass", pass_hours=24)
    shop.bought(shop.buy(reader))
    assert reads(reader, article)
    url = f"/admin/subscriptions/subscription/returns/purchase/{Purchase.objects.get().pk}/"
    assert "What was bought stays open." in words(support.post(url, asked("1.00")))
    whole = support.post(url, asked("3.00"))
    assert "What was bought closes at once." in words(whole)
    support.post(url, previewed(support, url, asked("3.00")))
    shop.settle()
    assert not reads(reader, article)


def test_while_stripe_is_away_nothing_is_promised(shop: Shop, reader: Client, support: Client) -> None:
    shop.subscribe(reader)
    url = returning(Invoice.objects.get())
    form = previewed(support, url, asked("20.00"))
    shop.sandbox.fail(500, 9, "/v1/refunds")
    answer = support.post(url, form, follow=True)
    assert "nothing is confirmed" in words(answer)
    assert refunds(shop) == []


@pytest.mark.parametrize("missing", ["return_money", "change_subscription"])
def test_who_may_not_give_money_back_does_not(shop: Shop, reader: Client, support: Client, missing: str) -> None:
    subscription = shop.subscribe(reader)
    group = Group.objects.get(name="support")
    group.permissions.remove(Permission.objects.get(codename=missing))
    back, end = support.get(returning(Invoice.objects.get())), support.get(ending(subscription))
    is_money = missing == "return_money"
    assert (back.status_code, end.status_code) == ((403, 200) if is_money else (200, 403))
    if is_money:
        assert "goes back" not in words(end).replace("nothing goes back", "")
        assert support.post(ending(subscription), {"when": "back", "note": "x"}).status_code == 400


# --- Ending ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "status", "still_reads"), [("period_end", "active", True), ("now", "canceled", False)]
)
def test_staff_end_a_subscription(
    shop: Shop, reader: Client, support: Client, article: Any, when: str, status: str, still_reads: bool
) -> None:
    subscription = shop.subscribe(reader)
    url = ending(subscription)
    support.post(url, previewed(support, url, {"when": when, "note": "Asked by mail."}))
    shop.settle()
    subscription.refresh_from_db()
    assert (subscription.status, reads(reader, article)) == (status, still_reads)
    assert (subscription.ends_at is not None) is still_reads
    assert refunds(shop) == []
    assert StaffAction.objects.filter(detail__contains="Asked by mail.").count() == 1


def test_ending_at_once_gives_back_to_the_minor_unit_what_was_shown(
    shop: Shop, reader: Client, support: Client, article: Any
) -> None:
    subscription = shop.subscribe(reader)
    with shop.later(days=10):
        support = again()
        url = ending(subscription)
        preview = words(support.post(url, {"when": "back", "note": "Moved away."}))
        shown = preview.split(" are not used and go back")[0].rsplit("$", 1)[1]
        form = previewed(support, url, {"when": "back", "note": "Moved away."})
        assert support.post(url, form).status_code == 302
        shop.settle()
        assert refunds(shop) == [round(float(shown) * 100)]
        assert 8640 < refunds(shop)[0] < 8660
        assert not reads(reader, article)
        assert "has ended already" in words(support.post(url, form, follow=True))
        assert len(refunds(shop)) == 1


@pytest.mark.parametrize("is_paid", [False, True], ids=["not paid", "paid and returned"])
def test_ending_at_once_gives_back_nothing_of_a_month_that_is_used_up(
    shop: Shop, reader: Client, support: Client, is_paid: bool
) -> None:
    attempt = shop.checkout(reader, plan="monthly")
    shop.pay(attempt, "succeeds" if is_paid else "fails_at_renewal")
    shop.settle()
    subscription = Subscription.objects.get()
    with shop.later(days=32):
        support = again()
        if is_paid:
            invoice = Invoice.objects.latest("finalized_at")
            support.post(returning(invoice), previewed(support, returning(invoice), asked("9.00")))
            shop.settle()
        before = refunds(shop)
        url = ending(subscription)
        form = previewed(support, url, {"when": "back", "note": "Moved away."})
        shown = words(support.post(url, {"when": "back", "note": "Moved away."}))
        assert "Of what was paid nothing is left that goes back." in shown
        assert support.post(url, form).status_code == 302
        shop.settle()
        subscription.refresh_from_db()
        assert (subscription.status, refunds(shop)) == ("canceled", before)
        assert not Alert.objects.filter(kind=AlertKind.NOT_RETURNED).exists()


def test_what_is_contested_is_due_and_cannot_go_back_at_the_end(shop: Shop, reader: Client, support: Client) -> None:
    subscription = shop.subscribe(reader)
    shop.dispute(subscription)
    shown = words(support.post(ending(subscription), {"when": "back", "note": "Moved away."}))
    assert "$89 of it were not paid by card or are contested just now" in shown


def test_an_end_that_was_shown_with_other_figures_is_refused(shop: Shop, reader: Client, support: Client) -> None:
    subscription = shop.subscribe(reader)
    url = ending(subscription)
    form = previewed(support, url, {"when": "back", "note": "Moved away."})
    with shop.later(days=10):
        support = again()
        assert support.post(url, form).status_code == 409
        now = previewed(support, url, {"when": "now", "note": "Moved away."})
        assert support.post(url, {**now, "when": "back"}).status_code == 409
        assert support.post(url, {**now, "seal": "1:2:3"}).status_code == 409
    subscription.refresh_from_db()
    assert (subscription.status, refunds(shop)) == ("active", [])


def test_a_refund_that_fails_after_the_end_is_somebodys_work(shop: Shop, reader: Client, support: Client) -> None:
    subscription = shop.subscribe(reader)
    url = ending(subscription)
    form = previewed(support, url, {"when": "back", "note": "Moved away."})
    shop.sandbox.fail(500, 9, "/v1/refunds")
    assert "$0 of $89 go back" in words(support.post(url, form, follow=True))
    shop.settle()
    subscription.refresh_from_db()
    assert subscription.status == "canceled"
    (alert,) = Alert.objects.filter(kind=AlertKind.NOT_RETURNED)
    assert (alert.customer, "$89 were not returned" in alert.text) == (subscription.customer, True)


def test_a_planned_change_falls_with_the_subscription(shop: Shop, reader: Client, support: Client) -> None:
    subscription = shop.subscribe(reader)
    Gateway().create_schedule(subscription.stripe_id, key="planned")
    shop.settle()
    url = ending(subscription)
    assert "The change of plan that is planned falls with it." in words(support.post(url, {"when": "now", "note": "x"}))
    support.post(url, previewed(support, url, {"when": "now", "note": "x"}))
    shop.settle()
    subscription.refresh_from_db()
    assert (subscription.status, User.objects.count()) == ("canceled", 2)
