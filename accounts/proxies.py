"""Whose address a request comes from, where proxies of ours stand before the site.

Only X-Forwarded-For counts, and of it only what TRUSTED_PROXIES proxies have appended: the rest is what a stranger
wrote.
"""

from __future__ import annotations

import functools
import logging

from allauth.core.internal.httpkit import clean_client_ip
from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest

logger = logging.getLogger(__name__)


class UnknownSender(BadRequest):
    """The request does not tell where it comes from. Answered with 400, where the address is needed."""


def client_ip(request: HttpRequest) -> str:
    """The sender's address, IPv4 or IPv6. Raises UnknownSender."""
    proxies: int = settings.TRUSTED_PROXIES
    forwarded = request.headers.get("X-Forwarded-For", "") if proxies else ""
    reported = [part.strip() for part in forwarded.split(",")]
    if forwarded and len(reported) < proxies:
        _tell_operator(proxies, len(reported))
        raise UnknownSender("X-Forwarded-For names fewer addresses than there are trusted proxies")
    address = clean_client_ip(reported[-proxies] if forwarded else request.META.get("REMOTE_ADDR") or "")
    if address is None:
        raise UnknownSender("the sender's address cannot be read")
    return str(address)


@functools.cache
def _tell_operator(proxies: int, named: int) -> None:
    """Once in each process: every request of a site that is set up wrongly would say the same."""
    logger.error(
        "TRUSTED_PROXIES is %d, but a request came with %d in X-Forwarded-For: either fewer proxies stand before the "
        "site, or it is reached past them. Such requests are refused where the sender's address is needed.",
        proxies,
        named,
    )
