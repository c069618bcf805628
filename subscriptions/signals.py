"""What subscriptions tells the apps above it, each once the row is committed; and one matter of its own."""

from django.dispatch import Signal

lead_captured = Signal()  # lead
lead_confirmed = Signal()  # lead
checkout_started = Signal()  # attempt (CheckoutAttempt)
payment_received = Signal()  # attempt (CheckoutAttempt)

# Within subscriptions: a customer's state was just saved. Sent in the transaction that saved it.
customer_synced = Signal()  # customer (StripeCustomer)
