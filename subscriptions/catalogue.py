"""The plans as products and prices at Stripe. A price is never changed there: a new amount is a new price, and the
former one stays known for those who subscribed at it.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.tasks import task

from subscriptions.answers import id_of
from subscriptions.models import Plan, PlanKind, PlanPrice
from subscriptions.stripe_gateway import Answer, Gateway, StripeRefused

logger = logging.getLogger(__name__)


def sync_plans() -> list[str]:
    """Make what is missing at Stripe and note the prices here; says what was done.

    Raises StripeFailed: one that Stripe refuses only after the other plans have had their turn.
    """
    gateway = Gateway()
    done = []
    refused = None
    for plan in Plan.objects.filter(kind=PlanKind.RECURRING, is_offered=True):
        try:
            price = find_or_make_price(gateway, plan)
        except StripeRefused as error:
            logger.error("plan %s is refused by Stripe: %s", plan.key, error)
            refused = error
            continue
        sold = current_price(plan)
        if sold is None or sold.stripe_id != price["id"]:
            note_price(plan, price)
            done.append(f"{plan.key}: {price['id']} ({plan.price_label} {plan.interval_label})")
    if refused is not None:
        raise refused
    return done


def current_price(plan: Plan) -> PlanPrice | None:
    """The price at which the plan is sold, if what the gate shows is what Stripe would charge."""
    shown = {"currency": plan.currency, "amount_minor": plan.amount_minor, "interval": plan.interval}
    return PlanPrice.objects.filter(plan=plan, is_active=True, **shown).first()


def find_or_make_price(gateway: Gateway, plan: Plan) -> Answer:
    """By ids and look-up keys of ours, so that a new database, or live instead of test keys, doubles nothing."""
    lookup_key = f"{settings.STRIPE_APP}:{plan.key}:{plan.currency}:{plan.amount_minor}:{plan.interval}"
    found = gateway.price_by_lookup_key(lookup_key)
    if found is not None:
        return found
    tags = {"app": settings.STRIPE_APP, "plan": plan.key}
    product_id = f"{settings.STRIPE_APP}-{plan.key}".replace(".", "-")
    product: Any = {"id": product_id, "name": f"{settings.SITE_NAME}: {plan.name}", "metadata": tags}
    try:
        gateway.create_product(product)
    except StripeRefused as error:
        if error.code != "resource_already_exists":
            raise
    price: Any = {
        "product": product_id,
        "currency": plan.currency.lower(),
        "unit_amount": plan.amount_minor,
        "recurring": {"interval": plan.interval},
        "lookup_key": lookup_key,
        "transfer_lookup_key": True,  # from one that was archived
        "metadata": tags,
    }
    return gateway.create_price(price)


@transaction.atomic
def note_price(plan: Plan, price: Answer) -> None:
    sold = PlanPrice.objects.filter(plan=plan, is_active=True, currency=plan.currency)
    sold.exclude(stripe_id=price["id"]).update(is_active=False)
    PlanPrice.objects.update_or_create(
        stripe_id=price["id"],
        defaults={
            "plan": plan,
            "product_id": id_of(price["product"]),
            "currency": plan.currency,
            "amount_minor": plan.amount_minor,
            "interval": plan.interval,
            "is_active": True,
        },
    )


@task
def sync_plans_soon() -> None:
    """After an editor has changed a price; where Stripe is away, the hourly round does it."""
    sync_plans()
