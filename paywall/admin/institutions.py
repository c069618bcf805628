"""Institutions in admin: the contract, all addresses in one field, and the domains that staff vouch for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db import connection
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.requests import user_of
from paywall.models import AddressRange, Institution, MailDomain
from paywall.ways_in.mail_domains import DomainRefused, clean_domain
from paywall.ways_in.networks import Network, RangeRefused, WrittenRange, merged, read_ranges, written

if TYPE_CHECKING:
    InstitutionModelForm = forms.ModelForm[Institution]
    DomainModelForm = forms.ModelForm[MailDomain]
    DomainBase = admin.TabularInline[MailDomain, Institution]
    InstitutionBase = admin.ModelAdmin[Institution]
else:
    InstitutionModelForm = DomainModelForm = forms.ModelForm
    DomainBase = admin.TabularInline
    InstitutionBase = admin.ModelAdmin

# Whoever writes ranges waits for the others, so that what was found free stays so until it is stored.
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('paywall_addressrange'))"
TAKEN = """
    SELECT DISTINCT ON (mine) text(mine), institution.name, text(taken.network)
      FROM unnest(%(networks)s::cidr[]) AS mine
      JOIN paywall_addressrange AS taken ON taken.network && mine
      JOIN paywall_institution AS institution ON institution.id = taken.institution_id
     WHERE institution.id IS DISTINCT FROM %(own)s
     ORDER BY mine, taken.network
"""
MOST_ERRORS = 20  # lines that are quoted at once


class InstitutionForm(InstitutionModelForm):
    ranges = forms.CharField(
        label=gettext_lazy("addresses"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 12, "cols": 60, "spellcheck": "false", "dir": "ltr"}),
        help_text=gettext_lazy(
            "One range a line, as 8.8.8.0/24, 8.8.8.8 or 8.8.8.1 - 8.8.8.9, of IPv4 or IPv6. What follows a # is left"
            " out. Ranges that touch each other are put together. Whoever comes from here reads everything, so the"
            " proxy before the site must drop what readers send as X-Forwarded-For, and all headers with underscores."
        ),
    )

    class Meta:
        model = Institution
        fields = ("name", "starts_on", "ends_on", "roaming_days", "contacts", "notes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "ranges" in self.fields:
            self.fields["ranges"].initial = range_lines(self.instance)

    def clean_ranges(self) -> list[Network]:
        try:
            ranges, errors = read_ranges(self.cleaned_data["ranges"])
        except RangeRefused as refused:
            raise forms.ValidationError(str(refused)) from refused
        if not errors:
            with connection.cursor() as cursor:
                cursor.execute(ONE_AT_A_TIME)
            errors = overlaps(ranges, self.instance.pk)
        if errors:
            more = len(errors) - MOST_ERRORS
            shown = errors[:MOST_ERRORS] + ([_("And %(count)d more lines.") % {"count": more}] if more > 0 else [])
            raise forms.ValidationError([forms.ValidationError(error) for error in shown])
        return merged(network for one in ranges for network in one.networks)


def range_lines(institution: Institution) -> str:
    return "\n".join(written(institution.ranges.values_list("network", flat=True)))


def overlaps(ranges: list[WrittenRange], institution_id: int | None) -> list[str]:
    """What of it belongs to another institution, by line."""
    networks = [str(network) for one in ranges for network in one.networks]
    with connection.cursor() as cursor:
        cursor.execute(TAKEN, {"networks": networks, "own": institution_id})
        taken = {network: (name, other) for network, name, other in cursor.fetchall()}
    found = []
    for one in ranges:
        for name, other in [taken[str(network)] for network in one.networks if str(network) in taken][:1]:
            words = {"line": one.line, "text": one.text, "name": name, "range": other}
            found.append(_("Line %(line)d, “%(text)s”: %(range)s belongs to %(name)s already.") % words)
    return found


def store_ranges(institution: Institution, networks: list[Network]) -> None:
    """Only what differs is written."""
    stored, wanted = {row.network: row.pk for row in institution.ranges.all()}, set(networks)
    institution.ranges.filter(pk__in=[pk for network, pk in stored.items() if network not in wanted]).delete()
    AddressRange.objects.bulk_create(
        [AddressRange(institution=institution, network=network) for network in networks if network not in stored]
    )


class DomainForm(DomainModelForm):
    is_verified = forms.BooleanField(
        label=gettext_lazy("verified"),
        required=False,
        help_text=gettext_lazy("The institution has shown that its people alone have addresses there."),
    )

    class Meta:
        model = MailDomain
        fields = ("domain", "has_subdomains")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "is_verified" in self.fields:
            self.fields["is_verified"].initial = self.instance.verified_at is not None

    def clean_domain(self) -> str:
        try:
            return clean_domain(self.cleaned_data["domain"])
        except DomainRefused as refused:
            raise forms.ValidationError(str(refused)) from refused


class MailDomainInline(DomainBase):
    """Whoever may change the institution decides this too."""

    model = MailDomain
    form = DomainForm
    fields = ("domain", "has_subdomains", "is_verified", "verified_at", "verified_by")
    readonly_fields = ("verified_at", "verified_by")
    extra = 1

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("paywall.view_institution")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("paywall.change_institution")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("paywall.change_institution")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("paywall.change_institution")


@admin.register(Institution)
class InstitutionAdmin(InstitutionBase):
    form = InstitutionForm
    inlines = (MailDomainInline,)
    autocomplete_fields = ("contacts",)
    list_display = ("name", "state", "starts_on", "ends_on", "number_of_ranges", "roaming_days")
    search_fields = ("name",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Institution]:
        return super().get_queryset(request).annotate(range_count=Count("ranges"))

    def get_fieldsets(self, request: HttpRequest, obj: Institution | None = None) -> Any:
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        ranges = "ranges" if may_write else "addresses"
        return (
            (None, {"fields": ("name", ("starts_on", "ends_on"), "notes")}),
            (gettext_lazy("In its network"), {"fields": (ranges, "roaming_days")}),
            (gettext_lazy("Usage"), {"fields": ("contacts",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Institution | None = None) -> tuple[str, ...]:
        return ("addresses",)

    @admin.display(description=gettext_lazy("addresses"))
    def addresses(self, institution: Institution) -> str:
        return range_lines(institution)

    @admin.display(description=gettext_lazy("ranges"))
    def number_of_ranges(self, institution: Institution) -> int:
        return int(getattr(institution, "range_count", 0))

    @admin.display(description=gettext_lazy("state"))
    def state(self, institution: Institution) -> str:
        now = timezone.now()
        if institution.is_live(now):
            return _("live")
        return _("not begun") if now < institution.starts_at else _("ended")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "ranges" in form.cleaned_data:
            store_ranges(form.instance, form.cleaned_data["ranges"])

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """A tick says who vouches for a domain and when. Who gives it another name has to set the tick anew."""
        for domain_form in formset.forms:
            vouch(domain_form, request)
        super().save_formset(request, form, formset, change)


def vouch(form: Any, request: HttpRequest) -> None:
    if not hasattr(form, "cleaned_data") or "is_verified" not in form.cleaned_data:
        return
    row, changed = form.instance, form.changed_data
    is_renamed = "domain" in changed and "is_verified" not in changed
    if is_renamed or not form.cleaned_data["is_verified"]:
        row.verified_at, row.verified_by = None, None
    elif row.verified_at is None or changed:
        row.verified_at, row.verified_by = timezone.now(), user_of(request)
