"""Codes for one purpose alone, beside those that log in: only a seal of them is kept, bound to what they are for, so
that a code for something else never fits.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.utils.crypto import constant_time_compare, salted_hmac


def new_code() -> str:
    """Six digits."""
    return str(get_adapter().generate_login_code())


def seal(purpose: str, subject: str, code: str) -> str:
    return salted_hmac(f"accounts.own_codes.{purpose}", f"{subject} {code}", algorithm="sha256").hexdigest()


def fits(sealed: str, purpose: str, subject: str, typed: str) -> bool:
    """Spaces and dashes between the digits do no harm. An empty seal fits nothing."""
    code = "".join(character for character in typed if character not in " -\N{NO-BREAK SPACE}")
    return bool(constant_time_compare(seal(purpose, subject, code), sealed or "none"))
