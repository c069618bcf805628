"""Where a reader comes past a shared cache by an institution, and where its librarians see what was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from typing import cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.next_path import local_path_or_none
from accounts.overview import OverviewLink, OverviewSection
from accounts.requests import user_of
from accounts.spreadsheets import csv_answer
from articles.caching import mark_private
from paywall.access import Reason
from paywall.gate import login_url
from paywall.models import Institution, InstitutionUse
from paywall.readers import ReaderRequest
from paywall.ways_in.institutions import contract_at, sender, set_institution_cookie
from paywall.ways_in.networks import written

MONTHS = 12  # on the page; the table for spreadsheets has all
MOST_READ = 10


@dataclass(frozen=True, slots=True)
class Month:
    """How many articles an institution's readers opened in a month, and which ones most."""

    first_day: date
    opened: int
    most_read: list[InstitutionUse]


@dataclass(frozen=True, slots=True)
class Usage:
    institution: Institution
    is_live: bool
    ranges: list[str]
    months: list[Month]


# --- the way in ------------------------------------------------------------------------------------------------------


@require_safe
def access(request: HttpRequest) -> HttpResponse:
    """A cache before the site shows everybody the gate. Here the address is looked at, and the browser gets a cookie
    with which caches let it pass.
    """
    now = timezone.now()
    next_path = local_path_or_none(request.GET.get("next")) or reverse("articles:front")
    contract = contract_at(request)
    reads_anyway = any(right.reason is Reason.INSTITUTION for right in cast("ReaderRequest", request).reader.rights)
    if contract is None and not reads_anyway:
        context = {"address": sender(request), "login_url": login_url(next_path), "next_path": next_path}
        response = render(request, "paywall/institution_access.html", context)
    else:
        response = HttpResponseRedirect(next_path, status=HTTPStatus.SEE_OTHER)
        if contract is not None:
            set_institution_cookie(response, contract, now)
    mark_private(response)
    return response


# --- for librarians --------------------------------------------------------------------------------------------------


@require_safe
@login_required
def usage(request: HttpRequest) -> HttpResponse:
    """What the institutions of which the reader is a contact have used. Others are told that there is nothing."""
    institutions = user_of(request).institutions.all()
    context = {"usages": [usage_of(institution) for institution in institutions], "zone": settings.TIME_ZONE}
    return render(request, "paywall/institution_usage.html", context)


@require_safe
@login_required
def usage_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    institution = get_object_or_404(user_of(request).institutions, pk=pk)
    uses = institution.uses.select_related("article").order_by("month", "-opened", "article_id")
    name = f"{slugify(institution.name) or institution.pk}-usage.csv"
    head = [_("Month"), _("Article"), _("Address"), _("Opened")]
    return csv_answer(name, head, map(csv_row, uses.iterator(1000)))


def csv_row(use: InstitutionUse) -> tuple[object, ...]:
    address = f"{settings.SITE_URL}{use.article.get_absolute_url()}"
    return f"{use.month:%Y-%m}", use.article.headline, address, use.opened


def usage_of(institution: Institution) -> Usage:
    uses = InstitutionUse.objects.filter(institution=institution)
    sums = uses.values_list("month").annotate(total=Sum("opened")).order_by("-month")[:MONTHS]
    months = [Month(month, total, most_read(uses.filter(month=month))) for month, total in sums]
    ranges = written(institution.ranges.values_list("network", flat=True))
    return Usage(institution, institution.is_live(timezone.now()), ranges, months)


def most_read(uses: QuerySet[InstitutionUse]) -> list[InstitutionUse]:
    return list(uses.select_related("article").order_by("-opened", "article_id")[:MOST_READ])


# --- on the account page ---------------------------------------------------------------------------------------------


def institution_section(request: HttpRequest) -> OverviewSection | None:
    """The part about institutions, for who reads by one or is the contact of one."""
    reader = cast("ReaderRequest", request).reader
    rights = [right for right in reader.rights if right.reason is Reason.INSTITUTION]
    sentences = [_("You are reading this with %(name)s.") % {"name": right.via} for right in rights[:1]]
    for right in rights[:1]:
        if right.until is not None:
            day = date_format(timezone.localtime(right.until - timedelta(seconds=1)), "DATE_FORMAT")
            sentences.append(_("The whole library is open to you until the end of %(day)s.") % {"day": day})
    is_contact = reader.user_id is not None and user_of(request).institutions.exists()
    links = (OverviewLink(_("See its usage"), reverse("paywall:institution-usage")),) if is_contact else ()
    if is_contact:
        sentences.append(_("You are a contact of an institution here."))
    return OverviewSection(_("Your institution"), tuple(sentences), links) if sentences else None


def access_url(next_path: str) -> str:
    return f"{reverse('paywall:institution-access')}?{urlencode({'next': next_path})}"
