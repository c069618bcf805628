"""What the account page says of a change that is still to come and of a pause, and the ways into and out of them."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.overview import OverviewAction, OverviewLink
from subscriptions.account.account_parts import Ways
from subscriptions.account.overview import labelled, url_of
from subscriptions.account.sentences import charged_to, day_of, price_label
from subscriptions.contracts.changing import CHANGEABLE, why_not
from subscriptions.contracts.pausing import why_no_pause
from subscriptions.models import MoveState, PlanPrice, Subscription
from subscriptions.statuses import LIVE_STATUSES


def coming(subscription: Subscription, now: datetime) -> str:
    """What stands in the way of a mere renewal; empty where nothing does."""
    if subscription.paused_from is not None:
        return pause_sentence(subscription, subscription.paused_from, now)
    if subscription.pending_update_until is not None:
        told = {"day": day_of(subscription.pending_update_until)}
        waits = _("your change waits for its payment. It is dropped if that is not made by %(day)s.") % told
        return f"{waits} {_('Until then you keep what you have.')}"
    if subscription.pending_from is not None and subscription.pending_plan is not None:
        return planned_sentence(subscription, subscription.pending_from)
    return dearer_sentence(subscription, now)


def pause_sentence(subscription: Subscription, since: datetime, now: datetime) -> str:
    told = {"day": day_of(since), "until": day_of(subscription.paused_until or since)}
    if not subscription.is_collection_paused:  # resumed, or about to be charged again: paid it is not yet
        told["until"] = day_of(subscription.period_end or subscription.paused_until or since)
        return _("paused. You read on as soon as it is paid again, on %(until)s at the latest.") % told
    if now < since:
        return _("you read until %(day)s. Then it is paused until %(until)s, when you are charged again.") % told
    return _("paused until %(until)s. Then you are charged again, and read on.") % told


def planned_sentence(subscription: Subscription, begins: datetime) -> str:
    told = {"day": day_of(begins), "name": subscription.pending_plan.name if subscription.pending_plan else ""}
    price = PlanPrice.objects.filter(stripe_id=subscription.pending_price_id).first()
    told["price"] = price_label(price) if price is not None else ""
    return _("you have this until %(day)s, and then %(name)s, %(price)s.") % told


def dearer_sentence(subscription: Subscription, now: datetime) -> str:
    """Where the reader was told of another price for a later renewal."""
    end = subscription.period_end
    if subscription.status != "active" or subscription.is_collection_paused or end is None or end <= now:
        return ""
    move = subscription.price_moves.filter(state=MoveState.TOLD).select_related("price").first()
    if move is None or move.begins_at is None:
        return ""
    told = {"day": day_of(end), "card": charged_to(subscription), "from": day_of(move.begins_at)}
    told["price"] = price_label(move.for_all)
    return _("renews on %(day)s%(card)s. From %(from)s it costs %(price)s.") % told


def ways(subscription: Subscription, named: str) -> Ways:
    """`named` is the plan's name where several subscriptions are shown."""
    if subscription.status not in LIVE_STATUSES or subscription.ends_at is not None:
        return Ways()
    links: list[OverviewLink] = []
    actions: list[OverviewAction] = []
    if subscription.status == "paused" or subscription.paused_from is not None:
        links.append(OverviewLink(labelled(_("Resume"), named), url_of("resume", subscription)))
    if subscription.pending_update_until is not None and subscription.pending_update_url:
        links.append(OverviewLink(labelled(_("Pay or confirm"), named), subscription.pending_update_url))
    if subscription.schedule_id:
        actions.append(OverviewAction(labelled(_("Keep the present plan"), named), url_of("keep-plan", subscription)))
    if subscription.status in CHANGEABLE and not why_not(subscription):
        links.append(OverviewLink(labelled(_("Change plan"), named), url_of("change", subscription)))
    if not why_no_pause(subscription):
        links.append(OverviewLink(labelled(_("Pause"), named), url_of("pause", subscription)))
    return Ways(tuple(links), tuple(actions))
