"""What subscriptions tells the apps above it, each once the row is committed; and one matter of its own."""

from django.dispatch import Signal

lead_captured = Signal()  # lead
lead_confirmed = Signal()  # lead
checkout_started = Signal()  # attempt (CheckoutAttempt)
payment_received = Signal()  # attempt (CheckoutAttempt)

# Within subscriptions: an event of this mode was told for the first time. Sent in the transaction that stores it, so a
# receiver asks nobody: it writes rows and queues. `customer` is None where none of ours is named.
event_told = Signal()  # event (dict, as Stripe made it), customer (StripeCustomer | None)

# Within subscriptions: a customer's state was just saved. Sent in the transaction that saved it.
customer_synced = Signal()  # customer (StripeCustomer)
