"""The form of a rule. It saves nothing before its effect was looked at; see `paywall/rules/preview.py`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles.admin.opened import OpenedForm, digest
from paywall.models import Rule
from paywall.models.rule import MOST_AGE_HOURS
from paywall.rules.order import lock_rules, number, ordered_rules
from paywall.rules.preview import Preview, preview_of

FIELDS = (
    "name", "is_active", "ask", "section", "topic", "series", "author", "tier", "older_than_hours",
    "younger_than_hours", "starts_at", "ends_at",
)  # fmt: skip
HOURS = {"hours": 1, "days": 24}
UNITS = [("days", gettext_lazy("days")), ("hours", gettext_lazy("hours"))]
ZONE = gettext_lazy("In the publication's time, %(zone)s.")
PREVIEW_FIRST = gettext_lazy("Look at what this changes first.")


class AgeWidget(forms.MultiWidget):
    """A number and its unit."""

    use_fieldset = True

    def __init__(self) -> None:
        count = forms.NumberInput({"min": 1, "step": 1, "aria-label": _("number")})
        super().__init__({"count": count, "unit": forms.Select({"aria-label": _("unit")}, UNITS)})

    def decompress(self, value: int | None) -> list[Any]:
        if value is None:
            return [None, "days"]
        return [value, "hours"] if value % 24 else [value // 24, "days"]


class AgeField(forms.MultiValueField):
    """An age in hours, given by people in days or hours."""

    widget = AgeWidget

    def __init__(self, **options: Any) -> None:
        fields = (forms.IntegerField(required=False), forms.ChoiceField(choices=UNITS, required=False))
        bounds = [MinValueValidator(1), MaxValueValidator(MOST_AGE_HOURS, _("At most a hundred years."))]
        super().__init__(fields=fields, required=False, require_all_fields=False, validators=bounds, **options)

    def compress(self, data_list: list[Any]) -> int | None:
        if not data_list or data_list[0] is None:
            return None
        count, unit = data_list
        return int(count) * HOURS[unit or "days"]


class RuleForm(OpenedForm):
    """`before` are all rules as they stand under the lock that `clean` takes, `preview` what saving would change."""

    older_than_hours = AgeField(
        label=gettext_lazy("At least this old"), help_text=gettext_lazy("Counted from when an article was published.")
    )
    younger_than_hours = AgeField(
        label=gettext_lazy("Not yet this old"), help_text=gettext_lazy("Counted from when an article was published.")
    )

    before: list[Rule]
    preview: Preview | None = None
    is_previewed = False

    class Meta:
        model = Rule
        fields = FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("starts_at", "ends_at"):
            if name in self.fields:
                self.fields[name].help_text = ZONE % {"zone": settings.TIME_ZONE}

    def state_of(self, stored: Rule) -> str:
        """Without the place, which is not changed here and changes with every other rule's."""
        values = [field.value_to_string(stored) for field in stored._meta.concrete_fields if field.name in FIELDS]
        return digest(values)

    def clean(self) -> dict[str, Any]:
        lock_rules()
        cleaned = super().clean()
        older, younger = cleaned.get("older_than_hours"), cleaned.get("younger_than_hours")
        if older is not None and younger is not None and younger <= older:
            self.add_error(
                "younger_than_hours",
                _("Nothing is both that old and not yet this old: this age has to be the greater one."),
            )
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("This ends before it begins, so it would never count."))
        elif ends_at and ends_at <= timezone.now() and cleaned.get("is_active"):
            self.add_error("ends_at", _("This moment is past, so the rule would never count. Or take it out of use."))
        return cleaned

    def _post_clean(self) -> None:
        """Refuses what would be saved on another preview than the one that stands here now."""
        super()._post_clean()  # type: ignore[misc] # the stubs leave it out
        if self.errors:
            return
        self.before = ordered_rules()
        stored = [rule for rule in self.before if rule.pk == self.instance.pk]
        after = [self.instance if rule in stored else rule for rule in self.before]
        if not stored:
            after.append(self.instance)
        self.preview = preview_of(self.before, after, [*stored, self.instance], timezone.now())
        self.is_previewed = "_save" in self.data and self.data.get("previewed") == self.preview.token
        if not self.is_previewed:
            self.add_error(None, PREVIEW_FIRST)

    def place(self) -> int:
        """Where the rule stands; a new one stands last."""
        number(self.before)
        places = {rule.pk: rule.position for rule in self.before}
        return places.get(self.instance.pk, len(places) + 1)
