"""Products and prices."""

from __future__ import annotations

from stripe_sandbox import objects
from stripe_sandbox.api.route import ID, PAGED, Route, retrieve
from stripe_sandbox.collection import change
from stripe_sandbox.faults import Malformed, Refused, Thing
from stripe_sandbox.ledger import Ledger, identity
from stripe_sandbox.params import BOOL, INT, META, TEXT, Clearable, Spec

INTERVALS = ("day", "week", "month", "year")
LARGEST_AMOUNT = 99_999_999
TAX_BEHAVIOURS = ("exclusive", "inclusive", "unspecified")
PRODUCT: dict[str, Spec] = {
    "active": BOOL,
    "description": Clearable(TEXT),
    "metadata": META,
    "name": TEXT,
    "statement_descriptor": TEXT,
    "tax_code": Clearable(TEXT),
    "unit_label": Clearable(TEXT),
    "url": Clearable(TEXT),
}


def merged(former: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """Metadata is merged by key, and an empty value removes its key; sent empty as a whole, it is cleared."""
    return {key: text for key, text in {**former, **given}.items() if text} if given else {}


def unset(params: Thing) -> Thing:
    """Empty texts, where they are allowed, mean null."""
    return {name: None if value == "" else value for name, value in params.items()}


def with_metadata(thing: Thing, params: Thing) -> Thing:
    fields = unset(params)
    if "metadata" in fields:
        fields["metadata"] = merged(thing["metadata"], fields["metadata"])
    return fields


def create_product(ledger: Ledger, params: Thing, _: str) -> Thing:
    product_id = params.pop("id", None) or identity("prod")
    if product_id in ledger.things:
        raise Refused("Product already exists.", code="resource_already_exists", param="id")
    made = ledger.put(objects.product(product_id, ledger.now(), unset(params)))
    ledger.announce("product.created", made)
    return made


def update_product(ledger: Ledger, params: Thing, product_id: str) -> Thing:
    product = ledger.need("product", product_id)
    if "default_price" in params:
        ledger.need("price", params["default_price"], param="default_price")
    fields = with_metadata(product, params)
    if any(product[name] != value for name, value in fields.items()):
        change(ledger, "product.updated", product, **fields, updated=ledger.now())
    return product


def list_products(ledger: Ledger, params: Thing, _: str) -> Thing:
    def matches(product: Thing) -> bool:
        return product["id"] in params.get("ids", [product["id"]]) and product["active"] == params.get(
            "active", product["active"]
        )

    return ledger.page("product", params, "/v1/products", matches)


def _take_lookup_key(ledger: Ledger, params: Thing, owner: str = "") -> None:
    """A lookup key belongs to one active price: refused, or taken over when the call says so."""
    key, transfer = params.get("lookup_key"), params.pop("transfer_lookup_key", False)
    for other in ledger.kind("price"):
        if key and other["lookup_key"] == key and other["id"] != owner:
            if not transfer:
                message = f"A price (`{other['id']}`) already uses that lookup key."
                raise Refused(message, param="lookup_key")
            change(ledger, "price.updated", other, lookup_key=None)


def create_price(ledger: Ledger, params: Thing, _: str) -> Thing:
    ledger.need("product", params["product"], param="product")
    if not (len(params["currency"]) == 3 and params["currency"].isalpha()):
        raise Malformed(f"Invalid currency: {params['currency']}.", param="currency")
    if not 0 <= params["unit_amount"] <= LARGEST_AMOUNT:
        raise Malformed("Invalid non-negative integer", code="parameter_invalid_integer", param="unit_amount")
    if params.get("recurring", {}).get("interval_count", 1) < 1:
        raise Malformed("Invalid interval count", param="recurring[interval_count]")
    _take_lookup_key(ledger, params)
    made = ledger.put(objects.price(identity("price"), ledger.now(), params))
    ledger.announce("price.created", made)
    return made


def update_price(ledger: Ledger, params: Thing, price_id: str) -> Thing:
    price = ledger.need("price", price_id)
    _take_lookup_key(ledger, params, price_id)
    change(ledger, "price.updated", price, **with_metadata(price, params))
    return price


def list_prices(ledger: Ledger, params: Thing, _: str) -> Thing:
    equal = {name: params[name] for name in ("active", "currency", "product", "type") if name in params}

    def matches(price: Thing) -> bool:
        keys = params.get("lookup_keys")
        return (keys is None or price["lookup_key"] in keys) and all(price[name] == equal[name] for name in equal)

    return ledger.page("price", params, "/v1/prices", matches)


ROUTES = (
    Route("POST", "/v1/products", create_product, {**PRODUCT, "name!": TEXT, "id": TEXT}),
    retrieve("product", "/v1/products"),
    Route("POST", f"/v1/products/{ID}", update_product, {**PRODUCT, "default_price": TEXT}),
    Route("GET", "/v1/products", list_products, {**PAGED, "active": BOOL, "ids": [TEXT]}),
    Route(
        "POST",
        "/v1/prices",
        create_price,
        {
            "active": BOOL,
            "currency!": TEXT,
            "lookup_key": TEXT,
            "metadata": META,
            "nickname": TEXT,
            "product!": TEXT,
            "recurring": {"interval!": INTERVALS, "interval_count": INT, "usage_type": ("licensed",)},
            "tax_behavior": TAX_BEHAVIOURS,
            "transfer_lookup_key": BOOL,
            "unit_amount!": INT,
        },
    ),
    retrieve("price", "/v1/prices"),
    Route(
        "POST",
        f"/v1/prices/{ID}",
        update_price,
        {
            "active": BOOL,
            "lookup_key": TEXT,
            "metadata": META,
            "nickname": TEXT,
            "tax_behavior": TAX_BEHAVIOURS,
            "transfer_lookup_key": BOOL,
        },
    ),
    Route(
        "GET",
        "/v1/prices",
        list_prices,
        {
            **PAGED,
            "active": BOOL,
            "currency": TEXT,
            "lookup_keys": [TEXT],
            "product": TEXT,
            "type": ("one_time", "recurring"),
        },
    ),
)
