"""Searches cost the database something: one network of strangers gets so many a minute, and each reader as many."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"search": "3/m/ip", "own_search": "4/m/key"}


def test_one_network_searches_so_often_and_then_reads_in_words_when_again(stranger: Client) -> None:
    statuses = [stranger.get(f"/search/?q=ferry{number}").status_code for number in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    response = stranger.get("/search/?q=another")
    assert int(response["Retry-After"]) > 0
    assert "no-store" in response["Cache-Control"]
    assert "wait 1 minute, then try again" in response.content.decode()
    assert "code" not in response.content.decode().split("<main")[1].split("</main")[0]
    assert Client(REMOTE_ADDR="198.51.100.7").get("/search/?q=another").status_code == 200


def test_who_is_logged_in_is_counted_by_account_and_by_nobody_elses_searches(
    stranger: Client, subscriber: Client, registered: Client
) -> None:
    for number in range(5):
        stranger.get(f"/search/?q=ferry{number}")
    statuses = [subscriber.get(f"/search/?q=ferry{number}").status_code for number in range(5)]
    assert statuses == [200, 200, 200, 200, 429]
    assert registered.get("/search/?q=another").status_code == 200


def test_the_empty_form_does_not_count(stranger: Client) -> None:
    for _ in range(9):
        assert stranger.get("/search/").status_code == 200
        assert stranger.get("/search/?q=+").status_code == 200
