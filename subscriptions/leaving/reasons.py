"""Why somebody leaves: asked in Stripe's words, never demanded, and told to Stripe with the cancellation, whence a sync
brings it back. Here nothing is refused: what is no answer counts as none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from subscriptions.models import CancelFeedback

LONGEST_COMMENT = 300  # characters, as in `Declaration.reason`


@dataclass(frozen=True, slots=True)
class Reason:
    """`feedback` is one of CancelFeedback, or empty; `comment` are the reader's own words, on one line."""

    feedback: str = ""
    comment: str = ""

    @property
    def params(self) -> dict[str, Any]:
        """What Stripe is told of it: nothing, where nothing was said."""
        said = {name: text for name, text in (("feedback", self.feedback), ("comment", self.comment)) if text}
        return {"cancellation_details": said} if said else {}


UNSAID = Reason()
FORGOTTEN: dict[str, Any] = {"cancellation_details": {"feedback": "", "comment": ""}}  # once it is taken back


def read_reason(form: QueryDict) -> Reason:
    """Of the fields `feedback` and `reason`."""
    feedback = form.get("feedback", "")
    comment = printable(form.get("reason", "")[:LONGEST_COMMENT]).strip()
    return Reason(feedback if feedback in CancelFeedback.values else "", comment)


def printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
