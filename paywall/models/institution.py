"""Institutions whose readers need no subscription of their own: by which addresses they are known, and what was used.
Who is let in is decided in `paywall/ways_in/institutions.py`.
"""

from __future__ import annotations

import ipaddress
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.indexes import OpClass
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.fields import PlainCharField, PlainTextField
from paywall.ways_in.networks import Address, Network

MOST_ROAMING_DAYS = 366


class NetworkField(models.Field[Network, Network]):
    """A network of IPv4 or IPv6, as `cidr` of PostgreSQL."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "cidr"

    def from_db_value(self, value: str | None, _expression: Any, _connection: BaseDatabaseWrapper) -> Network | None:
        return None if value is None else ipaddress.ip_network(value)

    def get_prep_value(self, value: Network | Address | str | None) -> str | None:
        return None if value is None else str(value)


@NetworkField.register_lookup
class Holds(models.Lookup[Any]):
    """Whether the address, or the whole network, lies within."""

    lookup_name = "holds"

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        return f"{left} >>= {right}::inet", (*left_values, *right_values)


def midnight(day: date) -> datetime:
    """The moment at which the day begins in the publication's time zone."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


class InstitutionQuerySet(models.QuerySet["Institution"]):
    def not_over(self, now: datetime) -> Self:
        """Those whose contract is live at `now` (UTC) or will be."""
        return self.filter(ends_on__gte=timezone.localdate(now, timezone.get_default_timezone()))

    def live(self, now: datetime) -> Self:
        return self.not_over(now).filter(starts_on__lte=timezone.localdate(now, timezone.get_default_timezone()))


class Institution(models.Model):
    """A library, a university, a company, with its contract."""

    name = PlainCharField(
        _("name"), max_length=120, unique=True, help_text=_("Its readers see: You are reading this with City Library.")
    )
    starts_on = models.DateField(_("first day"), help_text=_("Of the contract, in the publication's time zone."))
    ends_on = models.DateField(_("last day"), help_text=_("Access ends with this day, at midnight."))
    roaming_days = models.PositiveSmallIntegerField(
        _("days away"),
        default=0,
        validators=[MaxValueValidator(MOST_ROAMING_DAYS)],
        help_text=_("Who was seen in its network reads elsewhere for so many days. 0: in its network alone."),
    )
    contacts = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("contacts"),
        blank=True,
        related_name="institutions",
        help_text=_("Librarians who see its usage on their account page. They need an account here."),
    )
    notes = PlainTextField(_("notes"), blank=True, help_text=_("For staff alone."))
    created_at = models.DateTimeField(auto_now_add=True)
    modified_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[Institution]] = InstitutionQuerySet.as_manager()

    class Meta:
        ordering = ("name", "pk")
        verbose_name = _("institution")
        verbose_name_plural = _("institutions")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="institution_ends_after_start",
                violation_error_message=_("The last day comes before the first."),
            ),
            models.CheckConstraint(
                condition=Q(roaming_days__lte=MOST_ROAMING_DAYS), name="institution_roaming_is_within_reason"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def starts_at(self) -> datetime:
        return midnight(self.starts_on)

    @property
    def ends_at(self) -> datetime:
        """Exclusive."""
        return midnight(self.ends_on + timedelta(days=1))

    def is_live(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at


class AddressRange(models.Model):
    """One network of an institution. No address belongs to two."""

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="ranges")
    network = NetworkField()

    class Meta:
        default_permissions = ()
        ordering = ("network",)
        constraints = (
            ExclusionConstraint(
                name="address_range_overlaps_no_other",
                expressions=((OpClass("network", name="inet_ops"), "&&"),),
            ),
        )

    def __str__(self) -> str:
        return str(self.network)


class MailDomain(models.Model):
    """A domain whose confirmed addresses are those of an institution's people, once staff have verified that."""

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="domains")
    domain = models.CharField(_("domain"), max_length=253, unique=True, help_text=_("What stands behind the @."))
    has_subdomains = models.BooleanField(
        _("with all below it"), default=False, help_text=_("Also addresses at staff.example.org, not only example.org.")
    )
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True, editable=False)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        default_permissions = ()
        ordering = ("domain",)
        verbose_name = _("mail domain")
        verbose_name_plural = _("mail domains")

    def __str__(self) -> str:
        return self.domain


class CampusVisit(models.Model):
    """The day on which a reader was last seen in an institution's network: what roaming counts from."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="campus_visits")
    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="+")
    seen_on = models.DateField()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("user", "institution"), name="campus_visit_once_a_reader"),)

    def __str__(self) -> str:
        return f"user {self.user_id} at {self.institution_id} on {self.seen_on}"


class InstitutionUse(models.Model):
    """How often an article was opened by an institution's readers in a month. Who they were is not known here."""

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="uses")
    month = models.DateField()  # its first day, in the publication's time zone
    article = models.ForeignKey("articles.Article", on_delete=models.CASCADE, related_name="+")
    opened = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("institution", "month", "article"), name="institution_use_once_a_month"),
        )

    def __str__(self) -> str:
        return f"{self.institution_id} {self.month:%Y-%m} article {self.article_id}: {self.opened}"
