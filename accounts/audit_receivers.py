"""What feeds the log of staff: the admin's own history, logins, factors and rights."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed, password_changed, password_reset, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.db.models import Model, QuerySet
from django.db.models.signals import m2m_changed, post_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.models import StaffActionKind, User

KINDS = {
    ADDITION: StaffActionKind.ADDED,
    CHANGE: StaffActionKind.CHANGED,
    DELETION: StaffActionKind.DELETED,
}


def is_staff(user: Any) -> bool:
    return isinstance(user, User) and (user.is_staff or user.is_superuser)


# --- The admin's history ---------------------------------------------------------------------------------------------


@receiver(post_save, sender=LogEntry)
def record_log_entry(instance: LogEntry, created: bool, raw: bool = False, **_arguments: Any) -> None:
    if created and not raw:
        record_history(instance)


def record_history(entry: LogEntry) -> None:
    kind = entry.content_type
    label = "" if kind is None else f"{kind.app_label}.{kind.model}"
    thing = (label, str(entry.object_id or ""), entry.object_repr)
    request = audit.current_request()
    audit.record(request, KINDS[entry.action_flag], thing, entry.get_change_message(), actor=entry.user)


@admin.action(permissions=["delete"], description=gettext_lazy("Delete selected %(verbose_name_plural)s"))
def delete_selected_and_record(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """Django's own action, whose entries for several rows are written at once and so without a signal."""
    chosen = list(queryset) if request.POST.get("post") else []
    things = [audit.named(row) for row in chosen]
    with transaction.atomic():  # the admin opens none for an action, and nothing goes untold
        answer: HttpResponse | None = delete_selected(model_admin, request, queryset)
        if answer is None and len(things) > 1 and isinstance(request.user, User):
            for thing in things:
                audit.record(request, StaffActionKind.DELETED, thing)
    return answer


# --- Logins, and what one logs in with -------------------------------------------------------------------------------


@receiver(user_logged_in)
def record_login(request: HttpRequest, user: Any, **_arguments: Any) -> None:
    if is_staff(user):
        audit.record(request, StaffActionKind.LOGGED_IN, actor=user)


@receiver(user_logged_out)
def record_logout(request: HttpRequest, user: Any, **_arguments: Any) -> None:
    if is_staff(user):
        audit.record(request, StaffActionKind.LOGGED_OUT, actor=user)


@receiver(authenticator_added)
@receiver(authenticator_removed)
@receiver(authenticator_reset)
def record_second_factor(signal: Any, request: HttpRequest, user: Any, authenticator: Any, **_arguments: Any) -> None:
    if is_staff(user):
        deeds = {
            authenticator_added: _("Added: %(factor)s."),
            authenticator_removed: _("Removed: %(factor)s."),
            authenticator_reset: _("Made anew: %(factor)s."),
        }
        factor = Authenticator.Type(authenticator.type).label
        detail = deeds[signal] % {"factor": factor}
        audit.record(request, StaffActionKind.SECOND_FACTOR_CHANGED, user, detail, actor=user)


@receiver(password_set)
@receiver(password_changed)
@receiver(password_reset)
def record_password(request: HttpRequest, user: Any, **_arguments: Any) -> None:
    if is_staff(user):
        audit.record(request, StaffActionKind.LOGIN_CHANGED, user, _("The password."), actor=user)


@receiver(email_changed)
def record_address(
    request: HttpRequest,
    user: Any,
    from_email_address: EmailAddress | None,
    to_email_address: EmailAddress,
    **_arguments: Any,
) -> None:
    if is_staff(user):
        former = from_email_address.email if from_email_address is not None else ""
        words = {"former": former, "new": to_email_address.email}
        detail = _("The address, from %(former)s to %(new)s.") % words
        audit.record(request, StaffActionKind.LOGIN_CHANGED, user, detail, actor=user)


# --- Rights ----------------------------------------------------------------------------------------------------------


@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
@receiver(m2m_changed, sender=Group.permissions.through)
def record_rights(instance: Model, action: str, model: type[Model], pk_set: set[int] | None, **_arguments: Any) -> None:
    """Also what is done from the other side, such as `group.user_set.add(user)`: then the object is the group."""
    if action not in ("post_add", "post_remove", "pre_clear") or pk_set == set():
        return
    if action == "pre_clear":
        detail = _("All %(kind)s taken.") % {"kind": model._meta.verbose_name_plural}
    else:
        names = "; ".join(sorted(str(row) for row in model._default_manager.filter(pk__in=pk_set or ())))
        if not names:
            return
        words = {"kind": model._meta.verbose_name_plural, "names": names}
        given, taken = _("Given (%(kind)s): %(names)s."), _("Taken (%(kind)s): %(names)s.")
        detail = (given if action == "post_add" else taken) % words
    audit.record(audit.current_request(), StaffActionKind.RIGHTS_CHANGED, instance, detail)


admin.site.add_action(delete_selected_and_record, "delete_selected")
