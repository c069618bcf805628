"""The ledger says what the page said: each word and price that stood beside a button, over HTTP, by the reader's own
copy of the ledger.
"""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from subscriptions.catalogue import sync_plans
from subscriptions.models import (
    Agreement,
    Grant,
    GrantSource,
    Group,
    Lead,
    Plan,
    PlanAmount,
    PlanPrice,
    Subscription,
)
from subscriptions.stripe_gateway import Gateway, StripeAway
from tests import make
from tests.shop import Shop
from tests.subscriptions.changes import add_plan, address, hidden, period_of, quote_page

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "new@example.org"
DAY = timedelta(days=1)


@pytest.fixture
def euros(shop: Shop) -> Shop:
    """The annual plan by the month and in euros too."""
    annual = Plan.objects.get(key="annual")
    PlanAmount.objects.create(plan=annual, amount_minor=7900, currency="EUR", interval="year")
    PlanAmount.objects.create(plan=annual, amount_minor=1000, currency="EUR", interval="month")
    sync_plans()
    shop.settle()
    return shop


@pytest.fixture
def reader() -> Client:
    return make.logged_in(make.user(ADDRESS))


def flat(text: str) -> str:
    """As a reader reads it: without marks, each run of spaces one."""
    without = re.sub(r"<[^>]*>", " ", re.sub(r"</?strong>", "", text))
    return " ".join(html.unescape(without).split())


def copy_of(client: Client) -> str:
    return flat(client.get("/account/agreements/agreements.txt").content.decode())


def option_of(page: str, key: str) -> str:
    """What stands in the option of this button."""
    (found,) = [part for part in re.split('<div class="option(?=[ "])', page) if f'name="plan" value="{key}"' in part]
    return found


def part_of(option: str, start: str, end: str) -> str:
    return flat(option.partition(start)[2].partition(">")[2].partition(end)[0])


def fields_of(page: str) -> dict[str, Any]:
    """The hidden fields of the options' form, as a browser sends them."""
    form = page[page.index('action="/subscribe/start/"') :].partition("</form>")[0]
    found: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(html.unescape(value))
    return found


def press(client: Client, page: str, key: str, **fields: str) -> HttpResponse:
    form = fields_of(page) | {"email": ADDRESS, "plan": key} | fields
    return client.post("/subscribe/start/", form, headers={"Sec-Fetch-Site": "same-origin"})


def said_on(page: str, row: Agreement) -> None:
    """Each line of the row stood on the page."""
    shown = flat(page)
    for line in filter(None, [*row.wording.splitlines(), row.small_print]):
        words = line.removeprefix("[").removesuffix("]")
        assert words.replace(": ", " ") in shown or words in shown, line


CASES: dict[str, tuple[str, str, str, int]] = {
    "annual": ("", "$89 a year", "$89 today and every year. Cancel online at any time.", 0),
    "monthly": ("", "$9 a month", "$9 today and every month. Cancel online at any time.", 0),
    "annual.month": ("eur", "€10 a month", "€10 today and every month. Cancel online at any time.", 0),
    "annual.month with a trial": (
        "eur",
        "€10 a month 7 days free, then €10 a month until you cancel.",
        "Nothing is charged for 7 days; who cancels until then pays nothing. Cancel online at any time.",
        7,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_price_trial_and_small_print_are_those_of_the_option(euros: Shop, reader: Client, case: str) -> None:
    currency, price, small, days = CASES[case]
    key = case.partition(" ")[0]
    Plan.objects.filter(key="annual").update(trial_days=days)
    page = reader.get("/subscribe/", {"currency": currency} if currency else {}).content.decode()
    option = option_of(page, key)
    assert part_of(option, 'class="option__price"', "</p>") == price
    assert part_of(option, 'class="small" id="small-print', "</p>") == small
    assert press(reader, page, key).status_code == 303
    kept = copy_of(reader)
    assert price in kept
    assert small in kept
    row = Agreement.objects.get()
    said_on(page, row)
    assert (row.price_label, "89" in kept) == (re.split(r" \d", price)[0], price.startswith("$89"))


@pytest.mark.parametrize("email", [ADDRESS])
def test_the_row_of_the_gate_has_the_price_that_was_chosen(euros: Shop, email: str) -> None:
    page = Client().get("/subscribe/", {"currency": "eur"}).content.decode()
    assert press(Client(), page, "annual.month").status_code == 303
    row = Agreement.objects.get(kind="gate")
    assert (row.amount_minor, row.currency, row.interval) == (1000, "EUR", "month")
    assert row.small_print == "€10 today and every month. Cancel online at any time."
    said_on(page, row)
    user = make.user(email)
    Lead.objects.update(user=user)
    assert "gave an address at the gate: Annual, €10 a month" in copy_of(make.logged_in(user))


def test_who_has_had_a_trial_agreed_to_none(shop: Shop, reader: Client) -> None:
    Plan.objects.filter(key="monthly").update(trial_days=7)
    shop.end_now(shop.subscribe(reader, plan="monthly"))
    before = set(Agreement.objects.values_list("pk", flat=True))
    page = reader.get("/subscribe/").content.decode()
    assert press(reader, page, "monthly").status_code == 303
    row = Agreement.objects.exclude(pk__in=before).get()
    assert "Without a free trial, since you have had one." in row.wording
    assert row.small_print == "$9 today and every month. Cancel online at any time."
    assert "days free" not in row.wording
    said_on(page, row)


def test_a_trial_without_a_card_is_said_to_go_on_with_one_alone(shop: Shop, reader: Client) -> None:
    Plan.objects.filter(key="monthly").update(trial_days=7, trial_needs_card=False)
    page = reader.get("/subscribe/").content.decode()
    small = part_of(option_of(page, "monthly"), 'class="small" id="small-print', "</p>")
    assert "It goes on only if you add a card by then." in small
    assert press(reader, page, "monthly").status_code == 303
    assert small in copy_of(reader)
    Plan.objects.update(trial_needs_card=True)
    assert "add a card" not in reader.get("/subscribe/").content.decode()


def test_the_seats_of_a_group_are_in_it(shop: Shop, reader: Client) -> None:
    shop.group_plan()
    page = reader.get("/subscribe/").content.decode()
    assert press(reader, page, "team", **{"seats-team": "5"}).status_code == 303
    kept = copy_of(reader)
    assert "went to the payment page: Team, $250 a year" in kept
    assert "Team $50 a seat a year" in kept
    assert "Seats: 5" in kept
    assert part_of(option_of(page, "team"), 'class="small" id="small-print', "</p>") in kept


def test_what_a_code_gives_is_in_it(euros: Shop, reader: Client) -> None:
    euros.promotion(amount_off=500, currency="eur", duration="forever")
    page = reader.get("/subscribe/", {"currency": "eur"}).content.decode()
    asked = press(reader, page, "annual.month", code="SPRING")
    sentence = "You pay €5 a month instead of €10 a month, until you cancel."
    assert sentence in flat(asked.content.decode())
    assert not Agreement.objects.exists(), "shown is not agreed to"
    agreed = press(reader, page, "annual.month", code="SPRING", agreed=hidden(asked, "agreed"))
    assert agreed.status_code == 303
    kept = copy_of(reader)
    for said in (sentence, "Your code “SPRING” counts", "[Go to the payment page]", "€10 today and every month."):
        assert said in kept
    said_on(page + asked.content.decode(), Agreement.objects.get())


def test_whose_gift_runs_is_told_of_the_first_payment_and_so_is_the_ledger(shop: Shop, reader: Client) -> None:
    Plan.objects.filter(key="annual").update(trial_days=14)
    user, end = User.objects.get(email=ADDRESS), timezone.now() + 40 * DAY
    grant = Grant.objects.create(user=user, source=GrantSource.GIFT, starts_at=timezone.now() - DAY, ends_at=end)
    page = reader.get("/subscribe/").content.decode()
    small = part_of(option_of(page, "annual"), 'class="small" id="small-print', "</p>")
    day = f"{timezone.localtime(end):%-d %B %Y}"
    assert small == f"$89 on {day}, after your gift, and then every year. Cancel online at any time."
    assert "days free" not in page
    assert press(reader, page, "annual").status_code == 303
    kept = copy_of(reader)
    assert small in kept
    assert "today" not in kept
    said_on(page, Agreement.objects.get())
    # A gift that was taken back meanwhile: nobody is charged at once who was told of a later day.
    grant.revoked_at = timezone.now()
    grant.save()
    assert press(reader, page, "annual").status_code == 409


def test_what_a_code_gives_after_a_gift_says_so(shop: Shop, reader: Client) -> None:
    Plan.objects.filter(key="annual").update(trial_days=14)
    shop.promotion(percent_off=50, duration="once")
    user, end = User.objects.get(email=ADDRESS), timezone.now() + 40 * DAY
    Grant.objects.create(user=user, source=GrantSource.GIFT, starts_at=timezone.now() - DAY, ends_at=end)
    page = reader.get("/subscribe/").content.decode()
    asked = press(reader, page, "annual", code="SPRING")
    first = f"The first payment is on {timezone.localtime(end):%-d %B %Y}, after your gift."
    assert hidden(asked, "agreed") == f"{first} You pay $44.50 for the first year, then $89 a year until you cancel."
    assert press(reader, page, "annual", code="SPRING", agreed=hidden(asked, "agreed")).status_code == 303
    assert first in copy_of(reader)


def test_words_that_changed_are_noted_though_the_payment_page_is_the_same(shop: Shop, reader: Client) -> None:
    first = shop.checkout(reader)
    assert shop.checkout(reader) == first
    assert Agreement.objects.count() == 1, "the same button twice"
    Plan.objects.filter(key="annual").update(small_print="{price} now. Nothing more.")
    assert shop.checkout(reader) == first
    assert [row.small_print for row in Agreement.objects.order_by("pk")][1:] == ["$89 now. Nothing more."]


@pytest.mark.parametrize("kind", ["pass", "gift"])
def test_what_is_paid_once_is_in_it_as_its_page_says(shop: Shop, reader: Client, kind: str) -> None:
    shop.once(kind, small_print="{price} and no more.", pass_hours=24, gift_months=12)
    page = reader.get("/gift-subscription/" if kind == "gift" else "/subscribe/").content.decode()
    answer = shop.give(reader) if kind == "gift" else shop.buy(reader)
    assert answer.status_code == 303
    row = Agreement.objects.get()
    said_on(page, row)
    assert row.small_print == "$3 and no more."
    assert ("[On to the payment]" if kind == "gift" else "Pass: $3, paid once.") in row.wording


# --- Changes ------------------------------------------------------------------------------------------------------
@pytest.fixture
def light(shop: Shop) -> PlanPrice:
    return add_plan(shop, "light", 400, allowance=3)


@pytest.fixture
def library(shop: Shop) -> PlanPrice:
    return add_plan(shop, "library", 900)


def agree(client: Client, row: Subscription, wanted: PlanPrice) -> str:
    """Look at what it costs, and agree: what the page said, without what stands around it."""
    page = quote_page(client, row, wanted)
    sent = client.post(address(row, f"change/{wanted.pk}"), {"quote": hidden(page, "quote")})
    assert sent.status_code == 302
    shown = page.content.decode().partition("<h1>")[2]
    facts, button = re.sub("</dt><dd>", ": ", shown).partition("<form")[0], r'type="submit">([^<]*)<'
    return f"{flat(facts)} [{html.unescape(re.findall(button, shown)[0])}]"


@pytest.mark.parametrize(
    ("owed", "said"),
    [(0, "Taken off for time not used: $"), (-2000, "Left over, for payments to come: $")],
)
def test_a_dearer_plan_is_noted_in_the_words_of_its_page(
    shop: Shop, reader: Client, light: PlanPrice, library: PlanPrice, owed: int, said: str
) -> None:
    row = shop.subscribe(reader, plan="light")
    Gateway().update_customer(row.customer.stripe_id, {"balance": owed})
    start, end = period_of(shop, row)
    with shop.at(start + (end - start) / 2):
        reader = make.logged_in(User.objects.get(email=ADDRESS))
        shown = agree(reader, row, library)
        assert said in shown
        assert ("[Pay $" in shown) is (owed == 0)
        assert shown in copy_of(reader)


def test_a_cheaper_plan_is_noted_in_the_words_of_its_page(
    shop: Shop, reader: Client, light: PlanPrice, library: PlanPrice
) -> None:
    shown = agree(reader, shop.subscribe(reader, plan="library"), light)
    assert "you keep what you have paid for. From that day you pay $4 a month instead of $9 a month." in shown
    assert "Until that day you can take this back on your account page. [Change to Light]" in shown
    assert shown in copy_of(reader)
    assert "today and every" not in Agreement.objects.get(kind="change").small_print, "that page has none"


def test_a_change_in_a_trial_is_noted_in_the_words_of_its_page(
    shop: Shop, reader: Client, light: PlanPrice, library: PlanPrice
) -> None:
    Plan.objects.filter(key="light").update(trial_days=7)
    shown = agree(reader, shop.subscribe(reader, plan="light"), library)
    assert "The day of the first payment stays as it is. [Change to Library]" in shown
    assert shown in copy_of(reader)


def test_a_group_is_told_what_all_of_its_seats_cost(shop: Shop, reader: Client) -> None:
    team = shop.group_plan()
    PlanAmount.objects.create(plan=team, amount_minor=600, currency="USD", interval="month")
    sync_plans()
    shop.settle()
    row = shop.buy_seats(reader, 3)
    wanted = PlanPrice.objects.get(plan=team, interval="month")
    assert "you pay $18 a month instead of $150 a year" in agree(reader, row, wanted)
    kept = copy_of(reader)
    assert ": Team, $18 a month Change to Team?" in kept


def test_it_is_noted_before_stripe_is_asked_to_do_it(
    shop: Shop, reader: Client, light: PlanPrice, library: PlanPrice
) -> None:
    row = shop.subscribe(reader, plan="light")
    form = {"quote": hidden(quote_page(reader, row, library), "quote")}
    with mock.patch.object(Gateway, "update_subscription", side_effect=StripeAway("broken on purpose")):
        reader.post(address(row, f"change/{library.pk}"), form)
    row.refresh_from_db()
    assert row.plan != library.plan
    assert "Change to Library?" in copy_of(reader)


@pytest.mark.parametrize(
    ("seats", "days_free", "said"),
    [
        (8, 0, "[Pay $150 and add the seats]"),
        (4, 0, "Your next payment, on"),
        (2, 0, "stays to your credit."),
        (8, 7, "Nothing is due now. From the first payment on each seat costs $50 a year."),
    ],
)
def test_other_numbers_of_seats_are_noted_in_the_words_of_their_page(
    shop: Shop, reader: Client, seats: int, days_free: int, said: str
) -> None:
    shop.group_plan(trial_days=days_free)
    shop.buy_seats(reader, 5)
    door = f"/account/group/{Group.objects.get().pk}/seats/"
    page = reader.get(door, {"seats": seats})
    with mock.patch.object(Gateway, "update_subscription", side_effect=StripeAway("broken on purpose")):
        reader.post(door, {"agreed": hidden(page, "agreed")})
    row = Agreement.objects.get(kind="change")
    assert said in row.wording
    said_on(page.content.decode(), row)
