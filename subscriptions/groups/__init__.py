"""Subscriptions with seats."""
