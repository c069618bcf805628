"""One currency for each reader: the payment service keeps a customer in that of the first payment."""

from __future__ import annotations

from babel.numbers import get_currency_name
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from subscriptions.mirroring.customers import customers_of
from subscriptions.models.plan import babel_locale
from subscriptions.stripe_gateway import Gateway


def held_currency(user: User | None) -> str:
    """The currency in which the reader has paid before, as three capital letters; empty for who has not."""
    return customers_of(user).values_list("currency", flat=True).first() or "" if user is not None else ""


def currency_at_stripe(user: User | None, gateway: Gateway) -> str:
    """In which the reader has paid before, by what Stripe says now: three capital letters, empty for who has not.

    Nothing is stored of it. Raises StripeFailed.
    """
    customer = customers_of(user).first() if user is not None else None
    return str(gateway.customer(customer.stripe_id).get("currency") or "").upper() if customer is not None else ""


def name_of_currency(code: str) -> str:
    """ "Euro"; of one that has no name, its three letters."""
    return str(get_currency_name(code, locale=babel_locale(get_language() or settings.LANGUAGE_CODE)))


def mixed_sentence(held: str, *, is_sold: bool) -> str:
    """Why the reader cannot pay in another currency than `held`. `is_sold`: the options in theirs are shown below."""
    first = _(
        "You have paid in another currency before (%(currency)s), and the payment service keeps one for each reader."
    )
    then = _("Below are the options in yours.") if is_sold else _("This is not sold in yours: please write to us.")
    return f"{first % {'currency': name_of_currency(held)}} {then} {_('Nothing was charged.')}"
