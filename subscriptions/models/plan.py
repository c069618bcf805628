"""The options at the gate, ordered and worded by editors."""

from __future__ import annotations

import re
import secrets
from decimal import Decimal
from functools import cache
from typing import ClassVar, Self

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, get_currency_symbol
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

CURRENCY = r"^[A-Z]{3}$"
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits
MOST_TRIAL_DAYS = 730  # as Stripe allows
MOST_PASS_HOURS = 8784  # a leap year
MOST_GIFT_MONTHS = 24  # beyond, Stripe could not begin a subscription behind a gift
MOST_ALLOWANCE = 1000  # articles in a period, as of MONTHLY_ALLOWANCE
MOST_SEATS = 1000  # of one group
# ISO 4217: how many digits a currency has after the point, where that is not two; and signs that every reader knows,
# where a language would say more ("US$").
MINOR_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3}
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


class PlanKind(models.TextChoices):
    REGISTRATION = "registration", _("free registration")
    TRIAL = "trial", _("trial")
    RECURRING = "recurring", _("recurring subscription")
    PASS = "pass", _("one-off pass")
    ARTICLE = "article", _("single article")
    GIFT = "gift", _("gift subscription")


PAID_ONCE = (PlanKind.PASS, PlanKind.ARTICLE, PlanKind.GIFT)


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
        return self.filter(is_offered=True, is_by_link=False).exclude(kind__in=PAID_ONCE).order_by("position", "pk")

    def offered_with(self, secret: str) -> Self:
        """The options of the gate and the one, if any, whose secret address was opened."""
        is_shown = Q(is_by_link=False)
        if SECRET.fullmatch(secret):
            is_shown |= Q(offer_secret=secret)
        return self.filter(is_shown, is_offered=True).exclude(kind__in=PAID_ONCE).order_by("position", "pk")

    def sold_once(self, *kinds: PlanKind) -> Self:
        """What is paid once, of these kinds, in the editors' order."""
        return self.filter(kind__in=kinds, is_offered=True, is_by_link=False).order_by("position", "pk")

    def sold(self) -> Self:
        """Those that Stripe has to know, also where only a link leads to them."""
        return self.filter(is_offered=True).exclude(kind__in=(PlanKind.REGISTRATION, PlanKind.TRIAL))


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
    trial_days = models.PositiveSmallIntegerField(
        _("free trial"),
        default=0,
        db_default=0,
        validators=[MaxValueValidator(MOST_TRIAL_DAYS)],
        help_text=_("Days before the first payment, once for each reader; 0: none."),
    )
    trial_needs_card = models.BooleanField(
        _("trial with a card"),
        default=True,
        db_default=True,
        help_text=_("Without one, the trial ends by itself where no card was given meanwhile."),
    )
    is_group = models.BooleanField(
        _("for groups"),
        default=False,
        db_default=False,
        help_text=_("The price is for one seat. Who pays invites the readers, and reads without a seat."),
    )
    least_seats = models.PositiveSmallIntegerField(
        _("fewest seats"), default=2, db_default=2, validators=[MinValueValidator(1), MaxValueValidator(MOST_SEATS)]
    )
    most_seats = models.PositiveSmallIntegerField(
        _("most seats"), default=50, db_default=50, validators=[MinValueValidator(1), MaxValueValidator(MOST_SEATS)]
    )
    is_at_gate = models.BooleanField(
        _("also under articles"),
        default=True,
        db_default=True,
        help_text=_("Else on the page of the plans alone, as is best for groups."),
    )
    pass_hours = models.PositiveSmallIntegerField(
        _("hours of a pass"),
        default=24,
        db_default=24,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PASS_HOURS)],
        help_text=_("Of a one-off pass, from the moment of payment: 24 is a day, 168 a week."),
    )
    gift_months = models.PositiveSmallIntegerField(
        _("months of a gift"),
        default=12,
        db_default=12,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_GIFT_MONTHS)],
        help_text=_("Of a gift subscription."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_offered = models.BooleanField(_("offered"), default=True)
    is_by_link = models.BooleanField(
        _("by its link alone"),
        default=False,
        db_default=False,
        help_text=_("Not at the gate: only who has its secret address sees it. For students, low incomes, parties."),
    )
    offer_secret = models.CharField(_("secret"), max_length=43, blank=True, default="", db_default="", editable=False)
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
            models.CheckConstraint(
                condition=Q(kind="recurring") | Q(trial_days=0), name="plan_trial_is_of_a_subscription"
            ),
            models.CheckConstraint(
                condition=Q(is_group=False) | Q(kind="recurring"), name="plan_group_is_a_subscription"
            ),
            models.CheckConstraint(
                condition=Q(least_seats__gte=1, most_seats__gte=F("least_seats"), most_seats__lte=MOST_SEATS),
                name="plan_seats_are_a_range",
            ),
            models.CheckConstraint(
                condition=Q(pass_hours__gte=1, pass_hours__lte=MOST_PASS_HOURS), name="plan_pass_has_hours"
            ),
            models.CheckConstraint(
                condition=Q(gift_months__gte=1, gift_months__lte=MOST_GIFT_MONTHS), name="plan_gift_has_months"
            ),
            models.UniqueConstraint(
                fields=("offer_secret",), condition=~Q(offer_secret=""), name="plan_offer_secret_is_its_own"
            ),
            models.CheckConstraint(
                condition=Q(is_by_link=False) | ~Q(offer_secret=""), name="plan_by_link_has_a_secret"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Whether seats are sold with it is settled once anybody has subscribed: their contracts would change."""
        if self.most_seats < self.least_seats:
            raise ValidationError({"most_seats": _("That is fewer than the fewest.")})
        if self.is_group and self.kind != PlanKind.RECURRING:
            raise ValidationError({"is_group": _("Only a subscription has seats.")})
        former = Plan.objects.filter(pk=self.pk).first()
        if former is not None and former.is_group != self.is_group and former.subscriptions.exists():
            raise ValidationError({"is_group": _("Somebody has subscribed to it. Make another plan instead.")})

    @property
    def is_free(self) -> bool:
        return self.kind == PlanKind.REGISTRATION

    @property
    def is_light(self) -> bool:
        """Whether it is paid for and yet opens so many articles a period, not the library."""
        return not self.is_free and self.allowance is not None

    def renew_secret(self) -> None:
        """A new secret address; the former one leads nowhere from now on."""
        self.offer_secret = secrets.token_urlsafe(32)

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.description.splitlines() if line.strip()]

    @property
    def price_label(self) -> str:
        return money(self.amount_minor, self.currency)

    @property
    def interval_label(self) -> str:
        return interval_label(self.interval)


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
