"""Cancelling and withdrawing without logging in."""
