"""A watch on everything that the `stripe` library is asked to send, with the Python values of the caller."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from stripe._api_requestor import _APIRequestor

from tests.stripe_contract.problems import ContractViolation
from tests.stripe_contract.requests import check_call


@contextmanager
def watching_requests(*, allowing: Collection[str] = ()) -> Iterator[list[ContractViolation]]:
    """Check every request before it leaves, from any thread; a wrong one is not sent.

    Code that swallows the failure does not escape: the first violation is raised again at the end. Yields the list of
    violations; a test that provokes one empties it.
    """
    violations: list[ContractViolation] = []
    # The one step that every way out has in common: services, raw requests, streams, paging, sync and async.
    original = _APIRequestor._args_for_request_with_retries

    def checked(
        requestor: Any, method: str, url: str, params: Mapping[str, Any] | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        try:
            check_call(method, url, params, allowing=allowing)
        except ContractViolation as violation:
            violations.append(violation)
            raise
        return original(requestor, method, url, params, *args, **kwargs)

    with mock.patch.object(_APIRequestor, "_args_for_request_with_retries", checked):
        yield violations
    if violations:
        raise violations[0]
