"""People in admin, for superusers and those they name.

Nobody hands out more than they hold, and passwords are not set here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from django import forms
from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
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
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "date_joined", "holdings")
    list_filter = ("is_staff", "is_active", "groups")
    show_full_result_count = False
    search_fields = ("email__exact",)
    search_help_text = gettext_lazy("The whole address.")
    ordering = ("-date_joined",)

    @admin.display(description=gettext_lazy("holds"))
    def holdings(self, user: User) -> str:
        """To the page of what was sold and given to them, which asks for permissions of its own."""
        url = reverse("admin:subscriptions_reader", args=[user.pk])
        return format_html('<a href="{}">{}</a>', url, _("look"))

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


class KindFilter(admin.SimpleListFilter):
    """The kinds of object that the log tells of, under the names that the admin has for them."""

    title = gettext_lazy("kind of object")
    parameter_name = "object_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = StaffAction.objects.exclude(object_type="").order_by().values_list("object_type", flat=True).distinct()
        return sorted(((kind, kind_in_words(kind)) for kind in kinds), key=lambda kind: kind[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[StaffAction]) -> QuerySet[StaffAction]:
        return queryset.filter(object_type=self.value()) if self.value() else queryset


def kind_in_words(kind: str) -> str:
    """The name of the model with this label; the label where there is no such model any more."""
    try:
        return capfirst(str(apps.get_model(kind)._meta.verbose_name))
    except (LookupError, ValueError):
        return kind


@admin.register(StaffAction)
class StaffActionAdmin(ActionModelAdmin):
    """The log is looked at: nobody writes in it, superusers included."""

    list_display = ("at", "actor_name", "deed", "network")
    list_filter = ("action", KindFilter)
    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = "at"
    search_fields = ("actor_name__iexact", "object_words__icontains", "object_id__exact", "network__exact")
    search_help_text = gettext_lazy(
        "The whole e-mail or network address, the number of the object, or a part of its name."
    )

    @admin.display(description=gettext_lazy("what"), ordering="action")
    def deed(self, row: StaffAction) -> str:
        """All that was done, in one column: of more the last would stand beyond the edge."""
        done = ": ".join(filter(None, (str(row.get_action_display()), row.object_words)))
        return " – ".join(filter(None, (done, row.detail)))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: StaffAction | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: StaffAction | None = None) -> bool:
        return False


def is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)
