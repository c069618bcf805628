"""What a sync brings beyond subscriptions, invoices and checkout attempts. Each part registers itself; this module only
keeps the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from subscriptions.models import StripeCustomer
from subscriptions.stripe_gateway import Answer, Gateway


@dataclass(frozen=True, slots=True)
class SyncPart:
    """`fetch` asks Stripe, with the customer's subscriptions as they were just listed, and changes nothing. `save`
    writes what it brought, in the transaction of the lease and after everything else, asks nobody, and says what was
    different, one line each: nothing the second time.
    """

    name: str
    fetch: Callable[[Gateway, StripeCustomer, list[Answer]], Any]
    save: Callable[[StripeCustomer, Any, datetime], Iterable[str]]


_parts: dict[str, SyncPart] = {}


def register(part: SyncPart) -> None:
    _parts.setdefault(part.name, part)


def sync_parts() -> list[SyncPart]:
    """In the order of registration."""
    return list(_parts.values())
