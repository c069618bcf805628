"""The part of the control page where banks and cards act: debits, disputes, refunds sent back, cards, finalisation."""

from __future__ import annotations

from collections.abc import Callable

from stripe_sandbox.markup import Html, button, element, hidden, join, money, post_form, table
from stripe_sandbox.surface import Object, Surface, find

ADDRESS = "/sandbox/"
MOST_SHOWN = 20
NEXT = {
    "needs_response": ("under_review", "won", "lost"),
    "under_review": ("won", "lost"),
    "warning_needs_response": ("warning_under_review", "warning_closed", "needs_response"),
    "warning_under_review": ("warning_closed", "needs_response"),
}
BEGINNINGS = ("needs_response", "warning_needs_response")


def act(sandbox: Surface, action: str, form: dict[str, str]) -> bool:
    """Does what one of these forms asks for; False for what is not offered."""
    return action in ACTIONS and ACTIONS[action](sandbox, form)


def settle_debit(sandbox: Surface, form: dict[str, str]) -> bool:
    session = find(sandbox, "checkout.session", form.get("session", ""))
    if session is None or not sandbox.awaits_debit(session["id"]) or form.get("outcome") not in ("paid", "refused"):
        return False
    sandbox.settle_debit(session["id"], form["outcome"] == "paid")
    return True


def dispute(sandbox: Surface, form: dict[str, str]) -> bool:
    status = form.get("status", "")
    charge = find(sandbox, "charge", form.get("charge", ""))
    if charge and not charge["disputed"] and charge["paid"] and status in BEGINNINGS:
        sandbox.open_dispute(charge["id"], status)
        return True
    begun = find(sandbox, "dispute", form.get("dispute", ""))
    if begun and status in NEXT.get(begun["status"], ()):
        sandbox.move_dispute(begun["id"], status)
        return True
    return False


def fail_refund(sandbox: Surface, form: dict[str, str]) -> bool:
    refund = find(sandbox, "refund", form.get("refund", ""))
    if refund is None or refund["status"] != "succeeded":
        return False
    sandbox.fail_refund(refund["id"])
    return True


def age_card(sandbox: Surface, form: dict[str, str]) -> bool:
    customer = find(sandbox, "customer", form.get("customer", ""))
    if customer is None or not customer["invoice_settings"]["default_payment_method"]:
        return False
    match form.get("step"):
        case "expires":
            sandbox.expire_card(customer["id"])
        case "renewed":
            sandbox.renew_card(customer["id"])
        case _:
            return False
    return True


def fail_finalization(sandbox: Surface, form: dict[str, str]) -> bool:
    invoice = find(sandbox, "invoice", form.get("invoice", ""))
    if "invoice" not in form:
        sandbox.fail_finalizations(1)
        return True
    if invoice is None or invoice["status"] != "draft" or not invoice["last_finalization_error"]:
        return False
    sandbox.finalize_invoice(invoice["id"])
    return True


ACTIONS: dict[str, Callable[[Surface, dict[str, str]], bool]] = {
    "debit": settle_debit,
    "dispute": dispute,
    "refund": fail_refund,
    "card": age_card,
    "finalization": fail_finalization,
}


def section(sandbox: Surface) -> Html:
    return element(
        "section",
        element("h2", "Money"),
        table("Money", ["What", "Amount", "State", "Control"], rows(sandbox), empty="Nothing was paid yet."),
        element("p", "The next renewal's invoice:", class_="soft"),
        post_form(f"{ADDRESS}finalization", button("Cannot be finalised"), class_="row"),
    )


def rows(sandbox: Surface) -> list[list[str]]:
    """Debits and disputes that are open, then the latest charges and refunds, and what waits to be finalised."""
    debits = [each for each in sandbox.objects("checkout.session") if sandbox.awaits_debit(each["id"])]
    drafts = [each for each in sandbox.objects("invoice") if each.get("last_finalization_error")]
    return [
        *([each["id"], _amount(each, "amount_total"), "debit on its way", _debit(each)] for each in debits),
        *([each["id"], _amount(each, "total"), "not finalised", _draft(each)] for each in drafts),
        *([each["id"], _amount(each), each["status"], _dispute(each)] for each in _latest(sandbox, "dispute")),
        *([each["id"], _amount(each), each["status"], _refund(each)] for each in _latest(sandbox, "refund")),
        *([each["id"], _amount(each), each["status"], _charge(each)] for each in _latest(sandbox, "charge")),
    ]


def card_form(customer: Object) -> Html:
    """For the row of a customer: their card grows old, or gets a successor."""
    if customer.get("deleted") or not customer.get("invoice_settings", {}).get("default_payment_method"):
        return Html("–")
    buttons = [
        button("Card expires soon", name="step", value="expires"),
        button("Card renewed", name="step", value="renewed"),
    ]
    return post_form(f"{ADDRESS}card", hidden("customer", customer["id"]), *buttons, class_="row")


def _latest(sandbox: Surface, kind: str) -> list[Object]:
    return list(sandbox.objects(kind))[::-1][:MOST_SHOWN]


def _amount(thing: Object, field: str = "amount") -> str:
    return money(thing[field], thing["currency"])


def _debit(session: Object) -> Html:
    buttons = [button("Paid", name="outcome", value="paid"), button("Refused", name="outcome", value="refused")]
    return post_form(f"{ADDRESS}debit", hidden("session", session["id"]), *buttons, class_="row")


def _draft(invoice: Object) -> Html:
    return post_form(f"{ADDRESS}finalization", hidden("invoice", invoice["id"]), button("Finalise"))


def _dispute(dispute: Object) -> Html:
    steps = NEXT.get(dispute["status"], ())
    buttons = [button(step.replace("_", " "), name="status", value=step) for step in steps]
    if not buttons:
        return Html("–")
    return post_form(f"{ADDRESS}dispute", hidden("dispute", dispute["id"]), *buttons, class_="row")


def _refund(refund: Object) -> Html:
    if refund["status"] != "succeeded":
        return Html("–")
    return post_form(f"{ADDRESS}refund", hidden("refund", refund["id"]), button("Send back"))


def _charge(charge: Object) -> Html:
    if charge["disputed"] or not charge["paid"]:
        return Html("–")
    names = {"needs_response": "Dispute", "warning_needs_response": "Inquiry"}
    buttons = join([button(names[step], name="status", value=step) for step in BEGINNINGS])
    return post_form(f"{ADDRESS}dispute", hidden("charge", charge["id"]), buttons, class_="row")
