"""What the payment page asks beside the card: a promotion code, and where the payer lives. Each is its own form."""

from __future__ import annotations

from stripe_sandbox.markup import Html, alert, button, element, hidden, join, money, post_form
from stripe_sandbox.surface import Object, Surface, find

NO_COUNTRY = "Please choose your country first."
COUNTRY_NAMES = {
    "AT": "Austria",
    "AU": "Australia",
    "BE": "Belgium",
    "CA": "Canada",
    "CH": "Switzerland",
    "CZ": "Czechia",
    "DE": "Germany",
    "DK": "Denmark",
    "ES": "Spain",
    "FI": "Finland",
    "FR": "France",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "IT": "Italy",
    "JP": "Japan",
    "LU": "Luxembourg",
    "NL": "Netherlands",
    "NO": "Norway",
    "NZ": "New Zealand",
    "PL": "Poland",
    "PT": "Portugal",
    "SE": "Sweden",
    "US": "United States",
}


def country_of(session: Object) -> str:
    """The payer's country as far as the session knows it, by two letters."""
    return ((session.get("customer_details") or {}).get("address") or {}).get("country") or ""


def code_form(sandbox: Surface, session: Object, error: str) -> Html:
    """The field for a promotion code, or the code that counts with a button that takes it away."""
    if not session.get("allow_promotion_codes"):
        return Html("")
    address = f"/c/pay/{session['id']}"
    applied = [one["promotion_code"] for one in session.get("discounts") or [] if one["promotion_code"]]
    if applied:
        code = find(sandbox, "promotion_code", applied[0])
        text = element("p", "Code ", element("b", code["code"] if code else applied[0]))
        remove = post_form(address, hidden("action", "code"), hidden("code", ""), button("Remove code"))
        return element("section", text, remove)
    box = element("input", type="text", name="code", autocomplete="off", maxlength="60", required=True)
    field = element("label", "Promotion code", box, class_="field")
    form = post_form(address, hidden("action", "code"), field, button("Apply code"))
    return element("section", alert(error) if error else Html(""), form)


def country_form(sandbox: Surface, session: Object) -> Html:
    if not sandbox.asks_for_country(session["id"]):
        return Html("")
    known = country_of(session)
    options = [
        element("option", COUNTRY_NAMES.get(code, code), value=code, selected=code == known)
        for code in sandbox.countries()
    ]
    first = [] if known else [element("option", "Choose", value="", selected=True)]
    choice = element("select", *first, *options, name="country", required=True, autocomplete="country")
    fields = [element("label", "Country", choice, class_="field")]
    if session["tax_id_collection"]["enabled"]:
        box = element("input", type="text", name="tax_id", autocomplete="off", maxlength="30")
        fields.append(element("label", "Tax number of a business (not needed)", box, class_="field"))
    form = post_form(
        f"/c/pay/{session['id']}", hidden("action", "country"), *fields, button("Use this address"), class_="pay"
    )
    return element("section", element("h2", "Billing address"), form)


def sums(session: Object) -> Html:
    """Discount and tax, where there are any."""
    details = session.get("total_details") or {}
    rows = []
    if details.get("amount_discount"):
        rows.append(f"Discount: {money(-details['amount_discount'], session['currency'])}")
    if (session.get("automatic_tax") or {}).get("enabled"):
        words = "Tax" if country_of(session) else "Tax: known once you choose your country"
        tax = f": {money(details.get('amount_tax') or 0, session['currency'])}" if country_of(session) else ""
        rows.append(f"{words}{tax}")
    return join([element("p", row, class_="soft") for row in rows])
