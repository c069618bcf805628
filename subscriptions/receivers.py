"""What subscriptions does when something happens below it."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import address_confirmed
from subscriptions.leads import confirm_leads


@receiver(address_confirmed)
def confirm_leads_of_owner(user: User, email: str, **_kwargs: Any) -> None:
    confirm_leads(user, email)
