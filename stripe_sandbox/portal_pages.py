"""The hosted portal: a customer's subscriptions, card and invoices. Whoever holds the session's address sees it."""

from __future__ import annotations

from urllib.parse import urlsplit

from stripe_sandbox.markup import (
    Answer,
    Html,
    button,
    day,
    element,
    hidden,
    link,
    money,
    page,
    post_form,
    redirect,
    table,
)
from stripe_sandbox.surface import Object, Surface, ends_at, find, period_end

LIVE = ("trialing", "active", "past_due", "unpaid", "paused")
CARD_FLOW = "payment_method_update"  # a session that shows the card and nothing else
CARD_WORDS = {"succeeds": "4242 4242 4242 4242 – works", "fails_at_renewal": "4000 0000 0000 0341 – fails at renewal"}


def handle(sandbox: Surface, session_id: str, query: dict[str, str], form: dict[str, str] | None) -> Answer:
    session = find(sandbox, "billing_portal.session", session_id)
    if session is None:
        return page("There is no such page", element("p", "The address may be mistyped."), status=404)
    if form is not None:
        return change(sandbox, session, form)
    if query.get("cancel"):
        subscription = owned(sandbox, session, query["cancel"])
        return confirmation(session, subscription) if subscription else redirect(address_of(session))
    return overview(sandbox, session)


def change(sandbox: Surface, session: Object, form: dict[str, str]) -> Answer:
    """Do what a button asks for, to this customer's things alone; 400 for anything else."""
    subscription = owned(sandbox, session, form.get("subscription", ""))
    match form.get("action"):
        case "cancel" if subscription:
            sandbox.portal_cancel(subscription["id"])
        case "keep" if subscription:
            sandbox.portal_keep(subscription["id"])
        case "card" if form.get("card") in CARD_WORDS and find(sandbox, "customer", session["customer"]):
            sandbox.set_card(session["customer"], card=form["card"])
            if back := return_after(session):
                return redirect(back)
        case _:
            return page("That cannot be done", element("p", link("Go back", address_of(session))), status=400)
    return redirect(address_of(session))


def return_after(session: Object) -> str:
    """Where a session for one thing alone leads once that is done; empty where it says nothing of it."""
    after = (session.get("flow") or {}).get("after_completion") or {}
    return str((after.get("redirect") or {}).get("return_url") or "")


def address_of(session: Object) -> str:
    return f"/p/session/{session['id']}"


def owned(sandbox: Surface, session: Object, subscription_id: str) -> Object | None:
    """A live subscription of this session's customer."""
    found = find(sandbox, "subscription", subscription_id) if subscription_id else None
    is_theirs = found is not None and found["customer"] == session["customer"] and found["status"] in LIVE
    return found if is_theirs else None


def confirmation(session: Object, subscription: Object) -> Answer:
    end = period_end(subscription)
    until = f"It stays in use until {day(end)} and is not renewed." if end else "It is not renewed."
    return page(
        "Cancel this subscription?",
        element("p", until),
        post_form(
            address_of(session),
            hidden("subscription", subscription["id"]),
            button("Cancel subscription", name="action", value="cancel", class_="main"),
        ),
        element("p", link("Go back", address_of(session))),
    )


def overview(sandbox: Surface, session: Object) -> Answer:
    customer = find(sandbox, "customer", session["customer"])
    mine = [each for each in sandbox.objects("subscription") if each["customer"] == session["customer"]]
    return_url = session.get("return_url") or ""
    back = link(f"Back to {urlsplit(return_url).netloc}", return_url) if return_url else ""
    if customer and (session.get("flow") or {}).get("type") == CARD_FLOW:
        leads_to = filter(None, [return_after(session)])
        return page("Your payment method", card_section(session), element("p", back), leads_to=leads_to)
    return page(
        "Your subscription",
        element("p", (customer or {}).get("email") or "", class_="soft"),
        *(subscription_section(sandbox, session, each) for each in mine),
        Html("") if mine else element("p", "There is no subscription."),
        card_section(session) if customer else Html(""),
        invoices_section(sandbox, session),
        element("p", back),
    )


def subscription_section(sandbox: Surface, session: Object, subscription: Object) -> Html:
    prices = [item["price"] for item in subscription["items"]["data"]]
    return element(
        "section",
        element("h2", " + ".join(plan_name(sandbox, price) for price in prices)),
        element("p", " + ".join(price_words(price) for price in prices), class_="price"),
        element("p", state_words(subscription)),
        *subscription_form(session, subscription),
    )


def subscription_form(session: Object, subscription: Object) -> list[Html]:
    if subscription["status"] not in LIVE:
        return []
    if ends_at(subscription):
        return [
            post_form(
                address_of(session),
                hidden("subscription", subscription["id"]),
                button("Don’t cancel", name="action", value="keep"),
            )
        ]
    # A question first, so nothing changes yet: a form by GET.
    question = [hidden("cancel", subscription["id"]), button("Cancel subscription")]
    return [element("form", *question, method="get", action=address_of(session))]


def state_words(subscription: Object) -> str:
    if subscription["status"] not in LIVE:
        ended = subscription.get("ended_at")
        return f"Ended on {day(ended)}" if ended else f"Status: {subscription['status']}"
    if end := ends_at(subscription):
        return f"Ends on {day(end)}"
    end = period_end(subscription)
    following = f"Renews on {day(end)}" if end else "Renews"
    return following if subscription["status"] == "active" else f"{following} (status: {subscription['status']})"


def plan_name(sandbox: Surface, price: Object) -> str:
    product = find(sandbox, "product", price["product"])
    return str(product["name"] if product else price.get("nickname") or price["id"])


def price_words(price: Object) -> str:
    """`$9.00 a month`, `€30.00 every 3 months`, `¥500 once`."""
    amount = money(price["unit_amount"], price["currency"])
    recurring = price.get("recurring")
    if not recurring:
        return f"{amount} once"
    count = recurring.get("interval_count", 1)
    return f"{amount} a {recurring['interval']}" if count == 1 else f"{amount} every {count} {recurring['interval']}s"


def card_section(session: Object) -> Html:
    choices = [element("option", words, value=card) for card, words in CARD_WORDS.items()]
    return element(
        "section",
        element("h2", "Payment method"),
        post_form(
            address_of(session),
            element("label", "Test card", element("select", *choices, name="card"), class_="field"),
            button("Update card", name="action", value="card"),
        ),
    )


def invoices_section(sandbox: Surface, session: Object) -> Html:
    mine = [each for each in sandbox.objects("invoice") if each["customer"] == session["customer"]]
    mine.sort(key=lambda invoice: (invoice["created"], invoice["id"]), reverse=True)
    rows = [
        [
            link(invoice.get("number") or invoice["id"], f"/c/invoice/{invoice['id']}"),
            day(invoice["created"]),
            money(invoice["total"], invoice["currency"]),
            "Paid" if invoice["status"] == "paid" else f"Not paid ({invoice['status']})",
        ]
        for invoice in mine
    ]
    listed = table("Invoices", ["Number", "Date", "Amount", "State"], rows, empty="There is no invoice.")
    return element("section", element("h2", "Invoices"), listed)
