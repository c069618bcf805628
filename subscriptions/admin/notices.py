"""Mails to readers, and alerts to those who run the site."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from subscriptions import outgoing
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
    list_display = ("key", "kind", "text", "created_at", "acknowledged_at", "acknowledged_by")
    list_filter = (("acknowledged_at", admin.EmptyFieldListFilter), "kind")
    list_select_related = ("acknowledged_by",)
    search_fields = ("key__exact",)
    search_help_text = gettext_lazy("The whole key.")
    actions = ("acknowledge",)

    @admin.action(permissions=["act"], description=gettext_lazy("Acknowledge"), location=BOTH_PAGES)
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        """Who was first stays: an alert that is acknowledged already is left as it is."""
        with transaction.atomic():
            alerts = list(queryset.filter(acknowledged_at=None).select_for_update(of=("self",)))
            for alert in alerts:
                alert.acknowledged_at, alert.acknowledged_by_id = timezone.now(), request.user.pk
                alert.save(update_fields=["acknowledged_at", "acknowledged_by"])
                self.log_change(request, alert, _("Acknowledged."))
        told = ngettext("%(count)d alert is acknowledged.", "%(count)d alerts are acknowledged.", len(alerts))
        self.message_user(request, told % {"count": len(alerts)}, messages.SUCCESS)
