"""How often one party may do one thing. The numbers stand in ACCOUNT_RATE_LIMITS; every limit of ours is kept here.

Counted in PostgreSQL under a row lock, so that simultaneous requests cannot pass together, and in a table of its own:
the cache that allauth counts in drops entries when it is full, and anybody can fill it. Each use is remembered for as
long as the limit runs, so "5/h" is never more than five in any hour. Addresses are stored as hashes only.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.models import RateWindow

RATE = re.compile(r"(?P<amount>\d+)/(?P<number>\d*)(?P<unit>[smhd])/(?P<per>ip|key)")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
USUAL_WAIT = 60  # seconds, where a limit of allauth's does not say when it ends
IPV6_NETWORK = 64  # bits; who has one address of a network has them all


@dataclass(frozen=True, slots=True)
class Rate:
    amount: int
    seconds: int
    per: str


class LimitReached(Exception):
    """Too often. `wait` is the number of whole seconds until it is allowed again, at least 1."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"again in {wait} s")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Use:
    """What one `consume` has counted, so that it can be taken back."""

    keys: tuple[str, ...]
    at: datetime

    def rollback(self) -> None:
        for key in self.keys:  # in the order of `consume`: in two orders, simultaneous requests would block each other
            with transaction.atomic():
                for window in RateWindow.objects.select_for_update().filter(key=key):
                    window.uses = [use for use in window.uses if use != self.at]
                    window.save(update_fields=["uses"])


def consume(request: HttpRequest, action: str, key: str = "") -> Use:
    """Count one use of `action`, by network or by `key` as its rates say. Raises LimitReached, counting nothing."""
    now = timezone.now()
    with transaction.atomic():
        keys = tuple(_count(action, rate, _party(request, rate, key), now) for rate in rates(action))
    return Use(keys, now)


def rates(action: str) -> list[Rate]:
    """The rates of an action, such as "20/m/ip,5/10m/key". A name without any is a mistake, not freedom."""
    try:
        stated = settings.ACCOUNT_RATE_LIMITS[action]
    except KeyError:
        raise ImproperlyConfigured(f"ACCOUNT_RATE_LIMITS has no limit for {action!r}") from None
    return [_parse(part.strip()) for part in stated.split(",")]


def network_of(request: HttpRequest) -> str:
    """The sender's address as trusted proxies report it; of IPv6 the network, since one household holds all of it."""
    return network_around(get_adapter().get_client_ip(request))


def network_around(ip: str) -> str:
    """Of an address. Raises ValueError for what is none."""
    address = ipaddress.ip_address(ip)
    if address.version == 6:
        return str(ipaddress.ip_network(f"{address}/{IPV6_NETWORK}", strict=False))
    return str(address)


def forget(action: str, party: str) -> None:
    """Drop what was counted for one party: a network or a key, as the rates of the action say."""
    RateWindow.objects.filter(key__in=[_key_of(action, rate, party) for rate in rates(action)]).delete()


def refuse(request: HttpRequest, wait: int = USUAL_WAIT, *, has_code: bool = True) -> HttpResponse:
    """The page that says "too often" and when to come back. Also the project's `handler429`, which allauth asks for."""
    minutes = math.ceil(wait / 60)
    sentence = ngettext(
        "Please wait %(minutes)d minute, then try again.",
        "Please wait %(minutes)d minutes, then try again.",
        minutes,
    ) % {"minutes": minutes}
    if has_code:
        sentence = f"{sentence} {gettext('A code you already have still works.')}"
    response = render(request, "429.html", {"reason_sentence": sentence}, status=429)
    response.headers["Retry-After"] = str(wait)
    return response


def _parse(stated: str) -> Rate:
    match = RATE.fullmatch(stated)
    if match is None:
        raise ImproperlyConfigured(f"ACCOUNT_RATE_LIMITS: {stated!r} is not like 5/10m/key or 20/h/ip")
    return Rate(int(match["amount"]), int(match["number"] or 1) * SECONDS[match["unit"]], match["per"])


def _party(request: HttpRequest, rate: Rate, key: str) -> str:
    if rate.per == "ip":
        return network_of(request)
    if not key:
        raise ImproperlyConfigured("a rate per key needs a key")
    return key


def _key_of(action: str, rate: Rate, party: str) -> str:
    return hashlib.sha256(f"{action}\0{rate.seconds}\0{rate.per}\0{party}".encode()).hexdigest()


def _count(action: str, rate: Rate, party: str, now: datetime) -> str:
    """Count one use in the party's window and return its key. Raises LimitReached."""
    hashed = _key_of(action, rate, party)
    window, _is_new = RateWindow.objects.select_for_update().get_or_create(key=hashed)
    length = timedelta(seconds=rate.seconds)
    uses = [use for use in window.uses if use > now - length]
    if len(uses) >= rate.amount:
        raise LimitReached(max(1, math.ceil((min(uses) + length - now).total_seconds())))
    window.uses = [*uses, now]
    window.expires_at = now + length
    window.save(update_fields=["uses", "expires_at"])
    return hashed
