"""What the site has accepted under load, and whether it has kept all of it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

type Text = tuple[str, str]  # headline and body of a draft


@dataclass(frozen=True, slots=True)
class Draft:
    """What an editor sent under one slug, in its order, and which of it the site has accepted."""

    slug: str
    sent: list[Text] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)  # places in `sent`

    def may_be(self, stored: Text | None) -> bool:
        """Whether it is the last text that was accepted, or a later one whose answer was lost: never a mixture."""
        if not self.accepted:
            return stored is None or stored in self.sent
        return stored in self.sent[self.accepted[-1] :]


@dataclass
class Promises:
    leads: dict[str, str] = field(default_factory=dict)  # the option of each address
    paid: dict[str, str] = field(default_factory=dict)  # the address of each session
    drafts: list[Draft] = field(default_factory=list)
    events: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def broken(self, found: dict[str, Any], codes: Counter[str]) -> list[str]:
        """What is missing or wrong in what tests.losses.books found; `codes` are the mails with one, by recipient."""
        return [
            *self.lost_leads(found["leads"]),
            *(f"no code for {address}" for address in self.free() if not codes[address]),
            *self.lost_payments(found["attempts"]),
            *(f"draft {draft.slug}" for draft in self.drafts if not draft.may_be(text_of(found["drafts"], draft.slug))),
            *(f"still running: {path}" for path in found["running"]),
            *(f"failed: {task}" for task in found["failed"]),
            *(f"not synced: {job}" for job in found["waiting"]),
        ]

    def free(self) -> list[str]:
        return [address for address, option in self.leads.items() if option == "free"]

    def lost_leads(self, stored: list[list[str]]) -> list[str]:
        """Those that are not there with their option and with the words to which their owner agreed."""
        kept = {(address, option) for address, wording, version, option in stored if wording and version}
        return [f"lead {address}" for address, option in self.leads.items() if (address, option) not in kept]

    def lost_payments(self, stored: dict[str, dict[str, str]]) -> list[str]:
        """Those whose checkout is not known as paid, by that address and with its subscription."""
        return [
            f"payment of {address}: {stored.get(session)}"
            for session, address in self.paid.items()
            if stored.get(session, {}).get("state") != "paid"
            or stored[session]["email"] != address
            or not stored[session]["subscription"]
        ]


def text_of(stored: dict[str, list[str]], slug: str) -> Text | None:
    if slug not in stored:
        return None
    headline, html = stored[slug]
    return headline, html
