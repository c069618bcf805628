"""The plans as products and prices at Stripe. A price is never changed there: a new amount is a new price, and the
former one stays known for those who subscribed at it. Nothing at Stripe is ever deleted.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.tasks import task

from subscriptions.answers import id_of
from subscriptions.models import Plan, PlanAmount, PlanPrice
from subscriptions.selling.plans import priced
from subscriptions.stripe_gateway import Answer, Gateway, StripeRefused

logger = logging.getLogger(__name__)

# What the gate shows is what is charged: where Stripe computes tax, it is in the price.
TAX = {"tax_behavior": "inclusive"}


def sync_plans() -> list[str]:
    """Make what is missing at Stripe and note the prices here; says what was done.

    Raises StripeFailed: one that Stripe refuses only after the other plans have had their turn.
    """
    gateway = Gateway()
    done = []
    refused = None
    for plan in Plan.objects.sold():
        try:
            done += sync_plan(plan, gateway)
        except StripeRefused as error:
            logger.error("plan %s is refused by Stripe: %s", plan.key, error)
            refused = error
    if refused is not None:
        raise refused
    return done


def sync_plan(plan: Plan, gateway: Gateway) -> list[str]:
    """As sync_plans, for one plan and all of its prices; those that it has no more are no longer sold here."""
    done = []
    sold = []
    refused = None
    for amount in amounts_of(plan):
        try:
            price = find_or_make_price(gateway, plan, amount)
        except StripeRefused as error:
            refused = error
            continue
        sold.append(price["id"])
        known = current_price(plan, amount.currency, amount.interval)
        if known is None or known.stripe_id != price["id"] or known.amount_minor != amount.amount_minor:
            note_price(plan, amount, price)
            done.append(f"{plan.key}: {price['id']} ({priced(amount)})")
    former = PlanPrice.objects.filter(plan=plan, is_active=True).exclude(stripe_id__in=sold)
    if refused is not None:
        raise refused
    done += [f"{plan.key}: {price.stripe_id} ({priced(price)}) is no longer sold" for price in former]
    former.update(is_active=False)
    return done


def amounts_of(plan: Plan) -> list[PlanAmount]:
    """All that the plan costs, its own price first."""
    return [PlanAmount.own(plan), *plan.amounts.all()]


def current_price(plan: Plan, currency: str = "", interval: str | None = None) -> PlanPrice | None:
    """The price at which the plan is sold, if what the gate shows is what Stripe would charge; without more said, by
    the plan's own currency and interval.
    """
    currency = currency or plan.currency
    interval = plan.interval if interval is None else interval
    wanted = [row for row in amounts_of(plan) if (row.currency, row.interval) == (currency, interval)]
    shown = {"currency": currency, "interval": interval, "amount_minor__in": [row.amount_minor for row in wanted]}
    return PlanPrice.objects.filter(plan=plan, is_active=True, **shown).select_related("plan").first()


def find_or_make_price(gateway: Gateway, plan: Plan, amount: PlanAmount) -> Answer:
    """By ids and look-up keys of ours, so that a new database, or live instead of test keys, doubles nothing.

    What somebody archived there while the plan is offered here is replaced, or its product opened again.
    """
    lookup_key = f"{settings.STRIPE_APP}:{plan.key}:{amount.currency}:{amount.amount_minor}:{amount.interval}"
    found = gateway.price_by_lookup_key(lookup_key)
    if found is not None:
        if not found["product"]["active"]:
            gateway.update_product(id_of(found["product"]), {"active": True})
        return found if found["tax_behavior"] != "unspecified" else gateway.update_price(found["id"], TAX)
    tags = {"app": settings.STRIPE_APP, "plan": plan.key}
    product_id = make_product(gateway, plan, tags)
    price: Any = {
        "product": product_id,
        "currency": amount.currency.lower(),
        "unit_amount": amount.amount_minor,
        "lookup_key": lookup_key,
        "transfer_lookup_key": True,  # from one that was archived
        "metadata": tags,
        **TAX,
    }
    if amount.interval:
        price["recurring"] = {"interval": amount.interval}
    return gateway.create_price(price)


def make_product(gateway: Gateway, plan: Plan, tags: dict[str, str]) -> str:
    """The id of the plan's product, which is one for all of its prices."""
    product_id = f"{settings.STRIPE_APP}-{plan.key}".replace(".", "-")
    product: Any = {"id": product_id, "name": f"{settings.SITE_NAME}: {plan.name}", "metadata": tags}
    try:
        gateway.create_product(product)
    except StripeRefused as error:
        if error.code != "resource_already_exists":
            raise
        gateway.update_product(product_id, {"active": True})
    return product_id


@transaction.atomic
def note_price(plan: Plan, amount: PlanAmount, price: Answer) -> None:
    kind = {"currency": amount.currency, "interval": amount.interval}
    sold = PlanPrice.objects.filter(plan=plan, is_active=True, **kind)
    sold.exclude(stripe_id=price["id"]).update(is_active=False)
    PlanPrice.objects.update_or_create(
        stripe_id=price["id"],
        defaults={
            "plan": plan,
            "product_id": id_of(price["product"]),
            "amount_minor": amount.amount_minor,
            "is_active": True,
            **kind,
        },
    )


def is_of_catalogue(event: Answer) -> bool:
    """Whether an event tells that a product or price of this site is another than it was: then what is sold is compared
    with Stripe again. What was just made changes nothing of that.
    """
    if event["type"] not in ("price.updated", "price.deleted", "product.updated", "product.deleted"):
        return False
    tags = event["data"]["object"].get("metadata")
    return isinstance(tags, dict) and tags.get("app") == settings.STRIPE_APP


@task
def sync_plans_soon() -> None:
    """After a price has changed, here or at Stripe; where Stripe is away, the hourly round does it."""
    sync_plans()
