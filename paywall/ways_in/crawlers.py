"""Which crawler sends a request, of those that a publisher lets read in full. The User-Agent selects what is checked;
what proves it is a published list of addresses, or a name of the sender's address that leads back to it.

Only requests that claim to be such a crawler ever wait for a resolver.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone

from articles.caching import next_midnight
from articles.page_store import Lifetime, store
from paywall.access import Reason, Right
from paywall.models import Crawler
from paywall.ways_in.institutions import sender
from paywall.ways_in.networks import Address, NetworkIndex, merged, networks_in, plain

logger = logging.getLogger(__name__)

KEY = "crawlers"
PATIENCE = 1.0  # seconds that a request waits for its sender's name
AT_ONCE = 2  # look-ups in one process; whoever comes meanwhile is a stranger this time
CONFIRMED_FOR = timedelta(hours=6)
REFUSED_FOR = timedelta(minutes=10)
MOST_KEPT = 4096  # addresses


@dataclass(frozen=True, slots=True)
class KnownCrawler:
    """One that reads in full. `user_agent` is in lower case; `suffixes` are domains without a dot before them."""

    name: str
    user_agent: str
    ranges: NetworkIndex
    suffixes: tuple[str, ...]


def known_crawlers() -> tuple[KnownCrawler, ...]:
    """Those that are switched on."""
    return store.kept_or_made(
        KEY,
        lambda: tuple(map(crawler_facts, Crawler.objects.filter(is_active=True))),
        lambda _found: Lifetime((KEY,), next_midnight(timezone.now())),
        size=256 * 1024,
    )


def crawler_facts(crawler: Crawler) -> KnownCrawler:
    networks = merged(network for line in crawler.address_list.splitlines() for network in networks_in(line))
    suffixes = tuple(crawler.host_suffixes.lower().split())
    return KnownCrawler(
        crawler.name, crawler.user_agent.lower(), NetworkIndex((network, 0) for network in networks), suffixes
    )


# --- the name of an address ------------------------------------------------------------------------------------------


class Resolver(Protocol):
    """Both raise OSError where there is no answer."""

    def host_of(self, address: str) -> str: ...
    def addresses_of(self, host: str) -> list[str]: ...


class SystemResolver:
    """That of the machine."""

    def host_of(self, address: str) -> str:
        return socket.gethostbyaddr(address)[0]

    def addresses_of(self, host: str) -> list[str]:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


class Names:
    """The host names of addresses that lead back to them, looked up aside and kept for a while."""

    def __init__(self, resolver: Resolver, patience: float = PATIENCE) -> None:
        self._resolver = resolver
        self._patience = patience
        self._pool: ThreadPoolExecutor | None = None
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._kept: OrderedDict[Address, tuple[str, datetime]] = OrderedDict()

    def host_of(self, address: Address, now: datetime) -> str:
        """The confirmed name; empty where there is none, or it is not known in time."""
        with self._lock:
            host, until = self._kept.get(address, ("", now))
        if now < until or not self._places.acquire(blocking=False):
            return host if now < until else ""
        try:
            return self._executor().submit(self._look_up, address, now).result(self._patience)
        except NotInTime:  # the look-up goes on, and the next request has its answer
            return ""

    def _executor(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="names of crawlers")
            return self._pool

    def _look_up(self, address: Address, now: datetime) -> str:
        try:
            host = confirmed_host(self._resolver, address)
            self._keep(address, host, now + (CONFIRMED_FOR if host else REFUSED_FOR))
            return host
        finally:
            self._places.release()

    def _keep(self, address: Address, host: str, until: datetime) -> None:
        with self._lock:
            self._kept[address] = (host, until)
            self._kept.move_to_end(address)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)


def confirmed_host(resolver: Resolver, address: Address) -> str:
    """Anybody may give an address of their own any name; only the owner of the name can lead it back."""
    try:
        host = resolver.host_of(str(address)).lower().rstrip(".")
        found = {as_address(text) for text in resolver.addresses_of(host)}
    except (OSError, UnicodeError):
        return ""
    return host if address in found else ""


def as_address(text: str) -> Address | None:
    try:
        return plain(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def lies_below(host: str, suffixes: tuple[str, ...]) -> bool:
    return any(host == suffix or host.endswith(f".{suffix}") for suffix in suffixes)


names = Names(SystemResolver())


# --- requests --------------------------------------------------------------------------------------------------------


def crawler_at(request: HttpRequest) -> str:
    """The name of the crawler that proved to be the sender, looked up once for each request; mostly empty."""
    remembered = vars(request)
    if KEY not in remembered:
        remembered[KEY] = find_crawler(request, timezone.now(), names)
    found: str = remembered[KEY]
    return found


def find_crawler(request: HttpRequest, now: datetime, host_names: Names) -> str:
    user_agent = request.META.get("HTTP_USER_AGENT", "").lower()  # kept pages are answered without reading all headers
    claimed = [one for one in known_crawlers() if one.user_agent in user_agent] if user_agent else []
    address = sender(request) if claimed else None
    if address is None:
        return ""
    for crawler in claimed:
        if crawler.ranges.owner(address) is not None:
            return crawler.name
    named = [crawler for crawler in claimed if crawler.suffixes]
    host = host_names.host_of(address, now) if named else ""
    return next((crawler.name for crawler in named if host and lies_below(host, crawler.suffixes)), "")


def is_verified_crawler(request: HttpRequest) -> bool:
    """For the caches: whether the answer is a crawler's own."""
    try:
        return bool(crawler_at(request))
    except DatabaseError:
        logger.exception("it could not be found out whether a request comes from a crawler")
        return False


def rights_of_crawler(request: HttpRequest) -> tuple[Right, ...]:
    name = crawler_at(request)
    return (Right(Reason.CRAWLER, via=name),) if name else ()
