"""How long it takes to find an address among ten thousand ranges, against a call of a function that does nothing; and
that it asks the database nothing.
"""

from __future__ import annotations

import ipaddress
import os
import random
from datetime import UTC, datetime, timedelta

from newsroom.embedded_postgres import Cluster
from tests.bench import report
from tests.bench.moments import CALLS, ROUNDS, empty, seconds

RANGES = 10_000
MOST_CALLS = 200  # of an empty function: some microseconds
SEED = 20_262
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def measure(_cluster: Cluster) -> int:
    """0 if the look-up is as fast as promised and asks nothing, else 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.site_settings")
    os.environ.setdefault("ALLOW_EMBEDDED_DATABASE", "1")
    import django

    django.setup()
    from django.db import connection

    from paywall.ways_in.institutions import Contract, Directory

    drawn = random.Random(SEED)
    blocks = drawn.sample(range(0x01000000 >> 8, 0xDF000000 >> 8), RANGES // 2)
    v4 = [(ipaddress.ip_network((block << 8, 24)), 1) for block in blocks]
    v6 = [(ipaddress.ip_network(((0x2A000000 + number) << 96, 48)), 1) for number in range(RANGES // 2)]
    contract = Contract(1, "City Library", NOW - timedelta(days=1), NOW + timedelta(days=1), 0)
    directory = Directory([contract], [*v4, *v6])
    asked: dict[str, tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, bool]] = {
        "an address of IPv4 within": (v4[17][0][5], True),
        "an address of IPv6 within": (v6[17][0][5], True),
        "an address of nobody": (ipaddress.ip_address("0.0.0.1"), False),
    }
    at_rest = seconds(empty)
    rows, is_met = [], True

    def refuse(*_given: object) -> object:
        raise AssertionError("the look-up asked the database")

    with connection.execute_wrapper(refuse):
        for name, (address, is_known) in asked.items():
            found = directory.at(address, NOW)
            took = seconds(lambda address=address: directory.at(address, NOW))  # type: ignore[misc]
            is_ok = took / at_rest <= MOST_CALLS and (found is not None) is is_known
            is_met = is_met and is_ok
            verdict = "ok" if is_ok else "**missed**"
            rows.append([name, f"{took * 1e6:.2f}", f"{took / at_rest:,.0f}", f"≤ {MOST_CALLS}", "0", verdict])
    print(f"{report.machine()}; load at the start {report.load()}.")
    print(f"{RANGES:,} ranges; the best of {ROUNDS} rounds of {CALLS:,} calls each.\n")
    report.print_table(["Look-up", "µs", "calls of an empty function", "target", "queries", ""], rows)
    return 0 if is_met else 1
