"""What the stand-in answers when it refuses a call, in Stripe's own shape, and the types that all its modules share."""

from __future__ import annotations

from typing import Any

Thing = dict[str, Any]  # a Stripe object, as plain JSON


class Refused(Exception):
    """A call that is answered with an error. Field names and statuses are those of docs.stripe.com/api/errors."""

    def __init__(
        self, message: str, *, status: int = 400, kind: str = "invalid_request_error", code: str = "", param: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: Thing = {"message": message, "type": kind}
        if code:
            self.error["code"] = code
        if param:
            self.error["param"] = param

    @property
    def body(self) -> Thing:
        return {"error": self.error}


class Malformed(Refused):
    """Parameters that were refused before the call began; Stripe does not remember their idempotency key."""


def missing(kind: str, identity: str, *, status: int = 404, param: str = "id") -> Refused:
    """404 for the object that the path names, 400 for one that a parameter names."""
    return Refused(f"No such {kind}: '{identity}'", status=status, code="resource_missing", param=param)
