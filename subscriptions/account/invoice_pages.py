"""A reader's invoices and what they paid for once, one page after another; the documents themselves are at Stripe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.requests import user_of
from subscriptions.account.overview import invoices_of, purchases_of
from subscriptions.models import Invoice, PlanKind, Purchase
from subscriptions.models.plan import money

ON_A_PAGE = 24
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Paper:
    """One row of the page. `about` says what it is for, `article` leads to what was bought by itself; amounts are in
    words and empty where there is nothing to say.
    """

    at: datetime | None
    total: str
    state: str
    number: str
    about: str
    article: str
    tax: str
    returned: str
    url: str
    pdf_url: str
    is_open: bool = False


@never_cache
@login_required
@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    """A page that is not there, as an old bookmark may name it, is the last one."""
    page = Paginator(papers_of(user_of(request)), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "subscriptions/invoices.html", {"page": page})


def papers_of(user: User) -> list[Paper]:
    """All of them, newest first: a reader has some dozens."""
    papers = [of_invoice(invoice) for invoice in invoices_of(user)]
    papers += [of_purchase(purchase) for purchase in purchases_of(user).select_related("price__plan", "attempt")]
    return sorted(papers, key=lambda paper: paper.at or LONG_AGO, reverse=True)


def of_invoice(invoice: Invoice) -> Paper:
    return Paper(
        at=invoice.finalized_at,
        total=invoice.total_label,
        state=invoice.state_label,
        number=invoice.number,
        about=period_in_words(invoice),
        article="",
        tax=invoice.tax_label if invoice.tax_minor else "",
        returned=money(invoice.refunded_minor, invoice.currency) if invoice.refunded_minor else "",
        url=invoice.hosted_url,
        pdf_url=invoice.pdf_url,
        is_open=invoice.status == "open",
    )


def period_in_words(invoice: Invoice) -> str:
    first, last = invoice.period_start, invoice.period_end
    if first is None or last is None or first == last:
        return invoice.description
    told = _("For %(first)s to %(last)s") % {"first": day_of(first), "last": day_of(last)}
    return f"{told}: {invoice.description}" if invoice.description else told


def of_purchase(purchase: Purchase) -> Paper:
    plan = purchase.price.plan
    about = plan.name
    if plan.kind == PlanKind.PASS and purchase.ends_at is not None:
        ends_at = timezone.localtime(purchase.ends_at)
        told = {
            "name": plan.name,
            "day": date_format(ends_at, "DATE_FORMAT"),
            "hour": date_format(ends_at, "TIME_FORMAT"),
        }
        about = _("%(name)s, until %(day)s at %(hour)s") % told
    return Paper(
        at=purchase.paid_at,
        total=purchase.paid_label,
        state=_("paid") if purchase.amount_minor else _("nothing due"),
        number=purchase.invoice_number,
        about=about,
        article=purchase.attempt.next_path if plan.kind == PlanKind.ARTICLE else "",
        tax=purchase.tax_label if purchase.tax_minor else "",
        returned=money(purchase.refunded_minor, purchase.currency) if purchase.refunded_minor else "",
        url=purchase.invoice_url,
        pdf_url="",
    )


def day_of(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATE_FORMAT")
