"""The three options with which a new site begins. Editors order, word and price them in admin; nothing refers to them
by name.
"""

from typing import Any

from django.db import migrations

FIRST_PLANS = [
    {
        "key": "free",
        "name": "Read free",
        "kind": "registration",
        "amount_minor": 0,
        "interval": "",
        "description": "This article now\n{allowance} articles every month\nNo card, no password",
        "button": "Continue with a code",
        "small_print": "We send a six-digit code. Nothing to cancel.",
        "position": 1,
    },
    {
        "key": "annual",
        "name": "Annual",
        "kind": "recurring",
        "amount_minor": 8900,
        "interval": "year",
        "description": "Everything in the library\nNew analysis every weekday\nOne payment a year",
        "button": "Subscribe for a year",
        "small_print": "{price} today and every year. Cancel online at any time.",
        "position": 2,
        "is_highlighted": True,
    },
    {
        "key": "monthly",
        "name": "Monthly",
        "kind": "recurring",
        "amount_minor": 900,
        "interval": "month",
        "description": "Everything in the library\nNew analysis every weekday\nStop when you like",
        "button": "Subscribe monthly",
        "small_print": "{price} today and every month. Cancel online at any time.",
        "position": 3,
    },
]


def add_first_plans(apps: Any, _schema_editor: Any) -> None:
    plan = apps.get_model("subscriptions", "Plan")
    plan.objects.bulk_create([plan(**fields) for fields in FIRST_PLANS])


def remove_first_plans(apps: Any, _schema_editor: Any) -> None:
    apps.get_model("subscriptions", "Plan").objects.filter(key__in=[fields["key"] for fields in FIRST_PLANS]).delete()


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_create_plans_leads_grants")]
    operations = [migrations.RunPython(add_first_plans, remove_first_plans)]
