"""People in admin, for superusers and those they name.

Nobody hands out more than they hold, and passwords are not set here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.fields import AddressField
from accounts.models import StaffAction, User

if TYPE_CHECKING:
    UserModelAdmin = admin.ModelAdmin[User]
    ActionModelAdmin = admin.ModelAdmin[StaffAction]
    UserModelForm = forms.ModelForm[User]
    AddressTabularInline = admin.TabularInline[EmailAddress, User]
else:
    UserModelAdmin = admin.ModelAdmin
    ActionModelAdmin = admin.ModelAdmin
    UserModelForm = forms.ModelForm
    AddressTabularInline = admin.TabularInline

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


class UserForm(UserModelForm):
    email = AddressField()

    class Meta:
        model = User
        fields = ("email", "name", "is_active", *RIGHTS)

    def clean_email(self) -> str:
        """Free also among the further addresses of other accounts."""
        email: str = self.cleaned_data["email"]
        taken = EmailAddress.objects.filter(email__iexact=email).exclude(user_id=self.instance.pk)
        if taken.exists():
            raise forms.ValidationError(_("A user with this address exists already."))
        return email


class AddressInline(AddressTabularInline):
    """To be looked at: an address changes by a code that is sent to it, on the account's own pages."""

    model = EmailAddress
    fields = ("email", "verified", "primary")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return request.user.has_perm("accounts.view_user")


@admin.register(User)
class UserAdmin(UserModelAdmin):
    form = UserForm
    inlines = (AddressInline,)
    fieldsets = (
        (None, {"fields": ("email", "name", "is_active", "date_joined", "last_login")}),
        (gettext_lazy("Rights"), {"fields": RIGHTS}),
    )
    filter_horizontal = ("groups", "user_permissions")
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "date_joined")
    list_filter = ("is_staff", "is_active", "groups")
    show_full_result_count = False
    search_fields = ("email__exact",)
    search_help_text = gettext_lazy("The whole address.")
    ordering = ("-date_joined",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Not by the password: staff who may look at the list would learn the hash letter by letter."""
        return not lookup.startswith("password") and super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        return super().get_search_results(request, queryset, search_term.strip().lower())

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """The address of an account is not changed here, and rights are given by superusers alone."""
        fixed = ("date_joined", "last_login", *(("email",) if obj is not None else ()))
        return fixed if is_superuser(request) else (*fixed, *RIGHTS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """The account of a superuser, or of other staff, is changed by superusers alone."""
        is_ordinary = obj is None or not (obj.is_superuser or obj.is_staff)
        return (is_ordinary or is_superuser(request)) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Accounts are switched off, or erased on request by their owner; both keep what the law wants kept."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            EmailAddress.objects.create(user=obj, email=obj.email, primary=True, verified=False)


@admin.register(StaffAction)
class StaffActionAdmin(ActionModelAdmin):
    """The log is looked at: nobody writes in it, superusers included."""

    list_display = ("at", "actor_name", "action", "object_type", "object_words", "detail", "network")
    list_filter = ("action", ("at", admin.DateFieldListFilter), "object_type")
    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = "at"
    search_fields = ("actor_name__iexact", "object_words__icontains", "object_id__exact", "network__exact")
    search_help_text = gettext_lazy("The whole address of who it was or from where, or a part of the object's name.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: StaffAction | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: StaffAction | None = None) -> bool:
        return False


def is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)
