"""Who a person is. The address is the login; what a person may read is never decided here."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.addresses import AddressRefused, normalise

EDITORS = "editors"  # the group of those who write and publish
PUBLISHERS = "publishers"  # also sell, and look after what was sold
SUPPORT = "support"  # answer readers


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Without a password one can only log in with a code. Raises AddressRefused."""
        user = self.model(email=normalise(email), **fields)
        user.set_password(password) if password else user.set_unusable_password()
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A superuser whose address counts as verified, so that the first login asks for one code only.

        Raises AddressRefused.
        """
        with transaction.atomic(using=self._db):
            user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        try:
            return self.get(email=normalise(username or ""))
        except AddressRefused:
            raise self.model.DoesNotExist from None


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(
        _("e-mail address"),
        max_length=254,
        unique=True,
        error_messages={"unique": _("A user with this address exists already.")},
    )
    name = models.CharField(_("name"), max_length=150, blank=True)
    is_staff = models.BooleanField(_("may enter the admin"), default=False)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Switch off instead of deleting an account.")
    )
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = (models.UniqueConstraint(Lower("email"), name="user_email_unique_in_any_case"),)

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email


class RateWindow(models.Model):
    """The recent uses of one thing by one party, as accounts/limits.py counts them. Of no use after `expires_at`."""

    key = models.CharField(_("key"), max_length=64, primary_key=True)
    uses = ArrayField(models.DateTimeField(), verbose_name=_("uses"), default=list)
    expires_at = models.DateTimeField(_("expires"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("rate window")
        verbose_name_plural = _("rate windows")

    def __str__(self) -> str:
        return self.key


class StaffActionKind(models.TextChoices):
    ADDED = "added", _("added")
    CHANGED = "changed", _("changed")
    DELETED = "deleted", _("deleted")
    RIGHTS_CHANGED = "rights_changed", _("changed rights")
    LOGGED_IN = "logged_in", _("logged in")
    LOGGED_OUT = "logged_out", _("logged out")
    LOGIN_CHANGED = "login_changed", _("changed password or address")
    SECOND_FACTOR_CHANGED = "second_factor_changed", _("changed the second factor")
    REFUSED = "refused", _("was refused")
    READ_AS_STARTED = "read_as_started", _("began to read as")
    READ_AS_ENDED = "read_as_ended", _("ended reading as")


class StaffAction(models.Model):
    """What one member of staff did once, as accounts/audit.py writes it. A trigger refuses every change, and deletion
    before a year is over.
    """

    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    actor = models.ForeignKey(
        User, verbose_name=_("account"), on_delete=models.SET_NULL, null=True, related_name="staff_actions"
    )
    actor_name = models.CharField(
        _("who"), max_length=254, blank=True, help_text=_("The address at that time; it outlives the account.")
    )
    action = models.CharField(_("what"), max_length=30, choices=StaffActionKind.choices)
    object_type = models.CharField(_("kind of object"), max_length=100, blank=True)
    object_id = models.CharField(_("number of the object"), max_length=64, blank=True)
    object_words = models.CharField(_("object"), max_length=200, blank=True)
    detail = models.TextField(_("in words"), blank=True)
    network = models.CharField(_("from where"), max_length=64, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("staff action")
        verbose_name_plural = _("staff actions")
        ordering = ("-at", "-pk")
        permissions = (("read_as", _("Can read the site as any class of reader")),)

    def __str__(self) -> str:
        return f"{self.actor_name} {self.get_action_display()} {self.object_words}".strip()
