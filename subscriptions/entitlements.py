"""What a reader holds now, computed from records: the union of all of them, each judged by itself. Nothing here is
stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from subscriptions.models import LIBRARY_SCOPE, Grant


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Scopes that are open, each with the moment (UTC) at which it closes; None: no end is known."""

    scopes: tuple[tuple[str, datetime | None], ...] = ()
    has_lapsed: bool = False

    @property
    def has_library(self) -> bool:
        return any(scope == LIBRARY_SCOPE for scope, _ in self.scopes)

    @property
    def library_until(self) -> datetime | None:
        """When the library closes; None where it never does (or is not open at all)."""
        ends = [until for scope, until in self.scopes if scope == LIBRARY_SCOPE]
        known = [until for until in ends if until is not None]
        return max(known) if known and len(known) == len(ends) else None


NOTHING = Entitlement()


def entitlement_of(user_id: int, now: datetime) -> Entitlement:
    """What the user with this id holds at `now` (UTC), in one query."""
    grants = list(
        Grant.objects.filter(user_id=user_id, starts_at__lte=now).only("scope", "starts_at", "ends_at", "revoked_at")
    )
    live = tuple((grant.scope, grant.ends_at) for grant in grants if grant.is_live(now))
    lapsed = any(grant.scope == LIBRARY_SCOPE and not grant.is_live(now) for grant in grants)
    return Entitlement(scopes=live, has_lapsed=lapsed and not any(scope == LIBRARY_SCOPE for scope, _ in live))
