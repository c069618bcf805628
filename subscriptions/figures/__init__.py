"""Subscriptions as numbers for the publisher."""
