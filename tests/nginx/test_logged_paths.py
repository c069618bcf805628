"""The access log of nginx against the routes: what opens something to whoever knows it must not stand there."""

from __future__ import annotations

import re

import pytest
from django.urls import get_resolver, reverse
from django.urls.converters import UUIDConverter

from paywall.leaks.routes import routes
from tests.edge import CONFIGURATION

SECRET = "0f5d4c6e-7a3b-4c1d-9e8f-5a6b7c8d9e0f"
# Numbers that stand on public pages.
PUBLIC_NUMBERS = {"public_id"}


def logged(address: str) -> str:
    """What the map makes of an address: its first line that fits counts."""
    block = re.search(r"map \$request_uri \$logged_path \{(.*?)\n    \}", CONFIGURATION.read_text(), re.DOTALL)
    assert block
    for pattern, value in re.findall(r'^\s+"~([^"]+)" ([^;]+);', block[1], re.MULTILINE):
        found = re.search(pattern.replace("(?<", "(?P<"), address)
        if found:
            return found["path"] if value == "$path" else str(value)
    return address


def secret_addresses() -> dict[str, str]:
    """Of every route that takes a token or a number that nobody can guess, with `SECRET` in that place."""
    found = {}
    for name, route in routes(get_resolver()):
        converters = route.pattern.converters
        secrets = {
            key
            for key, converter in converters.items()
            if key not in PUBLIC_NUMBERS and (key.endswith("token") or isinstance(converter, UUIDConverter))
        }
        if secrets:
            found[name] = reverse(name, kwargs={key: SECRET if key in secrets else "1" for key in converters})
    return found


def test_no_secret_address_stands_in_the_access_log() -> None:
    addresses = secret_addresses()
    assert {"paywall:gift", "subscriptions:gift-redeem", "subscriptions:leaving"} <= set(addresses)
    assert [name for name, address in addresses.items() if SECRET in logged(address)] == []
    assert [name for name, address in addresses.items() if SECRET in logged(f"{address}?a=1")] == []


@pytest.mark.parametrize("path", ["/", "/articles/the-ferry/", "/account/gift-subscriptions/3/card/", "/gift-shop/"])
def test_other_paths_stand_there_in_whole_without_their_query(path: str) -> None:
    assert logged(f"{path}?q=1") == path
