"""Where registered readers see what they opened with reads, and erase it."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.overview import OverviewLink, OverviewSection
from accounts.requests import user_of
from paywall.meters import reading_history
from paywall.meters.meter import meter_facts
from paywall.meters.reading_history import KEPT_FOR
from paywall.meters.words import allowance_sentence
from paywall.models import MeteredRead
from paywall.readers import ReaderRequest

DAYS_A_MONTH = 30


@require_safe
@login_required
def history(request: HttpRequest) -> HttpResponse:
    raw = request.GET.get("before", "")
    before = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else 0
    user, now = user_of(request), timezone.now()
    page = reading_history.history_of(user.pk, before)
    of_plan = cast("ReaderRequest", request).reader.entitlement.allowance
    context = {
        "entries": [
            (read, read.article if read.article is not None and read.article.is_out(now) else None)
            for read in page.reads
        ],
        "older": page.older,
        "is_first": not before,
        "allowance_sentence": allowance_sentence(meter_facts(user.pk, None, now, of_plan=of_plan)),
        "erased": reading_history.erased_and_spent(user.pk, now),
        "months": KEPT_FOR.days // DAYS_A_MONTH,
    }
    return render(request, "paywall/reading_history.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """One read of the reader's own; of somebody else's there is nothing to be seen."""
    user = user_of(request)
    read = get_object_or_404(MeteredRead.objects.filter(user=user).listed().select_related("article"), pk=pk)
    if request.method != "POST":
        return render(request, "paywall/reading_erase.html", {"read": read, "counts": counts(read)})
    reading_history.erase(user.pk, timezone.now(), read.pk)
    messages.success(request, _("Erased from your reading history."))
    return HttpResponseRedirect(reverse("paywall:reading-history"), status=303)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def erase_all(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    if request.method == "POST":
        reading_history.erase(user.pk, timezone.now())
        messages.success(request, _("Your reading history is erased."))
        return HttpResponseRedirect(reverse("paywall:reading-history"), status=303)
    count = MeteredRead.objects.filter(user=user).listed().count()
    if not count:
        return HttpResponseRedirect(reverse("paywall:reading-history"))
    return render(request, "paywall/reading_erase.html", {"count": count, "counts": True})


def counts(read: MeteredRead) -> bool:
    """Whether the read still counts: its article is then open, and erasing it closes that."""
    return read.renews_on > timezone.localdate()


def history_section(request: HttpRequest) -> OverviewSection | None:
    """The part of the account page; nothing for who has opened nothing so."""
    count = MeteredRead.objects.filter(user=user_of(request)).listed().count()
    if not count:
        return None
    sentence = ngettext(
        "%(count)d article that you opened with a free read or with your plan.",
        "%(count)d articles that you opened with a free read or with your plan.",
        count,
    ) % {"count": count}
    link = OverviewLink(_("See and erase what you read"), reverse("paywall:reading-history"))
    return OverviewSection(_("Reading history"), (sentence,), (link,))
