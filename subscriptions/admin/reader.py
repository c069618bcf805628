"""One reader in admin: who they are, what they hold and why, and all that was sold, given, said and sent. Addresses are
posted and never stand in an address of a page: those are logged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from subscriptions.admin import money_back
from subscriptions.admin.reader_sections import customers_of, holds_sentence, sections_of
from subscriptions.at_stripe import page_at_stripe
from subscriptions.models import Dispute, Invoice, Purchase, StripeCustomer, Subscription
from subscriptions.sync import sync_soon

MAY_LOOK = ("accounts.view_user", "subscriptions.view_subscription")
MAY_SYNC = "subscriptions.change_stripecustomer"
MOST_FOUND = 20


class SearchForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("Reader"),
        max_length=254,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
        help_text=gettext_lazy(
            "The whole address; the id of a customer, subscription, invoice, payment or dispute at Stripe; or the "
            "number of an invoice."
        ),
    )


def reader_urls() -> list[URLPattern]:
    """Below the subscriptions in admin; each asks for its own permissions."""
    own: dict[str, tuple[Callable[..., HttpResponse], str]] = {
        "readers/": (search, "readers"),
        "readers/<int:pk>/": (reader, "reader"),
        "readers/<int:pk>/sync/": (sync, "reader_sync"),
        "returns/invoice/<int:pk>/": (money_back.return_invoice, "return_invoice"),
        "returns/purchase/<int:pk>/": (money_back.return_purchase, "return_purchase"),
        "<int:pk>/end/": (money_back.end_subscription, "end"),
    }
    return [
        path(route, admin.site.admin_view(view), name=f"subscriptions_{name}") for route, (view, name) in own.items()
    ]


def refuse_others(request: HttpRequest) -> None:
    if not request.user.has_perms(MAY_LOOK):
        raise PermissionDenied


@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    refuse_others(request)
    form = SearchForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    status = 200
    if request.method == "POST":
        found = list(readers_named(form.cleaned_data["words"])[:MOST_FOUND]) if form.is_valid() else []
        if len(found) == 1:
            return HttpResponseRedirect(reverse("admin:subscriptions_reader", kwargs={"pk": found[0].pk}))
        context |= {"found": found, "is_unknown": form.is_valid() and not found}
        status = 200 if form.is_valid() else 400
    return shown(request, "search", {**context, "title": _("Find a reader")}, status=status)


def readers_named(words: str) -> QuerySet[User]:
    """By whatever somebody who writes to the publication may quote; whole, since nothing is found by a part."""
    term = words.strip()
    by_address = Q(email=term.lower()) | Q(emailaddress__email=term.lower())
    customers = StripeCustomer.objects.filter(Q(stripe_id=term) | Q(billing_email__iexact=term))
    disputes = Dispute.objects.filter(Q(stripe_id=term) | Q(charge_id=term) | Q(payment_intent=term))
    subscriptions = Subscription.objects.filter(
        Q(stripe_id=term) | Q(customer__in=customers) | Q(disputes__in=disputes)
    )
    invoices = Invoice.objects.filter(Q(stripe_id=term) | Q(number__iexact=term))
    purchases = Purchase.objects.filter(
        Q(payment_intent=term) | Q(invoice_id=term) | Q(invoice_number__iexact=term) | Q(customer__in=customers)
    )
    owners = (
        by_address
        | Q(pk__in=customers.values("user"))
        | Q(pk__in=subscriptions.values("user"))
        | Q(pk__in=invoices.values("subscription__user"))
        | Q(pk__in=purchases.values("user"))
        | Q(pk__in=disputes.values("purchase__user"))
    )
    return User.objects.filter(owners).distinct().order_by("pk")


@require_safe
def reader(request: HttpRequest, pk: int) -> HttpResponse:
    refuse_others(request)
    user = get_object_or_404(User, pk=pk)
    customers = list(customers_of(user))
    context = {
        "title": user.email,
        "reader": user,
        "holds": holds_sentence(user, timezone.now()),
        "customers": [(row, page_at_stripe("customers", row.stripe_id, livemode=row.livemode)) for row in customers],
        "sections": sections_of(user, customers, request.user),
        "may_sync": request.user.has_perm(MAY_SYNC) and bool(customers),
    }
    return shown(request, "reader", context)


@require_POST
def sync(request: HttpRequest, pk: int) -> HttpResponse:
    """The same as the action of the customers' list, for all that the reader is at Stripe."""
    refuse_others(request)
    if not request.user.has_perm(MAY_SYNC):
        raise PermissionDenied
    user = get_object_or_404(User, pk=pk)
    with transaction.atomic():
        for customer in customers_of(user):
            sync_soon(customer.pk)
            admin.site.get_model_admin(StripeCustomer).log_change(request, customer, _("Sync asked for."))
    messages.success(request, _("A sync is queued. This page shows in a moment what has changed."))
    return HttpResponseRedirect(reverse("admin:subscriptions_reader", kwargs={"pk": pk}))


def shown(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    whole = {**admin.site.each_context(request), **context}
    template = f"admin/subscriptions/reader/{name}.html"
    return TemplateResponse(request, template, whole, status=status, headers={"Cache-Control": "private, no-store"})
