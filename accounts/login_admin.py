"""Second factors and sessions in admin: superusers see who has which, remove a factor that is lost and end a session.

What a second factor is made of is shown to nobody, and nobody puts one up for somebody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.mfa import admin as _mfa_admin  # noqa: F401 - registers what is replaced below
from allauth.mfa.base.internal.flows import delete_dangling_recovery_codes
from allauth.mfa.models import Authenticator
from allauth.usersessions import admin as _usersessions_admin  # noqa: F401
from allauth.usersessions.adapter import get_adapter as usersessions_adapter
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyModelAdmin = admin.ModelAdmin


class RemovedOnly(AnyModelAdmin):
    """Looked at and removed, by superusers: who may remove a second factor can have it put up anew."""

    search_fields = ("user__email__exact",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)


class AuthenticatorAdmin(RemovedOnly):
    """allauth's shows the secret of an app and the seed of the recovery codes, and lets them be written."""

    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")
    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        """With the last factor go the recovery codes, as where its owner removes it."""
        obj.delete()
        delete_dangling_recovery_codes(obj.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Authenticator]) -> None:
        for authenticator in queryset.select_related("user"):
            self.delete_model(request, authenticator)


class UserSessionAdmin(RemovedOnly):
    """allauth's removes the line in the list and leaves the session itself alive."""

    fields = readonly_fields = ("user", "created_at", "last_seen_at", "ip", "user_agent")
    list_display = ("user", "created_at", "last_seen_at", "ip", "user_agent")

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        usersessions_adapter().end_sessions([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[UserSession]) -> None:
        usersessions_adapter().end_sessions(list(queryset))


for model, model_admin in ((Authenticator, AuthenticatorAdmin), (UserSession, UserSessionAdmin)):
    admin.site.unregister(model)
    admin.site.register(model, model_admin)
