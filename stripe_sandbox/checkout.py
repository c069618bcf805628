"""What happens to a checkout session: paid, declined, authenticated, expired. Subscriptions begin with payment."""

from __future__ import annotations

from stripe_sandbox import cards, collection, contracts, debits, objects, pricing, purchases
from stripe_sandbox.collection import change
from stripe_sandbox.faults import Refused, Thing
from stripe_sandbox.ledger import Ledger, identity
from stripe_sandbox.periods import lines_for, next_period_end

DAY = collection.DAY
COUNTRY = "DE"  # of a payer who says nothing where the page asks


def pay(
    ledger: Ledger,
    session_id: str,
    card: str,
    email: str,
    name: str | None,
    country: str = "",
    tax_id: str = "",
) -> Thing:
    """What the payment page's button does; see Sandbox.pay."""
    session = ledger.need("checkout.session", session_id)
    behaviour = cards.CARDS[card]
    if session["status"] != "open" or is_orphaned(ledger, session):
        return result(session, "closed", "This payment page is no longer open.")
    if behaviour.kind not in session["payment_method_types"]:
        raise Refused(f"This Checkout Session takes no {behaviour.kind}.")
    private = ledger.private[session_id]
    customer = ledger.get(session["customer"]) if session["customer"] else None
    known = customer["email"] if customer else session["customer_email"]
    private.update(email=known or email, name=name or (customer or {}).get("name"))
    if country or "address" not in private:
        pricing.set_payer(ledger, session, country or _country(customer), tax_id)
    if not takes_method(ledger, session):
        return _complete(ledger, session, None)
    method = cards.new_method(ledger, None, card)
    private["method"] = method["id"]
    if not behaviour.pays_now:
        return _declined(ledger, session, method, cards.DECLINED)
    if behaviour.needs_3ds:
        return _needs_3ds(ledger, session, method)
    return _complete(ledger, session, method)


def is_orphaned(ledger: Ledger, session: Thing) -> bool:
    """Whether the customer who was to pay has been deleted since."""
    return bool(session["customer"] and ledger.get(session["customer"]).get("deleted"))


def _country(customer: Thing | None) -> str:
    return str(((customer or {}).get("address") or {}).get("country") or COUNTRY)


def takes_method(ledger: Ledger, session: Thing) -> bool:
    """Whether the page asks for a card: where something is due, else for what will be due, unless told otherwise."""
    if ledger.private[session["id"]]["due"]:
        return True
    return bool(session["mode"] == "subscription" and session["payment_method_collection"] == "always")


def confirm_3ds(ledger: Ledger, session_id: str, *, ok: bool) -> Thing:
    session = ledger.need("checkout.session", session_id)
    private = ledger.private[session_id]
    if session["status"] != "open" or not private.get("awaits_3ds") or is_orphaned(ledger, session):
        return result(session, "closed", "Nothing waits for authentication.")
    private["awaits_3ds"] = False
    method = ledger.get(private["method"])
    if not ok:
        return _declined(ledger, session, method, cards.NOT_AUTHENTICATED)
    return _complete(ledger, session, method)


def expire(ledger: Ledger, session: Thing) -> None:
    session.update(status="expired", url=None)
    ledger.announce("checkout.session.expired", session)


def result(session: Thing, outcome: str, message: str = "") -> Thing:
    url = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]) if outcome == "complete" else ""
    return {"outcome": outcome, "message": message, "url": url, "session": session["id"]}


def _intent(ledger: Ledger, session: Thing) -> Thing | None:
    """The session's one payment; None where nothing is due today."""
    private = ledger.private[session["id"]]
    if not private["due"]:
        return None
    if "intent" not in private:
        data = private["payment_intent_data"]
        amount, currency = private["due"], session["currency"]
        private["intent"] = collection.new_intent(ledger, amount, currency, session["customer"], data)["id"]
    intent = ledger.get(private["intent"])
    intent["amount"] = private["due"]  # a code or a country may have come after a first attempt
    return intent


def _declined(ledger: Ledger, session: Thing, method: Thing, error: Thing) -> Thing:
    intent = _intent(ledger, session)
    if intent:
        collection.charge_failed(ledger, intent, method, error)
    return result(session, "declined", error["message"])


def _needs_3ds(ledger: Ledger, session: Thing, method: Thing) -> Thing:
    intent = _intent(ledger, session)
    if intent:
        collection.ask_for_action(ledger, intent, method)
    ledger.private[session["id"]]["awaits_3ds"] = True
    return result(session, "needs_3ds", "Your bank asks for authentication.")


def _complete(ledger: Ledger, session: Thing, method: Thing | None) -> Thing:
    private = ledger.private[session["id"]]
    intent = _intent(ledger, session)
    customer = _customer(ledger, session)
    session["customer"] = customer["id"] if customer else None
    if customer and method:
        method.update(customer=customer["id"], billing_details=objects.billing_details(customer))
        ledger.announce("payment_method.attached", method)
    if intent and customer:
        intent["customer"] = customer["id"]
    if session["mode"] == "subscription" and customer:
        _begin(ledger, session, customer, method, intent)
    else:
        _sell(ledger, session, customer, method, intent)
    session.update(status="complete", url=None)
    session["payment_status"] = ("unpaid" if "debit" in private else "paid") if intent else "no_payment_required"
    session["customer_details"] = contracts.customer_details(
        customer, private["email"], private["name"], private.get("address"), private.get("tax_ids")
    )
    ledger.announce("checkout.session.completed", session)
    return result(session, "complete")


def _customer(ledger: Ledger, session: Thing) -> Thing | None:
    """The session's customer, or a new one: always for a subscription or an invoice, else when the session says so."""
    private = ledger.private[session["id"]]
    address, tax_ids = private.get("address"), private.get("tax_ids", [])
    if session["customer"]:
        found = ledger.get(session["customer"])
        takes, typed = private["customer_update"], {"name": private["name"], "address": address}
        fields = {name: value for name, value in typed.items() if value and takes.get(name) == "auto"}
        change(ledger, "customer.updated", found, **fields)
    else:
        has_invoice = session["mode"] == "subscription" or session["invoice_creation"]["enabled"]
        if not has_invoice and session["customer_creation"] != "always":
            return None
        params = {"email": private["email"], "name": private["name"], "address": address}
        found = ledger.put(objects.customer(identity("cus"), ledger.now(), params))
        ledger.announce("customer.created", found)
    if tax_ids:
        ledger.private.setdefault(found["id"], {})["tax_ids"] = tax_ids
    return found


def _sell(ledger: Ledger, session: Thing, customer: Thing | None, method: Thing | None, intent: Thing | None) -> None:
    """Something that is bought once."""
    taken = pricing.take_discounts(ledger, session, customer=session["customer"])
    ledger.private[session["id"]]["taken"] = [one["id"] for one in taken]
    session["payment_intent"] = intent["id"] if intent else None
    if intent and method and method["type"] == "sepa_debit":
        debits.begin(ledger, session, intent, method)
        return
    if customer and session["invoice_creation"]["enabled"]:
        session["invoice"] = purchases.invoice(ledger, session, customer, intent)["id"]
    if intent and method:
        collection.charge_paid(ledger, intent, method)


def _begin(ledger: Ledger, session: Thing, customer: Thing, method: Thing | None, intent: Thing | None) -> None:
    if method and not intent:
        _set_up(ledger, customer, method)
    made = _subscription(ledger, session, customer)
    ledger.put(made, will_end_told=False, pending_lines=[])
    taken = pricing.take_discounts(ledger, session, customer=customer["id"], subscription=made["id"])
    made["discounts"] = [one["id"] for one in taken]
    is_debit = bool(intent and method and method["type"] == "sepa_debit")
    if is_debit:
        made["status"] = debits.first_status(ledger)
    if method:
        made["default_payment_method"] = method["id"]
        customer["invoice_settings"]["default_payment_method"] = method["id"]
    lines = lines_for(made, trial=made["status"] == "trialing")
    made["latest_invoice"] = identity("in")
    ledger.announce("customer.subscription.created", made)
    invoice = collection.make_invoice(ledger, made, lines, "subscription_create", made["latest_invoice"])
    session.update(subscription=made["id"], invoice=invoice["id"])
    if intent and method and is_debit:
        collection.attach_intent(ledger, invoice, intent)
        debits.begin(ledger, session, intent, method)
    elif intent and method:
        collection.settle(ledger, invoice, method, intent)
    else:
        collection.mark_paid(ledger, invoice, attempted=False)
    change(ledger, "customer.updated", customer, currency=session["currency"])


def _set_up(ledger: Ledger, customer: Thing, method: Thing) -> None:
    intent = ledger.put(objects.setup_intent(identity("seti"), ledger.now(), customer["id"], method))
    ledger.announce("setup_intent.created", intent)
    ledger.announce("setup_intent.succeeded", intent)


def _subscription(ledger: Ledger, session: Thing, customer: Thing) -> Thing:
    data, now = ledger.private[session["id"]]["subscription_data"], ledger.now()
    subscription_id = identity("sub")
    trial_end = data.get("trial_end") or (
        now + data["trial_period_days"] * DAY if "trial_period_days" in data else None
    )
    items = []
    for row in session["line_items"]["data"]:
        end = trial_end or next_period_end(now, row["price"]["recurring"], now)
        price = ledger.get(row["price"]["id"])
        period = {"start": now, "end": end}
        items.append(contracts.subscription_item(identity("si"), now, subscription_id, price, row["quantity"], period))
    is_taxed = session["automatic_tax"]["enabled"]
    made = contracts.subscription(
        subscription_id, now, customer["id"], session["currency"], items, data, is_taxed=is_taxed
    )
    if trial_end:
        made.update(status="trialing", trial_start=now, trial_end=trial_end, billing_cycle_anchor=trial_end)
    return made
