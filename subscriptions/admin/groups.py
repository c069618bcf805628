"""Groups and their seats. How many seats there are is said by Stripe; staff invite, remove and hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from subscriptions.admin.looking import WholeAddressSearch
from subscriptions.groups.groups import IN_USE, SeatRefused, checked_name, end_seat, rename
from subscriptions.groups.handing_over import hand_over, hold_contract, why_not_to
from subscriptions.groups.invitations import InvitationsRefused, checked_list, invite
from subscriptions.models import Group, Seat

if TYPE_CHECKING:
    GroupModelForm = forms.ModelForm[Group]
    SeatsOfInline = admin.TabularInline[Seat, Group]
    SeatChoice = forms.ModelMultipleChoiceField[Seat]
else:
    GroupModelForm = forms.ModelForm
    SeatsOfInline = admin.TabularInline
    SeatChoice = forms.ModelMultipleChoiceField


class Places(SeatChoice):
    def label_from_instance(self, seat: Seat) -> str:
        return f"{seat.email} ({seat.get_state_display()})"


class GroupForm(GroupModelForm):
    invite = forms.CharField(
        label=gettext_lazy("invite"),
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Addresses, one a line. They are told that the owner invites them."),
    )
    free = Places(
        label=gettext_lazy("take back"),
        queryset=Seat.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Readers lose their access at once and are told; invitations then lead nowhere."),
    )
    receiver = forms.EmailField(
        label=gettext_lazy("hand over to"),
        required=False,
        help_text=gettext_lazy(
            "The whole address of a reader who then looks after its payments and invites. The former owner's card is "
            "charged until another one is put in its place. Both are told so."
        ),
    )

    class Meta:
        model = Group
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "free" in self.fields:
            free = self.fields["free"]
            assert isinstance(free, Places)  # noqa: S101 - for mypy
            free.queryset = self.instance.places.filter(state__in=IN_USE)

    def clean_name(self) -> str:
        typed: str = self.cleaned_data["name"]
        try:
            return checked_name(typed)
        except SeatRefused as refusal:
            raise forms.ValidationError(str(refusal)) from None

    def clean_invite(self) -> str:
        typed: str = self.cleaned_data["invite"]
        try:
            if typed.strip():
                checked_list(self.instance, typed, timezone.now())
        except InvitationsRefused as refusal:
            raise forms.ValidationError([forms.ValidationError(error) for error in refusal.errors]) from None
        return typed.strip()

    def clean_receiver(self) -> User | None:
        typed = self.cleaned_data["receiver"].strip().lower()
        if not typed:
            return None
        receiver = User.objects.filter(email=typed).first()
        if receiver is None:
            raise forms.ValidationError(_("There is no account with this address."))
        if objection := why_not_to(self.instance, receiver):
            raise forms.ValidationError(objection)
        return receiver


class SeatInline(SeatsOfInline):
    model = Seat
    fields = ("email", "user", "state", "invited_at", "expires_at", "sendings", "taken_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Group)
class GroupAdmin(WholeAddressSearch):
    form = GroupForm
    inlines = (SeatInline,)
    list_display = ("subscription", "name", "owner", "seats", "taken", "standing")
    list_select_related = ("subscription", "owner")
    search_fields = ("owner__email__exact", "places__email__exact", "subscription__stripe_id")
    search_help_text = gettext_lazy("The whole address of owner or reader, or Stripe's id of the subscription.")
    show_full_result_count = False
    readonly_fields = ("subscription", "owner", "seats", "taken", "standing")
    fieldsets = (
        (None, {"fields": ("subscription", "standing", "owner", "seats", "taken", "name")}),
        (gettext_lazy("What to do"), {"fields": ("invite", "free", "receiver")}),
    )

    @admin.display(description=gettext_lazy("taken"))
    def taken(self, group: Group) -> int:
        return group.places.filter(state="taken").count()

    @admin.display(description=gettext_lazy("status"))
    def standing(self, group: Group) -> str:
        return group.subscription.status

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).select_related("subscription__plan", "subscription__customer", "owner")

    def get_fieldsets(self, request: HttpRequest, obj: Group | None = None) -> Any:
        return self.fieldsets if self.has_change_permission(request, obj) else self.fieldsets[:1]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        """The admin makes the entry in its history. What the form has checked may have changed a moment ago."""
        wished = form.cleaned_data
        try:
            with transaction.atomic():
                if wished["receiver"] is not None:
                    hold_contract(obj.pk)
                rename(obj.pk, wished["name"])
                for seat in wished["free"]:
                    end_seat(obj.pk, seat.pk)
                if wished["invite"]:
                    invite(obj.pk, wished["invite"])
                if wished["receiver"] is not None:
                    hand_over(obj.pk, wished["receiver"])
        except (SeatRefused, InvitationsRefused) as refusal:
            self.message_user(request, f"{refusal} {_('Nothing was changed.')}", messages.ERROR)
