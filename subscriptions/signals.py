"""What subscriptions tells the apps above it. Each is sent once the row is committed."""

from django.dispatch import Signal

lead_captured = Signal()  # lead
lead_confirmed = Signal()  # lead
