"""What the installed `stripe` package says of requests and objects, as checks. Nothing here lists a field by hand."""

from __future__ import annotations

from tests.stripe_contract.objects import check_answer, check_object
from tests.stripe_contract.problems import ContractViolation
from tests.stripe_contract.requests import check_call, check_request
from tests.stripe_contract.watching import watching_requests

__all__ = [
    "ContractViolation",
    "check_answer",
    "check_call",
    "check_object",
    "check_request",
    "watching_requests",
]
