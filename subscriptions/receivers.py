"""What subscriptions does when something happens below it."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts.export import Table
from accounts.models import User
from accounts.signals import address_confirmed, collect_export, erasing, erasure_asked, unlinking
from subscriptions import data_parts
from subscriptions.account.due_notices import hear_of_renewal, hear_of_trial_end
from subscriptions.account.notices import tell_ended
from subscriptions.alerts import tell_of_unfinished
from subscriptions.catalogue import is_of_catalogue, sync_plans_soon
from subscriptions.doubles import find_doubles
from subscriptions.leads import confirm_leads
from subscriptions.mirroring.addresses_at_stripe import follow_login
from subscriptions.mirroring.cards import forget_labels
from subscriptions.mirroring.payers import hear_of_payment
from subscriptions.models import StripeCustomer
from subscriptions.paid_once.subscription_gifts import begin_waiting_of
from subscriptions.paid_once.unbacked import end_unbacked_of
from subscriptions.selling.passes import take_up
from subscriptions.signals import customer_synced, event_told


@receiver(address_confirmed)
def confirm_leads_of_owner(user: User, email: str, **_kwargs: Any) -> None:
    confirm_leads(user, email)


@receiver(user_logged_in)
def note_who_paid_here(user: User, request: HttpRequest, **_kwargs: Any) -> None:
    take_up(request, user, timezone.now())


@receiver(email_changed)
def tell_stripe_of_address(user: User, from_email_address: EmailAddress | None, **_kwargs: Any) -> None:
    follow_login(user, former="" if from_email_address is None else from_email_address.email)


@receiver(customer_synced)
def find_doubles_of_customer(customer: StripeCustomer, **_kwargs: Any) -> None:
    find_doubles(customer)


@receiver(customer_synced)
def tell_of_ends(customer: StripeCustomer, **_kwargs: Any) -> None:
    forget_labels(customer)
    tell_ended(customer, timezone.now())


@receiver(customer_synced)
def end_what_was_to_begin_behind_a_gift(customer: StripeCustomer, **_kwargs: Any) -> None:
    end_unbacked_of(customer, timezone.now())


@receiver(customer_synced)
def begin_gifts_that_waited(customer: StripeCustomer, **_kwargs: Any) -> None:
    begin_waiting_of(customer, timezone.now())


@receiver(event_told)
def hear_of_what_is_due(event: dict[str, Any], customer: StripeCustomer | None, **_kwargs: Any) -> None:
    if event["type"] == "customer.subscription.trial_will_end":
        hear_of_trial_end(event, customer)
    elif event["type"] == "invoice.upcoming":
        hear_of_renewal(event, customer)


@receiver(event_told)
def hear_of_payments(event: dict[str, Any], customer: StripeCustomer | None, **_kwargs: Any) -> None:
    if customer is None:
        hear_of_payment(event)


@receiver(event_told)
def hear_of_unfinished(event: dict[str, Any], customer: StripeCustomer | None, **_kwargs: Any) -> None:
    if event["type"] == "invoice.finalization_failed" and customer is not None:
        tell_of_unfinished(customer, event["data"]["object"])


@receiver(event_told)
def compare_catalogue(event: dict[str, Any], **_kwargs: Any) -> None:
    if is_of_catalogue(event):
        sync_plans_soon.enqueue()


@receiver(collect_export)
def export_what_was_sold(user: User, **_kwargs: Any) -> tuple[str, list[Table]]:
    return "subscriptions", data_parts.export_tables(user)


@receiver(erasure_asked)
def refuse_erasure(user: User, **_kwargs: Any) -> str:
    return data_parts.refusal(user)


@receiver(erasing)
def end_at_stripe_before_erasure(user: User, **_kwargs: Any) -> None:
    data_parts.end_at_stripe(user)


@receiver(unlinking)
def unlink_what_was_sold(user: User, emails: frozenset[str], **_kwargs: Any) -> None:
    data_parts.unlink(user, emails)
