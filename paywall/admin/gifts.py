"""Gift links in admin: looked at and revoked. The address of one is shown to its giver alone."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.admin import ActionLocation
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from paywall.models import GiftLink
from subscriptions.admin.looking import ReadOnlyAdmin, WholeAddressSearch


@admin.register(GiftLink)
class GiftLinkAdmin(ReadOnlyAdmin, WholeAddressSearch):
    list_display = ("article", "giver", "state", "made_at", "expires_at", "readers", "most_readers")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("article", "giver")
    search_fields = ("giver__email__exact",)
    search_help_text = gettext_lazy("The whole address of who gave it.")
    fields = (
        "article",
        "giver",
        "shown_name",
        "state",
        "made_at",
        "expires_at",
        "revoked_at",
        "readers",
        "most_readers",
    )
    readonly_fields = fields
    actions = ("revoke",)

    @admin.display(description=gettext_lazy("state"))
    def state(self, link: GiftLink) -> str:
        if link.revoked_at is not None:
            return _("revoked")
        if not link.is_live(timezone.now()):
            return _("ended")
        return _("used up") if link.is_used_up else _("live")

    @admin.action(
        permissions=["act"],
        description=gettext_lazy("Revoke"),
        location=[ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM],
    )
    def revoke(self, request: HttpRequest, queryset: QuerySet[GiftLink]) -> None:
        with transaction.atomic():
            links = list(queryset.filter(revoked_at=None).select_for_update(of=("self",)))
            GiftLink.objects.filter(pk__in=[link.pk for link in links]).revoke(timezone.now())
            for link in links:
                self.log_change(request, link, _("Revoked."))
        told = ngettext("%(count)d gift link was revoked.", "%(count)d gift links were revoked.", len(links)) % {
            "count": len(links)
        }
        self.message_user(request, told, messages.SUCCESS)
