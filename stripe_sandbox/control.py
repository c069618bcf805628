"""The control page of the stand-in: the clock, how events are delivered, failing calls, and what there is.

Every control is a form with our token; it calls the Sandbox's own method and comes back here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from stripe_sandbox import money_page
from stripe_sandbox.markup import (
    Answer,
    Html,
    button,
    day,
    element,
    link,
    moment,
    page,
    post_form,
    redirect,
    table,
)
from stripe_sandbox.surface import Object, Surface, ends_at, find, period_end

ADDRESS = "/sandbox/"
STEPS = (1, 7, 31, 366)
MODES = ("normal", "duplicate", "shuffle", "hold", "drop", "slow")
FAILURES = (429, 500)
EVENTS = 50
MOST_DAYS = 3660
MOST_FAILURES = 1000


class Refused(Exception):
    """A form asked for something that is not offered."""


def handle(sandbox: Surface, action: str, form: dict[str, str] | None) -> Answer:
    """The page itself, or one control; 400 for a value that is not offered, 404 for an unknown control."""
    if form is None:
        return overview(sandbox) if not action else page("There is no such page", status=404)
    if money_page.act(sandbox, action, form):
        return redirect(ADDRESS)
    if action in money_page.ACTIONS:
        return page("That cannot be done", link("Go back", ADDRESS), status=400)
    controls = {"advance": advance, "delivery": choose_delivery, "flush": flush, "fail": fail, "retries": retries}
    if action not in controls:
        return page("There is no such control", status=404)
    try:
        controls[action](sandbox, form)
    except Refused as refusal:
        return page("That cannot be done", element("p", str(refusal)), link("Go back", ADDRESS), status=400)
    return redirect(ADDRESS)


def advance(sandbox: Surface, form: dict[str, str]) -> None:
    subscription_id = form.get("subscription", "")
    if not subscription_id:
        sandbox.advance(days=number(form.get("days", ""), MOST_DAYS))
    elif find(sandbox, "subscription", subscription_id):
        sandbox.advance_to_period_end(subscription_id)
    else:
        raise Refused("There is no such subscription.")


def choose_delivery(sandbox: Surface, form: dict[str, str]) -> None:
    if form.get("mode") not in MODES:
        raise Refused("There is no such delivery mode.")
    sandbox.delivery.mode = form["mode"]


def flush(sandbox: Surface, form: dict[str, str]) -> None:
    sandbox.delivery.flush()


def fail(sandbox: Surface, form: dict[str, str]) -> None:
    status = number(form.get("status", ""), max(FAILURES))
    if status not in FAILURES:
        raise Refused("Calls can fail with 429 or 500.")
    sandbox.fail(status=status, count=number(form.get("count", ""), MOST_FAILURES), path=form.get("path", ""))


def retries(sandbox: Surface, form: dict[str, str]) -> None:
    """What a subscription becomes when the last retry of its invoice has failed (Sandbox.retries_end_in)."""
    match form.get("status"):
        case "canceled":
            sandbox.retries_end_in("canceled")
        case "unpaid":
            sandbox.retries_end_in("unpaid")
        case _:
            raise Refused("Retries end in canceled or unpaid.")


def number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise Refused(f"A whole number from 1 to {most} is needed.")
    return int(text)


def overview(sandbox: Surface) -> Answer:
    return page(
        "Stripe stand-in",
        element("div", clock(sandbox), delivery(sandbox), failures(), class_="cards"),
        element("section", element("h2", "Subscriptions"), subscriptions(sandbox)),
        money_page.section(sandbox),
        element("section", element("h2", "Customers"), customers(sandbox)),
        element("section", element("h2", "Latest events"), events(sandbox)),
        wide=True,
    )


def clock(sandbox: Surface) -> Html:
    now = sandbox.now()
    steps = [button(f"{step} day{'s' if step > 1 else ''}", name="days", value=str(step)) for step in STEPS]
    return element(
        "section",
        element("h2", "Clock"),
        element("p", "It is ", element("time", moment(now)), "."),
        element("p", f"Advanced by {span(now - int(time.time()))}.", class_="soft"),
        element("h3", "Advance by"),
        post_form(f"{ADDRESS}advance", *steps, class_="row"),
    )


def span(seconds: int) -> str:
    """Days and minutes; the second that may pass while a page is made does not count."""
    minutes = round(seconds / 60)
    days, rest = divmod(minutes, 24 * 60)
    if not rest:
        return f"{days} days"
    return f"{days} days, {rest // 60} hours, {rest % 60} minutes"


def delivery(sandbox: Surface) -> Html:
    modes = [element("option", mode, value=mode, selected=mode == sandbox.delivery.mode) for mode in MODES]
    return element(
        "section",
        element("h2", "Delivery of events"),
        post_form(
            f"{ADDRESS}delivery",
            element("label", "Mode", element("select", *modes, name="mode"), class_="field"),
            button("Set delivery"),
        ),
        post_form(f"{ADDRESS}flush", button("Send what is held")),
    )


def failures() -> Html:
    statuses = [element("option", str(status), value=str(status)) for status in FAILURES]
    count = element("input", type="number", name="count", value="1", min="1", max=str(MOST_FAILURES), required=True)
    return element(
        "section",
        element("h2", "Failing calls"),
        post_form(
            f"{ADDRESS}fail",
            element("label", "How many of the next calls", count, class_="field"),
            element("label", "Status", element("select", *statuses, name="status"), class_="field"),
            element(
                "label",
                "Only calls whose path contains",
                element("input", type="text", name="path", autocomplete="off"),
                class_="field",
            ),
            button("Let them fail"),
        ),
        element("h3", "When the last retry has failed"),
        post_form(
            f"{ADDRESS}retries",
            button("Subscriptions are canceled", name="status", value="canceled"),
            button("Subscriptions are unpaid", name="status", value="unpaid"),
            class_="row",
        ),
    )


def newest(objects: Iterable[Object]) -> list[Object]:
    """By their moment; of one moment the one listed last first."""
    return sorted(objects, key=lambda each: each["created"])[::-1]


def subscriptions(sandbox: Surface) -> Html:
    rows = []
    for each in newest(sandbox.objects("subscription")):
        end, ends = period_end(each), ends_at(each)
        form = post_form(
            f"{ADDRESS}advance",
            button("Advance to period end", name="subscription", value=each["id"]),
        )
        state = f"{each['status']}, ends on {day(ends)}" if ends and not each.get("ended_at") else each["status"]
        rows.append(
            [each["id"], each["customer"], state, day(end) if end else "–", Html("–") if each.get("ended_at") else form]
        )
    columns = ["Subscription", "Customer", "Status", "Period end", "Clock"]
    return table("Subscriptions", columns, rows, empty="There is none yet.")


def customers(sandbox: Surface) -> Html:
    rows = [
        [each["id"], "deleted" if each.get("deleted") else each.get("email") or "–", money_page.card_form(each)]
        for each in reversed(list(sandbox.objects("customer")))
    ]
    return table("Customers", ["Customer", "E-mail", "Card"], rows, empty="There is none yet.")


def events(sandbox: Surface) -> Html:
    tried: dict[str, list[Any]] = {}
    for event_id, status in list(sandbox.delivery.attempts):
        tried.setdefault(event_id, []).append(status)
    rows = [
        [
            each["type"],
            str(each["data"]["object"].get("id") or "–"),
            moment(each["created"]),
            ", ".join(str(status) for status in tried.get(each["id"], [])) or "not sent",
        ]
        for each in newest(sandbox.objects("event"))[:EVENTS]
    ]
    return table("Latest events", ["Type", "Object", "Made", "Delivery"], rows, empty="There is none yet.")
