"""The hosted page of an invoice: what it is for, and, while it is open, a way to pay or to authenticate it."""

from __future__ import annotations

from stripe_sandbox.markup import (
    Answer,
    Html,
    alert,
    bank_page,
    button,
    day,
    element,
    link,
    money,
    page,
    post_form,
    redirect,
    table,
)
from stripe_sandbox.surface import Object, Surface, find

STATES = {"draft": "Not final yet", "open": "Not paid yet", "paid": "Paid", "uncollectible": "Not paid", "void": "Void"}
PAYABLE = ("open", "uncollectible")


def handle(sandbox: Surface, invoice_id: str, form: dict[str, str] | None, card: str | None, choice: Html) -> Answer:
    """`card` is what the form chose, `choice` the fields that offer it."""
    invoice = find(sandbox, "invoice", invoice_id)
    if invoice is None:
        return page("There is no such invoice", element("p", "The address may be mistyped."), status=404)
    if form is None or invoice["status"] not in PAYABLE:
        return overview(sandbox, invoice, choice)
    if form.get("action") != "on_file" and card is None:
        return overview(sandbox, invoice, choice, "That is not one of the test numbers below.")
    on_file = form.get("action") == "on_file"
    if on_file and not has_card(sandbox, invoice):
        return overview(sandbox, invoice, choice, "There is no card on file.")
    result = sandbox.pay_invoice(invoice_id, "" if on_file else card or "")
    if result["outcome"] == "needs_3ds":
        return redirect(f"{address_of(invoice)}/3ds")
    return overview(sandbox, invoice, choice, result["message"])


def authentication(sandbox: Surface, invoice_id: str, form: dict[str, str] | None, choice: Html) -> Answer:
    invoice = find(sandbox, "invoice", invoice_id)
    if invoice is None or not waits(sandbox, invoice):
        return redirect(f"/c/invoice/{invoice_id}") if invoice else page("There is no such invoice", status=404)
    if form is not None:
        result = sandbox.confirm_invoice(invoice_id, ok=form.get("outcome") == "complete")
        return overview(sandbox, invoice, choice, result["message"])
    return bank_page(f"{address_of(invoice)}/3ds")


def overview(sandbox: Surface, invoice: Object, choice: Html, message: str = "") -> Answer:
    rows = [
        [line["description"] or "", day(line["period"]["end"]), money(line["amount"], line["currency"])]
        for line in invoice["lines"]["data"]
    ]
    return page(
        f"Invoice {invoice['number'] or ''}".strip(),
        alert(message) if message else Html(""),
        element("p", f"{money(invoice['total'], invoice['currency'])}, {invoice['status']}"),
        element("p", STATES.get(invoice["status"], ""), class_="soft"),
        table("Lines", ["For", "Until", "Amount"], rows, empty="There is nothing on it."),
        *payment(sandbox, invoice, choice),
    )


def payment(sandbox: Surface, invoice: Object, choice: Html) -> list[Html]:
    if invoice["status"] not in PAYABLE:
        return []
    label = f"Pay {money(invoice['amount_remaining'], invoice['currency'])}"
    parts = [element("p", link("Authenticate this payment", f"{address_of(invoice)}/3ds", class_="main"))]
    if not waits(sandbox, invoice):
        parts = []
    if has_card(sandbox, invoice):
        on_file = button(f"{label} with the card on file", name="action", value="on_file")
        parts.append(post_form(address_of(invoice), on_file))
    return [*parts, post_form(address_of(invoice), choice, button(label, class_="main"), class_="pay")]


def address_of(invoice: Object) -> str:
    return f"/c/invoice/{invoice['id']}"


def waits(sandbox: Surface, invoice: Object) -> bool:
    """Whether its payment waits for authentication."""
    mine = [one for one in sandbox.objects("invoice_payment") if one["invoice"] == invoice["id"]]
    intents = [find(sandbox, "payment_intent", one["payment"]["payment_intent"]) for one in mine]
    return any(one is not None and one["status"] == "requires_action" for one in intents)


def has_card(sandbox: Surface, invoice: Object) -> bool:
    return any(one["customer"] == invoice["customer"] for one in sandbox.objects("payment_method"))
