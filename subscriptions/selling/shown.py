"""What a page said of an option when its button was pressed, for the consent ledger: the very labels that the page had,
in its order, and nothing made up here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from subscriptions.agreed.agreements import Offer
from subscriptions.models import PlanKind, PlanPrice
from subscriptions.selling.plans import OfferedPlan
from subscriptions.selling.promotion import Promotion

if TYPE_CHECKING:
    from subscriptions.selling.buying import OnceOffer


def shown_option(option: OfferedPlan, seats: int = 1, promotion: Promotion | None = None) -> Offer:
    """As templates/subscriptions/_options_form.html says it and, of a code, templates/subscriptions/code.html."""
    words = [option.name, f"{option.price_label} {option.interval_label}".strip(), option.trial_label]
    if option.had_trial and not option.trial_label:
        words.append(_("Without a free trial, since you have had one."))
    words += option.lines
    if option.least_seats:
        words.append(f"{_('Seats')}: {seats}")
    words.append(f"[{option.button}]")
    if promotion is not None:
        words += [_("Your code “%(code)s” counts") % {"code": promotion.code}, promotion.sentence]
        words += [f"[{_('Go to the payment page')}]"]
        words += [_("Nothing has been charged yet. You can cancel online at any time.")]
    return Offer(
        tuple(filter(None, words)),
        small_print=option.small_print,
        amount_minor=option.amount_minor,
        currency=option.currency,
        interval=option.interval,
        quantity=seats,
    )


def shown_once(offer: OnceOffer, price: PlanPrice) -> Offer:
    """As templates/paywall/_once_form.html, _once_line.html and gift_shop.html say it."""
    told = {"name": offer.name, "price": offer.price_label}
    words = [_("%(name)s: %(price)s, paid once.") % told, f"[{offer.button}]"]
    if price.plan.kind == PlanKind.GIFT:
        words = ["{name}: {price}".format(**told), f"[{_('On to the payment')}]"]
        words.append(_("A gift can be redeemed for three years, to the end of the year."))
    return Offer(tuple(words), small_print=offer.small_print, amount_minor=price.amount_minor, currency=price.currency)
