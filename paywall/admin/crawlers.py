"""Crawlers in admin: off until a publisher switches one on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from paywall.models import Crawler
from paywall.ways_in.mail_domains import LABEL, ascii_domain
from paywall.ways_in.networks import RangeRefused, merged, read_ranges, written

if TYPE_CHECKING:
    CrawlerModelForm = forms.ModelForm[Crawler]
    CrawlerBase = admin.ModelAdmin[Crawler]
else:
    CrawlerModelForm = forms.ModelForm
    CrawlerBase = admin.ModelAdmin

MOST_BYTES = 1_000_000
SHORTEST_WORD = 4  # a shorter one stands in the User-Agent of every browser
OF_EVERY_BROWSER = frozenset(
    "android applewebkit chrome firefox gecko linux mobile mozilla safari webkit windows".split()
)


class CrawlerForm(CrawlerModelForm):
    upload = forms.FileField(
        label=gettext_lazy("or a file with them"),
        required=False,
        help_text=gettext_lazy("The file as it is published; it takes the place of what stands above."),
    )

    class Meta:
        model = Crawler
        fields = ("name", "user_agent", "address_list", "host_suffixes", "is_active")

    def clean_user_agent(self) -> str:
        word = str(self.cleaned_data["user_agent"]).strip()
        if len(word) < SHORTEST_WORD or word.lower() in OF_EVERY_BROWSER:
            raise forms.ValidationError(_("Readers' browsers call themselves so too. Give the crawler's own name."))
        return word

    def clean_host_suffixes(self) -> str:
        domains = [ascii_domain(word.strip(".")) for word in self.cleaned_data["host_suffixes"].split()]
        for domain in domains:
            labels = domain.split(".")
            if len(labels) < 2 or not all(map(LABEL.fullmatch, labels)):
                raise forms.ValidationError(_("“%(text)s” is no domain, such as googlebot.com.") % {"text": domain})
        return "\n".join(dict.fromkeys(domains))

    def clean(self) -> dict[str, Any]:
        """The list is stored as plain lines, whichever form it came in."""
        cleaned = super().clean() or self.cleaned_data
        upload = cleaned.get("upload")
        field = "upload" if upload else "address_list"
        try:
            ranges, errors = read_ranges(uploaded_text(upload) if upload else cleaned.get("address_list", ""))
        except RangeRefused as refused:
            ranges, errors = [], [str(refused)]
        if errors:
            self.add_error(field, [forms.ValidationError(error) for error in errors[:20]])
        else:
            cleaned["address_list"] = "\n".join(written(merged(n for one in ranges for n in one.networks)))
        return cleaned


def uploaded_text(upload: Any) -> str:
    """Raises RangeRefused."""
    if upload.size > MOST_BYTES:
        raise RangeRefused(_("The file is larger than a list of addresses would be."))
    try:
        return str(upload.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise RangeRefused(_("The file is no text.")) from error


@admin.register(Crawler)
class CrawlerAdmin(CrawlerBase):
    form = CrawlerForm
    list_display = ("name", "is_active", "user_agent", "modified_at")
    fieldsets = (
        (None, {"fields": ("name", "user_agent", "is_active")}),
        (
            gettext_lazy("How it proves itself"),
            {
                "fields": ("address_list", "upload", "host_suffixes"),
                "description": gettext_lazy("By one of its addresses, or by the name of its host. Either will do."),
            },
        ),
    )
    show_full_result_count = False

    def get_fieldsets(self, request: Any, obj: Crawler | None = None) -> Any:
        """Who may only look has nothing to send."""
        fieldsets = super().get_fieldsets(request, obj)
        if self.has_change_permission(request, obj) or (obj is None and self.has_add_permission(request)):
            return fieldsets
        return [
            (title, {**options, "fields": tuple(name for name in options["fields"] if name != "upload")})
            for title, options in fieldsets
        ]
