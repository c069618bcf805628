"""The publisher moves the subscribers of former prices to the price of now: told once and in time, then charged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import PUBLISHERS, SUPPORT
from subscriptions.account import due_notices
from subscriptions.contracts import price_moves
from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import MoveState, OutgoingMail, Plan, PriceMove, Subscription
from subscriptions.stripe_gateway import Gateway
from tests import make
from tests.shop import Shop
from tests.subscriptions.changes import (
    account,
    add_plan,
    address,
    at_stripe,
    change_to,
    hidden,
    invoices,
    period_of,
    sold,
    text_of,
)
from tests.subscriptions.new_prices import day_of, price_at_stripe, reprice, told

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


@pytest.fixture
def monthly(shop: Shop, browser: Client) -> Subscription:
    return shop.subscribe(browser, plan="monthly")


@pytest.fixture
def annual(shop: Shop, browser: Client) -> Subscription:
    return shop.subscribe(browser, plan="annual")


def staff(group: str) -> Client:
    user = make.user(f"{group}@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return make.logged_in(user)


@pytest.fixture
def publisher() -> Client:
    return staff(PUBLISHERS)


def page_of(key: str) -> str:
    return f"/admin/subscriptions/plan/{Plan.objects.get(key=key).pk}/move/"


def move(client: Client, key: str, days: int = 30) -> Any:
    """Look at the preview, and confirm it."""
    shown = client.post(page_of(key), {"days": days})
    assert shown.status_code == 200
    return client.post(page_of(key), {"days": days, "seal": hidden(shown, "seal"), "confirmed": "1"})


def housekeeping(shop: Shop) -> None:
    price_moves.queue_moves()
    shop.settle()


@pytest.fixture
def moved(shop: Shop, publisher: Client) -> Callable[..., PriceMove]:
    """Has the subscribers of a plan moved to a new price, and told."""

    def carried_out(key: str, amount_minor: int, days: int = 30) -> PriceMove:
        reprice(shop, key, amount_minor)
        assert move(publisher, key, days).status_code == 302
        shop.settle()
        found = PriceMove.objects.get()
        assert found.state == MoveState.TOLD
        return found

    return carried_out


def test_the_page_says_whom_it_concerns_from_when_and_what_they_are_told_and_does_nothing(
    shop: Shop, publisher: Client, monthly: Subscription
) -> None:
    plan_page = publisher.get(page_of("monthly").replace("move", "change")).content.decode()
    assert f'href="{page_of("monthly")}"' in plan_page
    assert "Nobody is at a former price" in text_of(publisher.post(page_of("monthly"), {"days": 30}))
    reprice(shop, "monthly", 1000)
    calls = len(shop.sandbox.calls)
    page = publisher.post(page_of("monthly"), {"days": 30})
    text = text_of(page)
    day = day_of(next(end for end in renewals(shop, monthly) if end >= timezone.now() + 30 * DAY))
    assert f'<th scope="row">$9 a month</th><td>$10 a month</td><td>1</td><td>{day}</td><td>{day}</td>' in text
    assert "Until then: $9 a month" in text
    assert f"From {day}: $10 a month" in text
    assert len(shop.sandbox.calls) == calls
    assert not PriceMove.objects.exists()
    assert "no-store" in page["Cache-Control"]


def renewals(shop: Shop, row: Subscription) -> list[datetime]:
    end = period_of(shop, row)[1]
    return [end, price_moves.first_renewal(end, end, "month", end + DAY)]


def test_subscribers_are_told_once_and_pay_the_new_price_from_the_day_that_they_were_told(
    shop: Shop, browser: Client, publisher: Client, monthly: Subscription, moved: Callable[..., PriceMove]
) -> None:
    under_way = moved("monthly", 1000)
    begins = under_way.begins_at
    assert begins is not None
    assert timezone.now() + 30 * DAY <= begins <= timezone.now() + 62 * DAY
    (text,) = told()
    assert "Until then: $9 a month" in text
    assert f"From {day_of(begins)}: $10 a month" in text
    assert f"From {day_of(begins)} it costs $10 a month." in account(browser)
    assert price_at_stripe(shop, monthly) == sold_before(monthly)
    assert "Nobody is at a former price" in text_of(publisher.post(page_of("monthly"), {"days": 30}))
    housekeeping(shop)
    assert len(told()) == 1
    with shop.at(begins - DAY):
        housekeeping(shop)
        assert PriceMove.objects.get().state == MoveState.DONE
        assert {one["amount_paid"] for one in invoices(shop, monthly)} == {900}, "what is paid for costs no more"
        assert "Monthly, $10 a month: renews on" in account(make.logged_in(reader_of(monthly)))
        assert list(reconcile()) == []
    with shop.at(begins + timedelta(hours=2)):
        assert invoices(shop, monthly)[-1]["amount_paid"] == 1000
        assert len(told()) == 1


def test_a_renewal_before_that_day_costs_what_it_did(
    shop: Shop, monthly: Subscription, moved: Callable[..., PriceMove]
) -> None:
    begins, end = moved("monthly", 1000).begins_at, period_of(shop, monthly)[1]
    assert begins is not None
    assert end < begins
    with shop.at(end - DAY):
        housekeeping(shop)
    with shop.at(end + timedelta(hours=2)):
        assert [one["amount_paid"] for one in invoices(shop, monthly)] == [900, 900]
        assert PriceMove.objects.get().state == MoveState.TOLD


def sold_before(row: Subscription) -> str:
    row.refresh_from_db()
    return row.price_id


def reader_of(row: Subscription) -> Any:
    return make.User.objects.get(pk=row.user_id)


def test_the_mail_before_a_yearly_renewal_names_the_new_price(
    shop: Shop, annual: Subscription, moved: Callable[..., PriceMove]
) -> None:
    begins = moved("annual", 9900).begins_at
    assert begins == period_of(shop, annual)[1]
    with shop.at(begins - timedelta(days=14, hours=12)):
        housekeeping(shop)
        due_notices.queue_notices()
        shop.settle()
        (renewal,) = OutgoingMail.objects.filter(dedupe_key__startswith="renewal:")
        assert "Payment: $99" in renewal.text
    with shop.at(begins + timedelta(hours=2)):
        assert invoices(shop, annual)[-1]["amount_paid"] == 9900


def test_the_mail_before_the_end_of_a_long_trial_names_the_new_price(
    shop: Shop, browser: Client, publisher: Client
) -> None:
    Plan.objects.filter(key="monthly").update(trial_days=60)
    row = shop.subscribe(browser, plan="monthly")
    reprice(shop, "monthly", 1000)
    move(publisher, "monthly")
    shop.settle()
    row.refresh_from_db()
    begins = PriceMove.objects.get().begins_at
    assert begins == row.trial_end
    assert begins is not None
    with shop.at(begins - timedelta(days=7, hours=12)):
        housekeeping(shop)
        due_notices.queue_notices()
        shop.settle()
        (ending,) = OutgoingMail.objects.filter(dedupe_key__startswith="trial_ending:")
        assert "$10 a month" in ending.text
    with shop.at(begins + timedelta(hours=2)):
        assert invoices(shop, row)[-1]["amount_paid"] == 1000


def test_a_longer_notice_is_kept(shop: Shop, monthly: Subscription, moved: Callable[..., PriceMove]) -> None:
    begins = moved("monthly", 1000, days=90).begins_at
    assert begins is not None
    assert begins >= timezone.now() + 90 * DAY


@pytest.mark.parametrize("days", [29, 366])
def test_less_notice_than_is_promised_or_more_than_a_year_is_refused(
    days: int, shop: Shop, publisher: Client, monthly: Subscription
) -> None:
    reprice(shop, "monthly", 1000)
    assert publisher.post(page_of("monthly"), {"days": days}).status_code == 400
    assert not PriceMove.objects.exists()


def test_a_worker_that_comes_late_moves_the_day_and_not_the_notice(
    shop: Shop, publisher: Client, monthly: Subscription
) -> None:
    reprice(shop, "monthly", 1000)
    shop.sandbox.fail(500, count=20, path=f"/v1/subscriptions/{monthly.stripe_id}")
    move(publisher, "monthly")
    shop.settle()
    assert PriceMove.objects.get().state == MoveState.ASKED
    assert told() == []
    shop.sandbox.fail(500, count=0)
    with shop.later(days=40):
        housekeeping(shop)
        begins = PriceMove.objects.get().begins_at
        assert begins is not None
        assert begins >= timezone.now() + 30 * DAY
        assert len(told()) == 1


def test_who_cancels_after_the_mail_is_left_alone_and_who_stays_after_all_is_moved(
    shop: Shop, browser: Client, monthly: Subscription, moved: Callable[..., PriceMove]
) -> None:
    begins = moved("monthly", 1000).begins_at
    assert begins is not None
    with shop.at(begins - DAY):
        browser = make.logged_in(reader_of(monthly))
        browser.post(address(monthly, "cancel"))
        housekeeping(shop)
        assert PriceMove.objects.get().state == MoveState.TOLD
        assert price_at_stripe(shop, monthly) != sold("monthly").stripe_id
        browser.post(address(monthly, "keep"))
        housekeeping(shop)
        assert PriceMove.objects.get().state == MoveState.DONE


def test_what_stripe_knows_better_than_the_site_counts(
    shop: Shop, monthly: Subscription, moved: Callable[..., PriceMove]
) -> None:
    """Cancelled there a moment ago, and the site has not heard of it."""
    begins = moved("monthly", 1000).begins_at
    assert begins is not None
    with shop.at(begins - DAY):
        shop.sandbox.delivery.mode = "drop"
        Gateway().update_subscription(monthly.stripe_id, {"cancel_at_period_end": True})
        housekeeping(shop)
        assert price_at_stripe(shop, monthly) != sold("monthly").stripe_id
        assert PriceMove.objects.get().state == MoveState.TOLD


def test_who_has_left_or_changed_the_plan_is_moved_no_more(
    shop: Shop, browser: Client, monthly: Subscription, moved: Callable[..., PriceMove]
) -> None:
    add_plan(shop, "grand", 1500)
    begins = moved("monthly", 1000).begins_at
    assert begins is not None
    assert change_to(browser, monthly, sold("grand")).status_code == 302
    with shop.at(begins - DAY):
        housekeeping(shop)
        assert PriceMove.objects.get().state == MoveState.DROPPED
        assert price_at_stripe(shop, monthly) == sold("grand").stripe_id
    PriceMove.objects.update(state=MoveState.TOLD)
    shop.end_now(monthly)
    housekeeping(shop)
    assert PriceMove.objects.get().state == MoveState.DROPPED


def test_a_price_that_is_taken_back_meanwhile_is_never_charged(
    shop: Shop, monthly: Subscription, moved: Callable[..., PriceMove]
) -> None:
    begins = moved("monthly", 1000).begins_at
    assert begins is not None
    reprice(shop, "monthly", 900)
    with shop.at(begins - DAY):
        housekeeping(shop)
        assert PriceMove.objects.get().state == MoveState.DROPPED
    with shop.at(begins + timedelta(hours=2)):
        assert invoices(shop, monthly)[-1]["amount_paid"] == 900


def test_moved_to_a_third_price_before_the_second_has_come_they_are_told_of_it(
    shop: Shop, publisher: Client, monthly: Subscription, moved: Callable[..., PriceMove]
) -> None:
    moved("monthly", 1000)
    reprice(shop, "monthly", 1100)
    assert move(publisher, "monthly").status_code == 302
    shop.settle()
    assert sorted(PriceMove.objects.values_list("state", "price__amount_minor")) == [("dropped", 1000), ("told", 1100)]
    assert "$11 a month" in told()[1]


@pytest.mark.parametrize(("what", "undo"), [("cancel", "keep"), ("change", "change/undo"), ("fail", "mend")])
def test_who_is_leaving_changing_or_owing_is_not_meant_until_that_is_over(
    what: str, undo: str, shop: Shop, browser: Client, publisher: Client, monthly: Subscription
) -> None:
    add_plan(shop, "light", 400, allowance=3)
    reprice(shop, "monthly", 1000)
    if what == "change":
        change_to(browser, monthly, sold("light"))
    elif what == "cancel":
        browser.post(address(monthly, "cancel"))
    else:
        shop.sandbox.set_card(monthly.customer.stripe_id, "fails_at_renewal")
        shop.sandbox.advance_to_period_end(monthly.stripe_id)
        shop.settle()
    text = text_of(publisher.post(page_of("monthly"), {"days": 30}))
    assert "Nobody is at a former price" in text
    assert "1 subscriber of a former price is left as they are" in text
    if undo == "mend":
        shop.sandbox.set_card(monthly.customer.stripe_id, "succeeds")
        shop.settle()
    else:
        browser.post(address(monthly, undo))
    assert "<td>1</td>" in text_of(publisher.post(page_of("monthly"), {"days": 30}))


def test_a_preview_that_is_no_longer_true_moves_nobody(shop: Shop, publisher: Client, monthly: Subscription) -> None:
    reprice(shop, "monthly", 1000)
    seal = hidden(publisher.post(page_of("monthly"), {"days": 30}), "seal")
    for form in ({"days": 60, "seal": seal}, {"days": 30, "seal": "forged"}, {"days": 30}):
        stale = publisher.post(page_of("monthly"), {**form, "confirmed": "1"})
        assert stale.status_code == 409
        assert "nothing was done" in text_of(stale)
    reprice(shop, "monthly", 1200)
    assert publisher.post(page_of("monthly"), {"days": 30, "seal": seal, "confirmed": "1"}).status_code == 409
    assert not PriceMove.objects.exists()


def test_each_seat_of_a_group_costs_the_new_price_and_the_mail_says_the_sum(
    shop: Shop, browser: Client, publisher: Client
) -> None:
    shop.group_plan()
    row = shop.buy_seats(browser, 3)
    reprice(shop, "team", 6000)
    assert "$180 a year" in text_of(publisher.post(page_of("team"), {"days": 30}))
    move(publisher, "team")
    shop.settle()
    (text,) = told()
    assert "Until then: $150 a year" in text
    assert ": $180 a year" in text
    begins = PriceMove.objects.get().begins_at
    assert begins is not None
    with shop.at(begins - 10 * DAY):
        housekeeping(shop)
        item = at_stripe(shop, row)["items"]["data"][0]
        assert (item["price"]["unit_amount"], item["quantity"]) == (6000, 3)
        assert len(told()) == 1


def test_support_does_not_move_anybody(shop: Shop, monthly: Subscription) -> None:
    reprice(shop, "monthly", 1000)
    support = staff(SUPPORT)
    assert support.get(page_of("monthly")).status_code == 403
    assert support.post(page_of("monthly"), {"days": 30}).status_code == 403


def test_a_plan_that_is_paid_once_has_no_subscribers_to_move(shop: Shop, publisher: Client) -> None:
    shop.once("pass")
    assert publisher.get(page_of("pass")).status_code == 404


def test_more_than_one_task_takes_are_all_told(shop: Shop, publisher: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_moves, "AT_ONCE", 2)
    for number in range(5):
        shop.subscribe(make.logged_in(make.user(f"reader{number}@example.org")), plan="monthly")
    reprice(shop, "monthly", 1000)
    move(publisher, "monthly")
    for _ in range(3):
        shop.settle()
    assert len(told()) == 5
    assert set(PriceMove.objects.values_list("state", flat=True)) == {"told"}
