"""Searches cost the database something, and one network gets so many a minute."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"search": "3/m/ip"}


def test_one_network_searches_so_often_and_then_reads_in_words_when_again(stranger: Client, subscriber: Client) -> None:
    statuses = [stranger.get(f"/search/?q=ferry{number}").status_code for number in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    response = subscriber.get("/search/?q=another")
    assert response.status_code == 429  # a login makes no second network
    assert int(response["Retry-After"]) > 0
    assert "no-store" in response["Cache-Control"]
    assert "wait 1 minute, then try again" in response.content.decode()
    assert "code" not in response.content.decode().split("<main")[1].split("</main")[0]
    assert Client(REMOTE_ADDR="198.51.100.7").get("/search/?q=another").status_code == 200


def test_the_empty_form_does_not_count(stranger: Client) -> None:
    for _ in range(9):
        assert stranger.get("/search/").status_code == 200
        assert stranger.get("/search/?q=+").status_code == 200
