"""What readers declared without logging in, and what they agreed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from subscriptions.admin.customers import BOTH_PAGES
from subscriptions.admin.looking import ReadOnlyAdmin, WholeNumberSearch
from subscriptions.models import Agreement, Declaration, DeclarationState, DeclaredContract

if TYPE_CHECKING:
    ContractTabularInline = admin.TabularInline[DeclaredContract, Declaration]
else:
    ContractTabularInline = admin.TabularInline


class ContractInline(ContractTabularInline):
    model = DeclaredContract
    fields = (
        "subscription",
        "is_at_once",
        "is_withdrawal",
        "outcome",
        "due_minor",
        "returned_minor",
        "currency",
        "ends_at",
    )
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Declaration | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Declaration | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Declaration | None = None) -> bool:
        return request.user.has_perm("subscriptions.view_declaration")


@admin.register(Declaration)
class DeclarationAdmin(WholeNumberSearch, ReadOnlyAdmin):
    """The seal of the code stays out. What was never confirmed waits here for a person."""

    exclude = ("code_seal",)
    readonly_fields = ("uuid", "received_at", "code_sent_at", "codes_sent", "tries", "confirmed_at")
    inlines = (ContractInline,)
    list_display = ("received_at", "kind", "end", "email", "name", "user", "state", "confirmed_at")
    list_filter = ("state", "kind")
    list_select_related = ("user",)
    search_fields = ("email__iexact", "name__icontains")
    search_help_text = gettext_lazy("The whole number or address, or a part of the name.")
    actions = ("settle",)

    @admin.action(permissions=["act"], description=gettext_lazy("Mark as settled"), location=BOTH_PAGES)
    def settle(self, request: HttpRequest, queryset: QuerySet[Declaration]) -> None:
        """Somebody has done by hand what was declared. What was carried out stays so."""
        with transaction.atomic():
            rows = list(queryset.exclude(state=DeclarationState.DONE).select_for_update(of=("self",)))
            for row in rows:
                row.state = DeclarationState.SETTLED
                row.save(update_fields=["state"])
                self.log_change(request, row, _("Settled by hand."))
        told = ngettext("%(count)d declaration is settled.", "%(count)d declarations are settled.", len(rows))
        self.message_user(request, told % {"count": len(rows)}, messages.SUCCESS)


@admin.register(Agreement)
class AgreementAdmin(ReadOnlyAdmin):
    list_display = ("made_at", "kind", "user", "lead", "plan_name", "price_label", "terms_version", "begins_at_once")
    list_filter = ("kind",)
    list_select_related = ("user", "lead")
    search_fields = ("user__email__iexact", "lead__email__iexact", "subscription__stripe_id__exact")
    search_help_text = gettext_lazy("The whole address, or the id of a subscription at Stripe.")
