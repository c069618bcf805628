"""The door to the stand-in's pages, and the hosted payment page with its 3-D Secure step.

Looks and forms only: what a card does, and what follows from it, is the Sandbox's business.
"""

from __future__ import annotations

from stripe_sandbox import checkout_fields, control, invoice_pages, portal_pages
from stripe_sandbox.markup import (
    Answer,
    Html,
    alert,
    bank_page,
    button,
    element,
    is_ours,
    join,
    link,
    money,
    page,
    post_form,
    redirect,
)
from stripe_sandbox.surface import Object, Surface, find

__all__ = ["Answer", "handle"]

# Stripe's own test numbers (https://docs.stripe.com/testing), by what they do.
CARDS = {
    "succeeds": ("4242 4242 4242 4242", "Works"),
    "declined": ("4000 0000 0000 0002", "Is declined"),
    "other": ("5555 5555 5555 4444", "Works; another card"),
    "needs_3ds": ("4000 0025 0000 3155", "Asks for authentication (3-D Secure)"),
    "fails_at_renewal": ("4000 0000 0000 0341", "Works now, fails at renewal"),
    "needs_3ds_later": ("4000 0027 6000 3184", "Works now, asks for authentication at renewal"),
    "sepa": ("DE89 3704 0044 0532 0130 00", "SEPA debit, paid some days later"),
    "sepa_fails": ("DE62 3704 0044 0532 0130 01", "SEPA debit, refused some days later"),
}
DEBITS = ("sepa", "sepa_fails")
BY_NUMBER = {number.replace(" ", ""): card for card, (number, _) in CARDS.items()}
DECLINED = "Your card was declined."
NOT_AUTHENTICATED = "We could not authenticate your card. Please choose another one."
NO_ADDRESS = "Please give your e-mail address."
UNKNOWN_CARD = "That is not one of the test numbers below, and no other card can be used here."


def handle(sandbox: Surface, method: str, path: str, query: dict[str, str], form: dict[str, str]) -> Answer:
    """Answer one request under /c/, /p/ or /sandbox/: 403 for a form without our token, 405 for other methods."""
    if method not in ("GET", "HEAD", "POST"):
        return page("This page takes no such request", status=405)
    if method == "POST" and not is_ours(form):
        return page("This form has expired", element("p", "Go back, reload the page and try again."), status=403)
    is_post = method == "POST"
    match path.strip("/").split("/"):
        case ["c", "pay", session_id]:
            return checkout(sandbox, session_id, form if is_post else None)
        case ["c", "pay", session_id, "3ds"]:
            return authentication(sandbox, session_id, form if is_post else None)
        case ["c", "invoice", invoice_id]:
            choice = card_choice("succeeds", {})
            return invoice_pages.handle(sandbox, invoice_id, form if is_post else None, chosen_card(form), choice)
        case ["c", "invoice", invoice_id, "3ds"]:
            form_given = form if is_post else None
            return invoice_pages.authentication(sandbox, invoice_id, form_given, card_choice("succeeds", {}))
        case ["c", "receipt" | "invoice", document_id, *rest] if rest in ([], ["pdf"]):
            return document(sandbox, document_id)
        case ["p", "session", session_id]:
            return portal_pages.handle(sandbox, session_id, query, form if is_post else None)
        case ["sandbox", *rest] if len(rest) <= 1:
            return control.handle(sandbox, "".join(rest), form if is_post else None)
    return page("There is no such page", status=404)


def checkout(sandbox: Surface, session_id: str, form: dict[str, str] | None) -> Answer:
    session = find(sandbox, "checkout.session", session_id)
    if session is None or not is_payable(sandbox, session):
        return closed(session)
    if form is None:
        return payment_page(sandbox, session)
    if form.get("action") in ("code", "country"):
        return change_session(sandbox, session, form)
    if sandbox.asks_for_country(session_id) and not checkout_fields.country_of(session):
        return payment_page(sandbox, session, checkout_fields.NO_COUNTRY)
    card = chosen_card(form) if sandbox.asks_for_card(session_id) else "succeeds"
    if card is None:
        return payment_page(sandbox, session, UNKNOWN_CARD)
    address = form.get("email", "").strip()
    if not address and not email_of(sandbox, session):
        return payment_page(sandbox, session, NO_ADDRESS, card)
    sandbox.pay(session_id, card=card, **({"email": address} if address else {}))
    after = find(sandbox, "checkout.session", session_id)
    if after is None or after["status"] != "open":
        return redirect(success_url(after)) if after and after["status"] == "complete" else closed(after)
    if card == "needs_3ds":
        return redirect(f"/c/pay/{session_id}/3ds")
    return payment_page(sandbox, after, DECLINED, card)


def is_payable(sandbox: Surface, session: Object) -> bool:
    """Not once it is paid or has expired, nor where its customer was deleted."""
    has_payer = not session.get("customer") or find(sandbox, "customer", session["customer"]) is not None
    return session["status"] == "open" and has_payer


def change_session(sandbox: Surface, session: Object, form: dict[str, str]) -> Answer:
    """A code or an address was typed, which may change the price; nothing is paid."""
    error = ""
    if form["action"] == "code":
        error = sandbox.apply_code(session["id"], form.get("code", ""))
    elif form.get("country") in sandbox.countries():
        sandbox.give_address(session["id"], form["country"], form.get("tax_id", "").strip())
    if error:
        return payment_page(sandbox, session, code_error=error)
    return redirect(f"/c/pay/{session['id']}")


def authentication(sandbox: Surface, session_id: str, form: dict[str, str] | None) -> Answer:
    session = find(sandbox, "checkout.session", session_id)
    if session is None or not is_payable(sandbox, session):
        return closed(session)
    if form is None:
        return bank_page(f"/c/pay/{session_id}/3ds", leads_to=[session["success_url"]])
    sandbox.confirm_3ds(session_id, ok=form.get("outcome") == "complete")
    after = find(sandbox, "checkout.session", session_id)
    if after and after["status"] == "complete":
        return redirect(success_url(after))
    return payment_page(sandbox, after, NOT_AUTHENTICATED) if after and after["status"] == "open" else closed(after)


def document(sandbox: Surface, document_id: str) -> Answer:
    """What mails link to: an invoice, or the receipt of a charge."""
    invoice = find(sandbox, "invoice", document_id)
    if invoice is not None:
        total = money(invoice["total"], invoice["currency"])
        return page(f"Invoice {invoice['number'] or ''}", element("p", f"{total}, {invoice['status']}"))
    charge = find(sandbox, "charge", document_id)
    if charge is not None:
        return page("Receipt", element("p", f"{money(charge['amount'], charge['currency'])}, {charge['status']}"))
    return page("There is no such document", status=404)


def closed(session: Object | None) -> Answer:
    """The page of a session in which nothing can be paid (any more)."""
    if session is None:
        return page("There is no such payment page", element("p", "The address may be mistyped."), status=404)
    if session["status"] == "complete":
        return page("This is paid already", element("p", link("Go on", success_url(session))))
    back = link("Go back", session["cancel_url"]) if session.get("cancel_url") else Html("")
    return page("This payment page has expired", element("p", "Please start again. Nothing was paid."), back)


def chosen_card(form: dict[str, str]) -> str | None:
    """What the card does, from the typed number or else the choice; None for a number that is no test number."""
    typed = "".join(form.get("number", "").replace("-", " ").split())
    choice = form.get("card", "")
    if typed or choice not in CARDS:
        return BY_NUMBER.get(typed or "".join(choice.split()))
    return choice


def success_url(session: Object) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def payment_page(
    sandbox: Surface, session: Object, error: str = "", chosen: str = "succeeds", *, code_error: str = ""
) -> Answer:
    total = session.get("amount_total") or 0
    label = f"Pay {money(total, session['currency'])}" if total else "Subscribe"
    if not total and session.get("mode") == "payment":
        label = "Complete order"
    address = email_of(sandbox, session)
    leads_to = [url for url in (session["success_url"], session.get("cancel_url")) if url]
    asks = sandbox.asks_for_card(session["id"])
    return page(
        "Payment",
        alert(error) if error else Html(""),
        element("section", *bought(session)),
        checkout_fields.code_form(sandbox, session, code_error),
        checkout_fields.country_form(sandbox, session),
        element("section", element("h2", "Your e-mail"), element("p", address)) if address else Html(""),
        post_form(
            f"/c/pay/{session['id']}",
            Html("") if address else email_field(),
            card_choice(chosen, session) if asks else element("p", "No card is needed."),
            button(label, class_="main"),
            class_="pay",
        ),
        element("p", link("Go back", session["cancel_url"])) if session.get("cancel_url") else Html(""),
        leads_to=leads_to,
    )


def bought(session: Object) -> list[Html]:
    lines = (session.get("line_items") or {}).get("data", [])
    parts = [
        join(
            [
                element("h2", line["description"] or "", f" × {line['quantity']}" if line["quantity"] != 1 else ""),
                element("p", portal_pages.price_words(line["price"]), class_="price"),
            ]
        )
        for line in lines
    ]
    due = money(session.get("amount_total") or 0, session["currency"])
    return [*parts, checkout_fields.sums(session), element("p", f"Due today: {due}")]


def email_of(sandbox: Surface, session: Object) -> str:
    details = session.get("customer_details") or {}
    customer = find(sandbox, "customer", session["customer"]) if session.get("customer") else None
    return details.get("email") or session.get("customer_email") or (customer or {}).get("email") or ""


def email_field() -> Html:
    """Asked only where the session names neither a customer nor an address."""
    box = element("input", type="email", name="email", required=True, autocomplete="email")
    return element("section", element("label", "Your e-mail", box, class_="field"))


def card_choice(chosen: str, session: Object) -> Html:
    takes_debits = "sepa_debit" in session.get("payment_method_types", ())
    choices = [
        element(
            "label",
            element("input", type="radio", name="card", value=card, checked=card == chosen),
            element("span", element("b", number), element("small", words)),
            class_="choice",
        )
        for card, (number, words) in CARDS.items()
        if takes_debits or card not in DEBITS
    ]
    number = element(
        "label",
        "Or type a test number",
        element("input", type="text", name="number", inputmode="numeric", autocomplete="off", maxlength="24"),
        class_="field",
    )
    hint = element("p", "Never type a real card number here.", class_="hint")
    return element("fieldset", element("legend", "Test card"), *choices, number, hint)
