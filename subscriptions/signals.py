"""What subscriptions tells the apps above it. Each is sent after the row is stored."""

from django.dispatch import Signal

lead_captured = Signal()  # lead
lead_confirmed = Signal()  # lead
