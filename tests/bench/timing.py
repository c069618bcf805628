"""Whether the time of an answer tells if an address has an account: known, unknown and switched-off addresses at the
gate and at the login, in an order that is drawn, compared two by two.

The limits are lifted, since they would end it after a few; they are counted all the same.
"""

from __future__ import annotations

import itertools
import math
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from newsroom.embedded_postgres import Cluster
from tests import servers
from tests.bench import growing, report
from tests.bench.database import fresh_database, url
from tests.bench.load import NotMeasured
from tests.bench.people import make_people
from tests.servers import HOST, Server

SAMPLES, WARM_UP = 200, 20  # of each kind of address at each door
LEAST_P = 0.001
SEED = 20_262
SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.bench.unlimited_settings"}


def measure(cluster: Cluster) -> int:
    """0 if no two kinds of address can be told apart, 1 if some can, 2 if it could not be measured."""
    try:
        with tempfile.TemporaryDirectory() as name, fresh_database(cluster, "bench_timing") as database:
            folder = Path(name)
            environment = servers.production(url(cluster, database), folder, **SETTINGS)
            addresses = make_people(environment, "addresses", str(2 * (SAMPLES + WARM_UP)))
            growing.settle(cluster, database)
            with servers.site(environment, folder) as site:
                return compare(cluster, site, addresses)
    except NotMeasured as reason:
        print(f"Nothing measured: {reason}")
        return 2


def compare(cluster: Cluster, site: Server, addresses: dict[str, list[str]]) -> int:
    load = report.load()
    rows, is_met = [], True
    for door in (Door(), Login()):
        times = sample(site, door, addresses)
        for one, other in itertools.combinations(times, 2):
            p = mann_whitney(times[one], times[other])
            apart = (statistics.median(times[one]) - statistics.median(times[other])) * 1000
            is_met = is_met and p > LEAST_P
            verdict = "ok" if p > LEAST_P else "**missed**"
            rows.append([f"{door.name}: {one} and {other}", f"{p:.3f}", f"{apart:+.2f} ms", f"p > {LEAST_P}", verdict])
        middle = statistics.median(itertools.chain(*times.values())) * 1000
        rows.append([f"{door.name}: all of them", "", f"{middle:.1f} ms in the middle", "", ""])
    print(f"{report.machine()}; load at the start {load}.\n{report.versions(cluster)}")
    print(f"{SAMPLES} of each kind at each door, in a drawn order.\n")
    report.print_table(["Addresses", "Mann-Whitney p", "difference of the medians", "target", ""], rows)
    return 0 if is_met else 1


def sample(site: Server, door: Door, addresses: dict[str, list[str]]) -> dict[str, list[float]]:
    """Seconds by kind of address. Raises NotMeasured if anything but the time differs."""
    door.open(site)
    kinds = list(addresses) * (WARM_UP + SAMPLES)
    warm_up, measured = kinds[: WARM_UP * len(addresses)], kinds[WARM_UP * len(addresses) :]
    random.Random(SEED).shuffle(measured)
    times: dict[str, list[float]] = {kind: [] for kind in addresses}
    answers: Counter[str] = Counter()
    for kind in warm_up + measured:
        seconds, answer = door.knock(site, addresses[kind].pop())
        times[kind].append(seconds)
        answers[answer] += 1
    if len(answers) != 1 or not next(iter(answers)).startswith("302 "):
        raise NotMeasured(f"the {door.name} did not give everybody the same answer: {dict(answers)}")
    return {kind: seconds[WARM_UP:] for kind, seconds in times.items()}


class Door:
    """A form that takes an address; each time from a browser without a history."""

    name = "gate"
    path = "/subscribe/start/"
    field = "email"

    def __init__(self) -> None:
        self.fields = {"plan": "free", "next": "/"}
        self.headers = {
            "Origin": f"https://{HOST}",
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def open(self, site: Server) -> None:
        """What has to be known before the form can be sent."""

    def knock(self, site: Server, address: str) -> tuple[float, str]:
        """The seconds until the answer was there, on a new connection, and what it was."""
        body = urlencode({**self.fields, self.field: address})
        began = time.perf_counter()
        answer = site.get(self.path, self.headers, "POST", body)
        return time.perf_counter() - began, f"{answer.status} {answer.headers.get('location', '')}"


class Login(Door):
    """The login without a password: a code is sent. Its form carries a token."""

    name = "login"
    path = "/account/login/"
    field = "login"

    def open(self, site: Server) -> None:
        page = site.get(self.path)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        cookie = re.match(r"[^=]+=[^;]+", page.headers.get("set-cookie", ""))
        if token is None or cookie is None:
            raise NotMeasured("the login's page has no token")
        self.fields = {"csrfmiddlewaretoken": token[1], "password": ""}
        self.headers["Cookie"] = cookie[0]


# --- telling them apart ---------------------------------------------------------------------------------------------


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """The chance (two-sided) of ranks as different as these if nothing but chance divides the two.

    By the normal approximation with a correction for ties and for continuity, good from about twenty of each on:
    https://en.wikipedia.org/wiki/Mann%E2%80%93Whitney_U_test#Normal_approximation_and_tie_correction
    """
    counts = Counter([*one, *other])
    rank_of, below = {}, 0
    for value in sorted(counts):
        rank_of[value] = below + (counts[value] + 1) / 2
        below += counts[value]
    first, second, total = len(one), len(other), len(one) + len(other)
    u = sum(rank_of[value] for value in one) - first * (first + 1) / 2
    ties = sum(count**3 - count for count in counts.values()) / (total * (total - 1))
    spread = math.sqrt(first * second / 12 * (total + 1 - ties))
    if not spread:
        return 1.0
    z = max(0.0, abs(u - first * second / 2) - 0.5) / spread
    return math.erfc(z / math.sqrt(2))
