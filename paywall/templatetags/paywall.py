"""What pages are told of the paywall, the same for every reader."""

from __future__ import annotations

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format, get_format
from django.utils.safestring import SafeString

from articles.models import Section
from paywall.banners import banner_for
from paywall.meters.meter import terms_of_meter
from paywall.meters.periods import MeterTerms

register = template.Library()


@register.simple_tag
def meter_terms() -> MeterTerms:
    """How many subscribers' articles a registered reader opens, and in which period."""
    return terms_of_meter()


@register.simple_tag(takes_context=True)
def payment_notice(context: Context) -> SafeString | str:
    """To a subscriber whose payment does not go through, and to nobody else: it stands outside whatever is kept, and
    needs a login, so that a page with it is never a stranger's.
    """
    request = context["request"]
    reader = getattr(request, "reader", None)
    if reader is None or reader.user_id is None or reader.entitlement.failing is None:
        return ""
    return render_to_string("subscriptions/_payment_notice.html", {"failing": reader.entitlement.failing}, request)


@register.simple_tag(takes_context=True)
def opening_banner(context: Context) -> SafeString | str:
    """The line on what is open to everybody now: on every page for the site, for a section on its own page and those of
    its articles.
    """
    now = timezone.now()
    section = context.get("section") or getattr(context.get("article"), "section", None)
    section = section if isinstance(section, Section) else None
    banner = banner_for(section, now)
    if banner is None:
        return ""
    local = timezone.localtime(banner.until)
    is_this_year = local.year == timezone.localtime(now).year
    day = get_format("MONTH_DAY_FORMAT" if is_this_year else "DATE_FORMAT")
    told = {
        "banner": banner,
        "section": section,
        "moment": date_format(local, f"{day}, H:i T"),
        "machine_moment": local.isoformat(),
    }
    return render_to_string("paywall/_opening.html", told)
