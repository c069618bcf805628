"""Mails to readers, and alerts to those who run the site."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import urlize
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from subscriptions import outgoing
from subscriptions.admin.acting import NotedActionForm, told_with
from subscriptions.admin.customers import BOTH_PAGES
from subscriptions.admin.looking import ReadOnlyAdmin
from subscriptions.models import Alert, OutgoingMail


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    list_display = ("dedupe_key", "recipient", "subject", "state", "attempts", "last_error", "created_at", "sent_at")
    list_filter = ("state",)
    search_fields = ("dedupe_key__exact", "recipient__iexact")
    search_help_text = gettext_lazy("The whole address, or the key.")
    actions = ("send_again",)

    @admin.action(permissions=["act"], description=gettext_lazy("Send again what was not sent"), location=BOTH_PAGES)
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        with transaction.atomic():
            queued = outgoing.send_again(queryset)
            for mail in queued:
                self.log_change(request, mail, _("Queued again."))
        told = ngettext("%(count)d mail is queued.", "%(count)d mails are queued.", len(queued)) % {
            "count": len(queued)
        }
        self.message_user(request, told, messages.SUCCESS if queued else messages.WARNING)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """The open ones first. Where an alert is about a reader, it leads to their page."""

    list_display = ("created_at", "kind", "found", "reader", "acknowledged_at", "acknowledged_by", "note")
    readonly_fields = ("found", "reader")
    exclude = ("text",)
    ordering = (F("acknowledged_at").desc(nulls_first=True), "-pk")
    action_form = NotedActionForm
    list_filter = (("acknowledged_at", admin.EmptyFieldListFilter), "kind")
    list_select_related = ("acknowledged_by", "customer__user")
    search_fields = ("key__exact", "customer__stripe_id__exact", "customer__user__email__iexact")
    search_help_text = gettext_lazy("The whole key, the address, or the id of a customer at Stripe.")
    actions = ("acknowledge",)

    @admin.display(description=gettext_lazy("what was found"))
    def found(self, alert: Alert) -> str:
        return urlize(alert.text, autoescape=True)

    @admin.display(description=gettext_lazy("reader"))
    def reader(self, alert: Alert) -> str:
        user = alert.customer.user if alert.customer is not None else None
        if user is None:
            return ""
        return format_html('<a href="{}">{}</a>', reverse("admin:subscriptions_reader", args=[user.pk]), user.email)

    @admin.action(permissions=["act"], description=gettext_lazy("Acknowledge"), location=BOTH_PAGES)
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        """Who was first stays: an alert that is acknowledged already is left as it is."""
        note = told_with(request, "note")
        with transaction.atomic():
            alerts = list(queryset.filter(acknowledged_at=None).select_for_update(of=("self",)))
            for alert in alerts:
                alert.acknowledged_at, alert.acknowledged_by_id = timezone.now(), request.user.pk
                alert.note = note
                alert.save(update_fields=["acknowledged_at", "acknowledged_by", "note"])
                self.log_change(request, alert, _("Acknowledged."))
        told = ngettext("%(count)d alert is acknowledged.", "%(count)d alerts are acknowledged.", len(alerts))
        self.message_user(request, told % {"count": len(alerts)}, messages.SUCCESS)
