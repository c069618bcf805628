"""Ranges of network addresses: reading them as people write them, and finding an address among many of them from
memory. Pure: it knows neither institutions nor crawlers.
"""

from __future__ import annotations

import ipaddress
import json
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network
type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# The widest single range, in bits of its prefix: what the largest universities have, and no whole provider.
WIDEST = {4: 16, 6: 32}
MOST_LINES = 20_000
LONGEST_SHOWN = 60  # characters of a line that is quoted
# https://www.iana.org/assignments/iana-ipv4-special-registry and the one of IPv6
SPECIAL = [
    ("0.0.0.0/8", gettext_lazy("reserved")),
    ("10.0.0.0/8", gettext_lazy("private")),
    ("100.64.0.0/10", gettext_lazy("private")),
    ("127.0.0.0/8", gettext_lazy("loopback")),
    ("169.254.0.0/16", gettext_lazy("link-local")),
    ("172.16.0.0/12", gettext_lazy("private")),
    ("192.0.0.0/24", gettext_lazy("reserved")),
    ("192.0.2.0/24", gettext_lazy("for documentation")),
    ("192.88.99.0/24", gettext_lazy("reserved")),
    ("192.168.0.0/16", gettext_lazy("private")),
    ("198.18.0.0/15", gettext_lazy("reserved")),
    ("198.51.100.0/24", gettext_lazy("for documentation")),
    ("203.0.113.0/24", gettext_lazy("for documentation")),
    ("224.0.0.0/4", gettext_lazy("multicast")),
    ("240.0.0.0/4", gettext_lazy("reserved")),
    ("::1/128", gettext_lazy("loopback")),
    ("fc00::/7", gettext_lazy("private")),
    ("fe80::/10", gettext_lazy("link-local")),
    ("ff00::/8", gettext_lazy("multicast")),
    ("2001::/23", gettext_lazy("reserved")),
    ("2001:db8::/32", gettext_lazy("for documentation")),
    ("2002::/16", gettext_lazy("reserved")),
    ("3fff::/20", gettext_lazy("for documentation")),
]
SPECIAL_NETWORKS = [(ipaddress.ip_network(text), kind) for text, kind in SPECIAL]
GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
MAPPED_IPV4 = ipaddress.IPv6Network("::ffff:0:0/96")


class RangeRefused(Exception):
    """The text is no range of public addresses; the message says why, in words for staff."""


@dataclass(frozen=True, slots=True)
class WrittenRange:
    """One line as it was written, and the networks that it stands for."""

    line: int
    text: str
    networks: tuple[Network, ...]


# --- reading ---------------------------------------------------------------------------------------------------------


def read_ranges(text: str) -> tuple[list[WrittenRange], list[str]]:
    """The ranges of a text, one a line (blank lines and what follows a # are not looked at), and what is wrong with the
    lines that are none. A JSON list of prefixes, as search engines publish theirs, is read too.
    """
    if text.lstrip().startswith(("{", "[")):
        lines = list(enumerate(prefixes_of_json(text), start=1))
    else:
        lines = [(number, line.partition("#")[0].strip()) for number, line in enumerate(text.splitlines(), start=1)]
    lines = [(number, line) for number, line in lines if line]
    if len(lines) > MOST_LINES:
        raise RangeRefused(_("More than %(most)d ranges: please give wider ones.") % {"most": MOST_LINES})
    ranges, errors = [], []
    for number, line in lines:
        try:
            ranges.append(WrittenRange(number, line, parse_range(line)))
        except RangeRefused as refused:
            quoted = line if len(line) <= LONGEST_SHOWN else f"{line[:LONGEST_SHOWN]}…"
            words = {"line": number, "text": quoted, "why": refused}
            errors.append(_("Line %(line)d, “%(text)s”: %(why)s") % words)
    return ranges, errors


def prefixes_of_json(text: str) -> list[str]:
    """Google's and Bing's form: {"prefixes": [{"ipv4Prefix": "…"}, {"ipv6Prefix": "…"}]}. Raises RangeRefused."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RangeRefused(_("This looks like JSON, but cannot be read.")) from error
    entries = document.get("prefixes") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise RangeRefused(_("The JSON has no list of “prefixes”."))
    found = [prefix for entry in entries for prefix in prefixes_of_entry(entry)]
    if len(found) != len(entries):
        raise RangeRefused(_("An entry of the JSON is neither an address nor has an “ipv4Prefix” or “ipv6Prefix”."))
    return found


def prefixes_of_entry(entry: object) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, dict):
        names = ("ipv4Prefix", "ipv6Prefix")
        yield from [prefix for name in names if isinstance(prefix := entry.get(name), str)][:1]


def parse_range(text: str) -> tuple[Network, ...]:
    """The networks of “192.0.2.0/24”, “192.0.2.1” or “192.0.2.1 - 192.0.2.9”. Raises RangeRefused."""
    networks = networks_in(text)
    for network in networks:
        refuse_special(network)
    span = sum(network.num_addresses for network in networks)
    if span > widest_span(networks[0]):
        widest = f"/{WIDEST[networks[0].version]}"
        raise RangeRefused(_("it is too large. A single range is %(widest)s at most.") % {"widest": widest})
    return networks


def networks_in(text: str) -> tuple[Network, ...]:
    """As `parse_range`, of whichever addresses."""
    first, dash, last = (part.strip() for part in text.replace("–", "-").partition("-"))
    return between(parse_address(first), parse_address(last)) if dash else (parse_network(first),)


def parse_address(text: str) -> Address:
    refuse_zone(text)
    try:
        return plain(ipaddress.ip_address(text))
    except ValueError:
        raise RangeRefused(_("it is no address.")) from None


def refuse_zone(text: str) -> None:
    """Of “fe80::1%eth0” the zone is a machine's own name for one of its cables."""
    if "%" in text:
        raise RangeRefused(_("it names a zone, after the %: leave that out."))


def parse_network(text: str) -> Network:
    refuse_zone(text)
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise RangeRefused(why_no_network(text)) from None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(MAPPED_IPV4):
        base = network.network_address.ipv4_mapped
        return ipaddress.ip_network(f"{base}/{network.prefixlen - 96}")
    return network


def why_no_network(text: str) -> str:
    """A range whose first address does not fit its length is mostly a slip; it is not taken for what it might mean."""
    try:
        meant = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return _("it is neither an address nor a range of addresses.")
    return _("it does not begin where a range of that length does. Did you mean %(meant)s?") % {"meant": meant}


def between(first: Address, last: Address) -> tuple[Network, ...]:
    if first.version != last.version:
        raise RangeRefused(_("one end is IPv4, the other IPv6."))
    if int(last) < int(first):
        raise RangeRefused(_("its last address comes before its first."))
    if isinstance(first, ipaddress.IPv4Address) and isinstance(last, ipaddress.IPv4Address):
        return tuple(ipaddress.summarize_address_range(first, last))
    assert isinstance(first, ipaddress.IPv6Address) and isinstance(last, ipaddress.IPv6Address)  # noqa: PT018, S101
    return tuple(ipaddress.summarize_address_range(first, last))


def refuse_special(network: Network) -> None:
    """Addresses that many networks use within themselves, and no sender on the internet has. Raises RangeRefused."""
    for special, kind in SPECIAL_NETWORKS:
        if special.version == network.version and special.overlaps(network):
            raise RangeRefused(_("these addresses are %(kind)s and reach no site from outside.") % {"kind": kind})
    if isinstance(network, ipaddress.IPv6Network) and not network.subnet_of(GLOBAL_IPV6):
        raise RangeRefused(_("these addresses are %(kind)s and reach no site from outside.") % {"kind": _("reserved")})


def plain(address: Address) -> Address:
    """An IPv4 address that came in the form of IPv6 is the IPv4 address."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


# --- writing ---------------------------------------------------------------------------------------------------------


def merged(networks: Iterable[Network]) -> list[Network]:
    """The fewest networks that hold the same addresses and are not too large, in their order, IPv4 first."""
    every = list(networks)
    v4 = [network for network in every if isinstance(network, ipaddress.IPv4Network)]
    v6 = [network for network in every if isinstance(network, ipaddress.IPv6Network)]
    collapsed: list[Network] = [*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6)]
    return [piece for network in collapsed for piece in pieces_of(network)]


def pieces_of(network: Network) -> Iterable[Network]:
    widest = WIDEST[network.version]
    return network.subnets(new_prefix=widest) if network.prefixlen < widest else [network]


def written(networks: Iterable[Network]) -> list[str]:
    """A line for each run of addresses, as one that may be read again."""
    runs: list[list[Network]] = []
    for network in merged(networks):
        if runs and goes_on(runs[-1], network):
            runs[-1].append(network)
        else:
            runs.append([network])
    return [f"{run[0][0]} - {run[-1][-1]}" if len(run) > 1 else written_alone(run[0]) for run in runs]


def goes_on(run: list[Network], network: Network) -> bool:
    first, last = int(run[0].network_address), int(network.broadcast_address)
    return (
        network.version == run[0].version
        and int(run[-1].broadcast_address) + 1 == int(network.network_address)
        and last - first < widest_span(network)
    )


def widest_span(network: Network) -> int:
    return int(2 ** (network.max_prefixlen - WIDEST[network.version]))


def written_alone(network: Network) -> str:
    return str(network[0]) if network.num_addresses == 1 else str(network)


# --- finding ---------------------------------------------------------------------------------------------------------


class NetworkIndex:
    """To whom an address belongs. The ranges may not overlap; each look-up is one bisection."""

    def __init__(self, owned: Iterable[tuple[Network, int]]) -> None:
        self._firsts: dict[int, list[int]] = {4: [], 6: []}
        self._lasts: dict[int, list[int]] = {4: [], 6: []}
        self._owners: dict[int, array[int]] = {4: array("q"), 6: array("q")}
        for network, owner in sorted(owned, key=lambda one: int(one[0].network_address)):
            self._firsts[network.version].append(int(network.network_address))
            self._lasts[network.version].append(int(network.broadcast_address))
            self._owners[network.version].append(owner)

    def __len__(self) -> int:
        return len(self._firsts[4]) + len(self._firsts[6])

    def owner(self, address: Address) -> int | None:
        version, number = address.version, int(address)
        place = bisect_right(self._firsts[version], number) - 1
        return self._owners[version][place] if place >= 0 and number <= self._lasts[version][place] else None
