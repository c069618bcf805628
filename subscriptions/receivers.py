"""What subscriptions does when something happens below it."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import address_confirmed
from subscriptions.doubles import find_doubles
from subscriptions.leads import confirm_leads
from subscriptions.models import StripeCustomer
from subscriptions.signals import customer_synced


@receiver(address_confirmed)
def confirm_leads_of_owner(user: User, email: str, **_kwargs: Any) -> None:
    confirm_leads(user, email)


@receiver(customer_synced)
def find_doubles_of_customer(customer: StripeCustomer, **_kwargs: Any) -> None:
    find_doubles(customer)
