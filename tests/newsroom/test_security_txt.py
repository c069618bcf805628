"""security.txt, as RFC 9116 asks for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from newsroom.env import Environment, parse_contact, parse_policy_url

pytestmark = pytest.mark.django_db

ADDRESS = "/.well-known/security.txt"


def fields(client: Client) -> dict[str, str]:
    response = client.get(ADDRESS)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    lines = response.content.decode().splitlines()
    assert len({line.split(": ")[0] for line in lines}) == len(lines)  # each once
    return dict(line.split(": ", 1) for line in lines)


def test_it_says_whom_to_tell_and_until_when(settings: Any, stranger: Client) -> None:
    settings.DEFAULT_FROM_EMAIL = "The Review <post@news.example.org>"
    settings.SITE_URL = "https://news.example.org"
    settings.LANGUAGE_CODE = "de-at"
    found = fields(stranger)
    assert found["Contact"] == "mailto:post@news.example.org"
    assert found["Canonical"] == "https://news.example.org/.well-known/security.txt"
    assert found["Preferred-Languages"] == "de, en"
    assert "Policy" not in found


def test_a_stated_contact_and_policy_are_named(settings: Any, stranger: Client) -> None:
    settings.SECURITY_CONTACT = "https://example.org/report"
    settings.SECURITY_POLICY = "https://example.org/policy"
    found = fields(stranger)
    assert (found["Contact"], found["Policy"]) == ("https://example.org/report", "https://example.org/policy")


def test_it_never_is_out_of_date_and_stays_the_same_for_a_day(stranger: Client) -> None:
    texts = []
    for moment in (datetime(2026, 3, 1, 0, 1, tzinfo=UTC), datetime(2026, 3, 1, 23, 58, tzinfo=UTC)):
        with time_machine.travel(moment, tick=False):
            texts.append(fields(stranger))
            expires = datetime.fromisoformat(texts[-1]["Expires"])
            assert timedelta(days=100) < expires - timezone.now() < timedelta(days=365)
    assert texts[0] == texts[1]


def test_caches_may_keep_it_and_the_old_place_leads_to_it(stranger: Client) -> None:
    assert "s-maxage" in stranger.get(ADDRESS)["Cache-Control"]
    assert stranger.get("/security.txt")["Location"] == ADDRESS


@pytest.mark.parametrize(
    ("raw", "contact"),
    [
        ("", ""),
        ("mailto:security@example.org", "mailto:security@example.org"),
        ("security@example.org", "mailto:security@example.org"),
        ("https://example.org/report", "https://example.org/report"),
    ],
)
def test_a_contact_is_an_address_or_a_page(raw: str, contact: str) -> None:
    assert parse_contact(raw) == contact


@pytest.mark.parametrize("raw", ["http://example.org/", "mailto:nobody", "tel:112", "https://a.example\nPolicy: x"])
def test_another_contact_stops_the_start(raw: str) -> None:
    environment = Environment({"SECURITY_CONTACT": raw})
    environment.parsed("SECURITY_CONTACT", "", parse_contact)
    assert len(environment.problems) == 1


@pytest.mark.parametrize("raw", ["ftp://example.org/", "example.org/policy"])
def test_a_policy_is_a_page(raw: str) -> None:
    with pytest.raises(ValueError, match="something like"):
        parse_policy_url(raw)
