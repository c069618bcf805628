"""What a publication decides about money: how long a payer reads on, and what leaving gives back."""

from __future__ import annotations

from dataclasses import dataclass

from newsroom.env import Environment


@dataclass(frozen=True, slots=True)
class BillingRules:
    """Days, but for `renewal_slack` (hours) and `pause_months`."""

    grace_days: int  # of access after a renewal that was not paid
    renewal_slack: int  # after a period's end, in which news of the next may come
    first_payment_grace: int  # of access before a first payment went through
    paused_collection_reads: bool  # while the publisher collects nothing
    unpaid_reads: bool  # once Stripe has given up collecting
    refund_second_subscription: bool
    stripe_tax: bool  # Stripe computes the tax by the payer's address
    pause_months: int  # the longest pause that a reader may take; 0: none
    withdrawal_days: int  # after the contract, in which it may be withdrawn
    refund_when_leaving: bool  # leaving at once is offered, and what is not used goes back
    trial_notice_days: int  # before the first charge
    renewal_notice_days: int  # before a yearly renewal


def read_billing_rules(env: Environment) -> BillingRules:
    """By their variables, of the same names in capitals; `.env.example` explains each."""
    return BillingRules(
        grace_days=env.integer("GRACE_DAYS", 7, most=90),
        renewal_slack=env.integer("RENEWAL_SLACK", 72, most=720),
        first_payment_grace=env.integer("FIRST_PAYMENT_GRACE", 0, most=90),
        paused_collection_reads=env.flag("PAUSED_COLLECTION_READS", default=True),
        unpaid_reads=env.flag("UNPAID_READS"),
        refund_second_subscription=env.flag("REFUND_SECOND_SUBSCRIPTION", default=True),
        stripe_tax=env.flag("STRIPE_TAX"),
        pause_months=env.integer("PAUSE_MONTHS", 3, most=12),
        withdrawal_days=env.integer("WITHDRAWAL_DAYS", 14, most=90),
        refund_when_leaving=env.flag("REFUND_WHEN_LEAVING"),
        trial_notice_days=env.integer("TRIAL_NOTICE_DAYS", 7, least=7, most=30),
        renewal_notice_days=env.integer("RENEWAL_NOTICE_DAYS", 14, least=7, most=60),
    )
