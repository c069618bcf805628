"""The options at the gate, ordered and worded by editors."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import ClassVar, Self

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, get_currency_symbol
from django.conf import settings
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

CURRENCY = r"^[A-Z]{3}$"
MOST_ALLOWANCE = 1000  # articles in a period, as of MONTHLY_ALLOWANCE
# ISO 4217: how many digits a currency has after the point, where that is not two; and signs that every reader knows,
# where a language would say more ("US$").
MINOR_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3}
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


class PlanKind(models.TextChoices):
    REGISTRATION = "registration", _("free registration")
    TRIAL = "trial", _("trial")
    RECURRING = "recurring", _("recurring subscription")
    PASS = "pass", _("one-off pass")


class PlanInterval(models.TextChoices):
    NONE = "", _("none")
    MONTH = "month", _("month")
    YEAR = "year", _("year")


class PlanQuerySet(models.QuerySet["Plan"]):
    def registration_allowance(self) -> int:
        """How many subscribers' articles a registered reader opens in a period, by the free option: of several the one
        that is offered, then the first. Without one, and where it says nothing, what the settings say.
        """
        options = self.filter(kind=PlanKind.REGISTRATION).order_by("-is_offered", "position", "pk")
        allowance = options.values_list("allowance", flat=True).first()
        return settings.MONTHLY_ALLOWANCE if allowance is None else allowance

    def offered(self) -> Self:
        """The options of the gate, in the editors' order."""
        return self.filter(is_offered=True).order_by("position", "pk")


class Plan(models.Model):
    key = models.SlugField(
        _("key"),
        max_length=40,
        unique=True,
        help_text=_("Names the option in forms. Do not change it once it is in use."),
    )
    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=12, choices=PlanKind, default=PlanKind.RECURRING)
    amount_minor = models.PositiveIntegerField(
        _("price"),
        default=0,
        help_text=_("In the smallest unit of the currency: 8900 is $89."),
    )
    currency = models.CharField(
        _("currency"),
        max_length=3,
        default="USD",
        validators=[RegexValidator(CURRENCY, _("Three capital letters, like USD."))],
    )
    interval = models.CharField(_("every"), max_length=5, choices=PlanInterval, default=PlanInterval.NONE, blank=True)
    description = models.TextField(
        _("lines"),
        blank=True,
        max_length=600,
        help_text=_("One advantage a line; three lines look best. {allowance} stands for its articles a period."),
    )
    button = models.CharField(_("button"), max_length=40)
    small_print = models.CharField(
        _("small print"),
        max_length=200,
        blank=True,
        help_text=_("What is charged when, and how to stop. {price} stands for the price."),
    )
    allowance = models.PositiveSmallIntegerField(
        _("allowance"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_ALLOWANCE)],
        help_text=_(
            "Subscribers' articles in each period. For the free registration empty means what MONTHLY_ALLOWANCE says. "
            "For what is paid empty means the whole library; a number means so many articles instead of it."
        ),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_offered = models.BooleanField(_("offered at the gate"), default=True)
    is_highlighted = models.BooleanField(_("highlighted"), default=False)

    objects: ClassVar[models.Manager[Plan]] = PlanQuerySet.as_manager()

    class Meta:
        ordering = ("position", "pk")
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        constraints = (
            models.CheckConstraint(
                condition=~Q(kind="registration") | Q(amount_minor=0), name="plan_registration_is_free"
            ),
            models.CheckConstraint(
                condition=Q(allowance__isnull=True) | Q(allowance__lte=MOST_ALLOWANCE),
                name="plan_allowance_is_within_reason",
            ),
            models.CheckConstraint(
                condition=Q(kind="registration") | Q(allowance__isnull=True) | Q(allowance__gte=1),
                name="plan_paid_allowance_from_one",
            ),
            models.CheckConstraint(
                condition=~Q(kind="recurring") | ~Q(interval=""), name="plan_recurring_has_interval"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_free(self) -> bool:
        return self.kind == PlanKind.REGISTRATION

    @property
    def is_light(self) -> bool:
        """Whether it is paid for and yet opens so many articles a period, not the library."""
        return not self.is_free and self.allowance is not None

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.description.splitlines() if line.strip()]

    @property
    def price_label(self) -> str:
        return money(self.amount_minor, self.currency)

    @property
    def interval_label(self) -> str:
        return interval_label(self.interval)

    def yearly_minor(self) -> int | None:
        """What twelve months of a monthly plan cost, in minor units; None for any other plan."""
        return self.amount_minor * 12 if self.interval == PlanInterval.MONTH else None


def interval_label(interval: str) -> str:
    """How often a price is due, as it stands behind the amount; empty for what is paid once."""
    labels = {PlanInterval.MONTH: _("a month"), PlanInterval.YEAR: _("a year")}
    return str(labels.get(PlanInterval(interval), ""))


def money(amount_minor: int, currency: str) -> str:
    """An amount in minor units for people, written as the language of the page does and whole amounts without decimals:
    "$89", "€8.50", "CHF 12", in German "8,50 €".
    """
    digits = MINOR_DIGITS.get(currency, 2)
    amount = Decimal(amount_minor).scaleb(-digits)
    decimals = "" if amount == amount.to_integral_value() or not digits else "." + digits * "0"
    locale = babel_locale(get_language() or settings.LANGUAGE_CODE)
    pattern = re.sub(r"\.0+", decimals, locale.currency_formats["standard"].pattern)
    text = format_currency(amount, currency, pattern, locale=locale, currency_digits=False)
    text = text.replace(get_currency_symbol(currency, locale=locale), SIGNS.get(currency, currency))
    return re.sub(r"(?<=[A-Z])(?=[0-9])", "\N{NO-BREAK SPACE}", text)


@cache
def babel_locale(language: str) -> Locale:
    """What is known of the language; of one that is unknown, of English."""
    try:
        return Locale.parse(to_locale(language))
    except (UnknownLocaleError, ValueError):
        return Locale("en")
