"""Finding an address or a domain among those of the institutions: in memory, and in the database."""

from __future__ import annotations

import ipaddress
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from articles.page_store import PageStore
from paywall.models import AddressRange, Institution
from paywall.ways_in import institutions
from paywall.ways_in.institutions import Directory, Records, contract_of, known
from paywall.ways_in.networks import WIDEST, NetworkIndex, merged, plain, read_ranges, written
from tests.paywall.test_institutions import domain, institution

pytestmark = pytest.mark.django_db


networks_of_4 = st.builds(
    lambda number, length: ipaddress.IPv4Network((number >> (32 - length) << (32 - length), length)),
    st.integers(0, 2**32 - 1),
    st.integers(WIDEST[4], 32),
)
networks_of_6 = st.builds(
    lambda number, length: ipaddress.IPv6Network((number >> (128 - length) << (128 - length), length)),
    st.integers(0, 2**128 - 1),
    st.integers(WIDEST[6], 128),
)
some_networks = st.lists(networks_of_4 | networks_of_6, max_size=30)


@given(some_networks, st.data())
def test_the_look_up_is_that_of_looking_at_each(given_networks: list[Any], data: st.DataObject) -> None:
    networks = merged(given_networks)
    index = NetworkIndex((network, number) for number, network in enumerate(networks))
    edges = [edge + step for one in networks for edge in (int(one[0]), int(one[-1])) for step in (-1, 0, 1)]
    numbers = st.sampled_from(edges) if edges else st.nothing()
    for maker, most in ((ipaddress.IPv4Address, 2**32 - 1), (ipaddress.IPv6Address, 2**128 - 1)):
        number = data.draw(st.integers(0, most) | numbers.filter(lambda edge, most=most: 0 <= edge <= most))
        address = maker(number)
        naive = [place for place, network in enumerate(networks) if address in network]
        assert [index.owner(address)] == (naive or [None])


@given(some_networks)
def test_what_is_merged_holds_the_same_addresses(given_networks: list[Any]) -> None:
    networks = merged(given_networks)
    assert not any(one.overlaps(other) for one in networks for other in networks if one is not other)
    for version in (4, 6):
        mine = [one for one in given_networks if one.version == version]
        ours = [one for one in networks if one.version == version]
        assert all(any(small.subnet_of(large) for large in ipaddress.collapse_addresses(ours)) for small in mine)
        assert sum(one.num_addresses for one in ours) == sum(
            one.num_addresses for one in ipaddress.collapse_addresses(mine)
        )


@given(
    st.lists(
        st.tuples(st.integers(0x08000000, 0x09FFFFFF), st.integers(0, 1000)).map(
            lambda one: f"{ipaddress.IPv4Address(one[0])} - {ipaddress.IPv4Address(one[0] + one[1])}"
        ),
        max_size=20,
    )
)
def test_what_is_written_reads_as_the_same_networks(lines: list[str]) -> None:
    networks = merged(network for one in read_ranges("\n".join(lines))[0] for network in one.networks)
    again, errors = read_ranges("\n".join(written(networks)))
    assert errors == []
    assert merged(network for one in again for network in one.networks) == networks


def test_memory_and_database_say_the_same() -> None:
    city = institution("8.8.8.0/24", "2a00:1450::/32")
    institution("9.9.9.0/24", name="Over", ends_on=date(2026, 2, 1))
    institution("9.9.8.0/24", name="To come", starts_on=date(2098, 1, 1))
    domain(city, "city.example", has_subdomains=True)
    domain(city, "exact.example")
    domain(city, "unverified.example", verified_at=None)
    domain(institution(name="Branch"), "branch.city.example")
    now = timezone.now()
    memory, database = institutions.directory_of(now), Records()
    for text in ("8.8.8.8", "8.8.9.0", "9.9.9.9", "9.9.8.8", "2a00:1450::9"):
        address = plain(ipaddress.ip_address(text))
        assert memory.at(address, now) == database.at(address, now)
    found = {
        name: (memory.of_domain(name, now), database.of_domain(name, now))
        for name in (
            "city.example", "a.city.example", "b.a.city.example", "branch.city.example", "x.branch.city.example",
            "exact.example", "a.exact.example", "notcity.example", "example", "unverified.example",
        )
    }  # fmt: skip
    assert all(one == other for one, other in found.values())
    names = {name: one.name for name, (one, _other) in found.items() if one}
    assert names == {
        "city.example": "City Library",
        "a.city.example": "City Library",
        "b.a.city.example": "City Library",
        "branch.city.example": "Branch",
        "x.branch.city.example": "City Library",
        "exact.example": "City Library",
    }
    assert (memory.has_any(now), memory.has_roaming(now)) == (database.has_any(now), database.has_roaming(now))
    assert memory.with_id(city.pk, now) == contract_of(city)


def test_no_address_belongs_to_two_whoever_writes_it(city_library: Institution) -> None:
    other = institution(name="Another")
    for network in ("8.8.8.8/32", "8.8.0.0/16", "2a00:1450:1::/48"):
        with pytest.raises(IntegrityError), transaction.atomic():
            AddressRange.objects.create(institution=other, network=network)
    AddressRange.objects.create(institution=other, network="8.8.9.0/24")


def test_ten_thousand_ranges_are_read_with_few_queries(kept_pages: PageStore) -> None:
    made = institution()
    networks = [ipaddress.IPv4Network((0x08000000 + 512 * number, 24)) for number in range(10_000)]
    AddressRange.objects.bulk_create([AddressRange(institution=made, network=network) for network in networks])
    now = timezone.now()
    with CaptureQueriesContext(connection) as queries:
        assert known().at(ipaddress.ip_address("8.0.0.5"), now)
        assert known().at(ipaddress.ip_address("8.0.1.5"), now) is None
    assert len(queries) == 3  # contracts, ranges, domains; the second look-up none
    assert isinstance(known(), Directory)
