"""Which forms without a token are believed to be ours."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from accounts.origin import is_own_origin

SITE = "https://review.example"
ON_A_PUBLIC_HOST = [
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": ""}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": SITE}, False),
    ({"Origin": SITE}, True),
    ({"Origin": "https://REVIEW.example"}, True),
    ({"Origin": "http://review.example"}, False),
    ({"Origin": "https://review.example:8443"}, False),
    ({"Origin": "https://review.example.evil.example"}, False),
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": ""}, False),
    ({"Referer": f"{SITE}/"}, False),
    ({}, False),
]


@pytest.mark.attack("A14")
@pytest.mark.parametrize(("headers", "is_ours"), ON_A_PUBLIC_HOST)
def test_on_a_public_host_ours_is_the_site_url(headers: dict[str, str], is_ours: bool, settings: Any) -> None:
    settings.LOCAL_MODE = False
    settings.SITE_URL = SITE
    request = RequestFactory().post("/subscribe/start/", headers=headers)
    assert is_own_origin(request) is is_ours


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000"])
def test_in_local_mode_ours_is_the_host_that_was_asked(host: str, settings: Any) -> None:
    settings.LOCAL_MODE = True
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    asked = RequestFactory().post("/subscribe/start/", headers={"Host": host, "Origin": f"http://{host}"})
    assert is_own_origin(asked)
    other = RequestFactory().post("/subscribe/start/", headers={"Host": host, "Origin": "http://localhost:9999"})
    assert not is_own_origin(other)
