"""Customers at Stripe with the state of their sync, and the subscriptions that are mirrored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin import ActionLocation
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from subscriptions.admin.looking import ReadOnlyAdmin
from subscriptions.admin.reader import reader_urls
from subscriptions.entitlements import standing_of
from subscriptions.models import StripeCustomer, Subscription, SyncJob
from subscriptions.models.plan import money
from subscriptions.sync import sync_soon

if TYPE_CHECKING:
    JobInline = admin.TabularInline[SyncJob, StripeCustomer]
else:
    JobInline = admin.TabularInline

BOTH_PAGES = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]


class SyncJobInline(JobInline):
    model = SyncJob
    fields = ("generation", "done_generation", "lease_until", "not_before", "attempts", "last_error")
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SyncingAdmin(ReadOnlyAdmin):
    actions = ("sync_now",)

    def sync(self, request: HttpRequest, rows: Iterable[Any], customers: set[int]) -> None:
        """Queue a sync of the customers, for the rows that somebody has chosen."""
        with transaction.atomic():
            for customer_pk in sorted(customers):
                sync_soon(customer_pk)
            for row in rows:
                self.log_change(request, row, _("Sync asked for."))
        told = ngettext(
            "A sync of %(count)d customer is queued.", "Syncs of %(count)d customers are queued.", len(customers)
        )
        self.message_user(request, told % {"count": len(customers)}, messages.SUCCESS)


@admin.register(StripeCustomer)
class StripeCustomerAdmin(SyncingAdmin):
    inlines = (SyncJobInline,)
    list_display = ("stripe_id", "user", "billing_email", "livemode", "synced_at", "is_waiting", "last_error")
    list_filter = ("livemode", ("deleted_at", admin.EmptyFieldListFilter))
    list_select_related = ("user", "sync_job")
    search_fields = ("stripe_id__exact", "user__email__iexact", "billing_email__iexact")
    search_help_text = gettext_lazy("The whole address, or the id at Stripe.")

    @admin.display(description=gettext_lazy("waits for a sync"), boolean=True)
    def is_waiting(self, customer: StripeCustomer) -> bool:
        job = getattr(customer, "sync_job", None)
        return job is not None and job.done_generation < job.generation

    @admin.display(description=gettext_lazy("last error"))
    def last_error(self, customer: StripeCustomer) -> str:
        job = getattr(customer, "sync_job", None)
        return "" if job is None else job.last_error

    @admin.action(permissions=["act"], description=gettext_lazy("Sync now"), location=BOTH_PAGES)
    def sync_now(self, request: HttpRequest, queryset: QuerySet[StripeCustomer]) -> None:
        customers = list(queryset)
        self.sync(request, customers, {customer.pk for customer in customers})


@admin.register(Subscription)
class SubscriptionAdmin(SyncingAdmin):
    list_display = ("stripe_id", "user", "plan", "price", "status", "period_end", "contract_end", "reads")
    list_filter = ("status", "plan", "customer__livemode")
    list_select_related = ("user", "plan", "customer")
    search_fields = ("stripe_id__exact", "customer__stripe_id__exact", "user__email__iexact")
    search_help_text = gettext_lazy("The whole address, or the id of a subscription or customer at Stripe.")

    def get_urls(self) -> list[URLPattern]:
        return [*reader_urls(), *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("reads", "contract_end")

    @admin.display(description=gettext_lazy("price"))
    def price(self, subscription: Subscription) -> str:
        return money(subscription.amount_minor, subscription.currency)

    @admin.display(description=gettext_lazy("ends on"))
    def contract_end(self, subscription: Subscription) -> str:
        return "" if subscription.ends_at is None else moment_label(subscription.ends_at)

    @admin.display(description=gettext_lazy("reads now"))
    def reads(self, subscription: Subscription) -> str:
        standing = standing_of(subscription, timezone.now())
        if not standing.granted or standing.until is None:
            return _("no")
        return _("until %(moment)s") % {"moment": moment_label(standing.until)}

    @admin.action(permissions=["act"], description=gettext_lazy("Sync now"), location=BOTH_PAGES)
    def sync_now(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        subscriptions = list(queryset)
        self.sync(request, subscriptions, {subscription.customer_id for subscription in subscriptions})


def moment_label(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")
