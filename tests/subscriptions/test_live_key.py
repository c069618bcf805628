"""What docs/billing.md says that a restricted key must be allowed, against the calls that the site makes."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from subscriptions import stripe_gateway

NAMES = {
    "billing_portal": "Customer portal",
    "checkout": "Checkout Sessions",
    "subscription_schedules": "Subscription schedules",
    "prices": "Products, Prices",
    "products": "Products, Prices",
    "payment_methods": "Payment Intents, Payment Methods",
    "coupons": "Promotion codes, Coupons",
}
MADE_FOR_THE_DEMO = ("coupons", "promotion_codes")
WRITTEN = re.compile(r"create|update|delete|cancel|expire|release|resume")


def rows() -> dict[str, str]:
    """Permission by resource, as the table says."""
    told = Path(settings.BASE_DIR, "docs/billing.md").read_text().partition("### 2. The live key")[2]
    table = told.partition("### 3.")[0]
    return {name.strip(): permission for name, permission in re.findall(r"^\| ([^|]+) \| ([^|]+) \|", table, re.M)}


def test_the_table_names_each_resource_and_whether_it_is_written() -> None:
    calls = re.findall(r"_v1\.(\w+)\.(?:sessions\.)?(\w+)", Path(stripe_gateway.__file__).read_text())
    assert len(calls) > 30
    for resource, method in calls:
        name = NAMES.get(resource, resource.replace("_", " ").title())
        found = [permission for row, permission in rows().items() if name.lower() in row.lower()]
        assert found, resource
        if WRITTEN.search(method) and resource not in MADE_FOR_THE_DEMO:
            assert "write" in found[0], (resource, method)
