"""What happens to a checkout session: paid, declined, authenticated, expired. Subscriptions begin with payment."""

from __future__ import annotations

from stripe_sandbox import cards, collection, contracts, objects
from stripe_sandbox.collection import change
from stripe_sandbox.faults import Thing
from stripe_sandbox.ledger import Ledger, identity
from stripe_sandbox.periods import lines_for, next_period_end

DAY = collection.DAY


def pay(ledger: Ledger, session_id: str, card: str, email: str, name: str | None) -> Thing:
    """What the payment page's button does; see Sandbox.pay."""
    session = ledger.need("checkout.session", session_id)
    behaviour = cards.CARDS[card]
    if session["status"] != "open":
        return result(session, "closed", "This payment page is no longer open.")
    private = ledger.private[session_id]
    customer = ledger.get(session["customer"]) if session["customer"] else None
    known = customer["email"] if customer else session["customer_email"]
    private.update(email=known or email, name=name or (customer or {}).get("name"))
    method = cards.new_method(ledger, None, card)
    private["method"] = method["id"]
    if not behaviour.pays_now:
        return _declined(ledger, session, method, cards.DECLINED)
    if behaviour.needs_3ds:
        return _needs_3ds(ledger, session, method)
    return _complete(ledger, session, method)


def confirm_3ds(ledger: Ledger, session_id: str, *, ok: bool) -> Thing:
    session = ledger.need("checkout.session", session_id)
    private = ledger.private[session_id]
    if session["status"] != "open" or not private.get("awaits_3ds"):
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
    if not session["amount_total"]:
        return None
    private = ledger.private[session["id"]]
    if "intent" not in private:
        data = private["payment_intent_data"]
        amount, currency = session["amount_total"], session["currency"]
        private["intent"] = collection.new_intent(ledger, amount, currency, session["customer"], data)["id"]
    return ledger.get(private["intent"])


def _declined(ledger: Ledger, session: Thing, method: Thing, error: Thing) -> Thing:
    intent = _intent(ledger, session)
    if intent:
        collection.charge_failed(ledger, intent, method, error)
    return result(session, "declined", error["message"])


def _needs_3ds(ledger: Ledger, session: Thing, method: Thing) -> Thing:
    intent = _intent(ledger, session)
    if intent:
        intent.update(status="requires_action", payment_method=method["id"])
        intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
        ledger.announce("payment_intent.requires_action", intent)
    ledger.private[session["id"]]["awaits_3ds"] = True
    return result(session, "needs_3ds", "Your bank asks for authentication.")


def _complete(ledger: Ledger, session: Thing, method: Thing) -> Thing:
    private = ledger.private[session["id"]]
    intent = _intent(ledger, session)
    customer = _customer(ledger, session)
    if customer:
        method.update(customer=customer["id"], billing_details=objects.billing_details(customer))
        ledger.announce("payment_method.attached", method)
    if intent and customer:
        intent["customer"] = customer["id"]
    if session["mode"] == "subscription" and customer:
        _begin(ledger, session, customer, method, intent)
    elif intent:
        collection.charge_paid(ledger, intent, method)
        session["payment_intent"] = intent["id"]
    session.update(status="complete", url=None, customer=customer["id"] if customer else None)
    session["payment_status"] = "paid" if session["amount_total"] else "no_payment_required"
    session["customer_details"] = contracts.customer_details(customer, private["email"], private["name"])
    ledger.announce("checkout.session.completed", session)
    return result(session, "complete")


def _customer(ledger: Ledger, session: Thing) -> Thing | None:
    """The session's customer, or a new one: always for a subscription, else when the session says so."""
    private = ledger.private[session["id"]]
    if session["customer"]:
        found = ledger.get(session["customer"])
        name = private["name"]
        if private["customer_update"].get("name") == "auto" and name and found["name"] != name:
            change(ledger, "customer.updated", found, name=name)
        return found
    if session["mode"] == "payment" and session["customer_creation"] != "always":
        return None
    params = {"email": private["email"], "name": private["name"]}
    made = ledger.put(objects.customer(identity("cus"), ledger.now(), params))
    ledger.announce("customer.created", made)
    return made


def _begin(ledger: Ledger, session: Thing, customer: Thing, method: Thing, intent: Thing | None) -> None:
    data = ledger.private[session["id"]]["subscription_data"]
    now, subscription_id = ledger.now(), identity("sub")
    rows = session["line_items"]["data"]
    trial_end = data.get("trial_end") or (
        now + data["trial_period_days"] * DAY if "trial_period_days" in data else None
    )
    items = []
    for row in rows:
        end = trial_end or next_period_end(now, row["price"]["recurring"], now)
        period = {"start": now, "end": end}
        price = ledger.get(row["price"]["id"])
        items.append(contracts.subscription_item(identity("si"), now, subscription_id, price, row["quantity"], period))
    made = contracts.subscription(subscription_id, now, customer["id"], session["currency"], items, data)
    made["default_payment_method"] = method["id"]
    if trial_end:
        made.update(status="trialing", trial_start=now, trial_end=trial_end, billing_cycle_anchor=trial_end)
    ledger.put(made, will_end_told=False, pending_lines=[])
    customer["invoice_settings"]["default_payment_method"] = method["id"]
    lines = lines_for(made, trial=bool(trial_end))
    made["latest_invoice"] = identity("in")
    ledger.announce("customer.subscription.created", made)
    invoice = collection.make_invoice(ledger, made, lines, "subscription_create", made["latest_invoice"])
    session.update(subscription=made["id"], invoice=invoice["id"])
    if intent:
        collection.settle(ledger, invoice, method, intent)
    else:
        collection.mark_paid(ledger, invoice, attempted=False)
    if customer["currency"] is None:
        change(ledger, "customer.updated", customer, currency=session["currency"])
