"""The routes of the API that the site calls, by noun; any other path is refused as Stripe refuses an unknown one."""

from __future__ import annotations

from stripe_sandbox.api import (
    catalogue,
    checkout,
    customers,
    events,
    invoices,
    money,
    payments,
    promotions,
    schedules,
    subscriptions,
)
from stripe_sandbox.api.route import Route

ROUTES: tuple[Route, ...] = (
    *catalogue.ROUTES,
    *customers.ROUTES,
    *checkout.ROUTES,
    *subscriptions.ROUTES,
    *schedules.ROUTES,
    *invoices.ROUTES,
    *money.ROUTES,
    *payments.ROUTES,
    *promotions.ROUTES,
    *events.ROUTES,
)
