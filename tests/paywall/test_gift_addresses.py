"""What a gift link gives away of its giver, and how its address is kept, guessed and looked up."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.names import NameRefused, cleaned_name
from articles.models import Article
from paywall.models import GiftLink
from paywall.ways_in import gifts
from subscriptions.models import Grant
from tests import make
from tests.paywall.test_gifts import article as article
from tests.paywall.test_gifts import giver as giver
from tests.paywall.test_gifts import held as held
from tests.paywall.test_gifts import is_open, path_of
from tests.paywall.test_gifts import link as link

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

# --- what it tells ---------------------------------------------------------------------------------------------------


def test_it_tells_nothing_of_the_giver(giver: User, link: GiftLink) -> None:
    page = Client().get(path_of(link))
    told = page.content.decode() + str(page.headers) + str(page.cookies)
    assert not re.search(rf"giver@|Ada|Lamplighter|giver|user.?{giver.pk}\b", told)
    assert "Gift from" not in told


def test_it_names_the_giver_who_agreed(giver: User, held: Grant, article: Article) -> None:
    link = gifts.give(giver, article, timezone.now(), "  Zoë  O’Neill-Łuk ")
    page = Client().get(path_of(link)).content.decode()
    assert "Zoë O’Neill-Łuk" in page
    assert "giver@example.org" not in page


@pytest.mark.parametrize(
    "name",
    [
        "<b>Ada</b>",
        "ada@example.org",
        "https://bad.example/",
        "bad.example",
        "Ada\u202eevil",
        "a" * 61,
        "e" + "\u0336" * 59,
        "Ada" + "\u0336" * 4,
        "a" + "\u0336\u0489" * 2,
        "123",
        "- . -",
        "Ada\x00",
        "“Ada”",
        "Call 0800 12345",
        "Code ١٢٣٤٥٦",
        "evil。com",
        "evil．com",
    ],
)
def test_what_is_no_name_is_refused(name: str, giver: User, held: Grant, article: Article) -> None:
    with pytest.raises(NameRefused):
        gifts.give(giver, article, timezone.now(), name)
    assert not GiftLink.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "J. R. R. Tolkien",
        "J.R.R. Tolkien",
        "नागार्जुन",
        "محمد",
        "Anna & Tom",
        "李小龍",
        "Ann" + "\u0336" * 3,
        "Class of 2026",
    ],
)
def test_names_of_the_world_are_names(name: str) -> None:
    assert cleaned_name(name) == name


# --- addresses -------------------------------------------------------------------------------------------------------


def test_an_address_has_256_bits_and_a_copy_of_the_database_has_none(giver: User, held: Grant) -> None:
    articles = [make.article() for _ in range(3)]
    links = [gifts.give(giver, one, timezone.now()) for one in articles]
    tokens = {link.token for link in links}
    assert len(tokens) == 3
    assert all(re.fullmatch("[A-Za-z0-9_-]{43}", token) for token in tokens)
    stored = str(list(GiftLink.objects.values()))
    assert not any(token in stored for token in tokens)


def test_after_a_change_of_the_secret_a_link_opens_and_is_not_shown(
    link: GiftLink, article: Article, settings: Any
) -> None:
    path = path_of(link)
    settings.SECRET_KEY = "another-secret-of-the-site-for-this-test-alone"
    assert link.token == ""
    assert is_open(Client().get(path), article)


def test_an_unknown_address_answers_404_and_guesses_are_limited(link: GiftLink) -> None:
    guess = "/gift/" + "0" * 43 + "/"
    assert [Client().get(guess).status_code for _ in range(61)] == [404] * 60 + [429]
    assert Client().get(path_of(link)).status_code == 200


def test_an_unknown_address_costs_the_look_up_of_a_known_one() -> None:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        Client().get("/gift/" + "0" * 43 + "/")
    assert "token_hash" in captured[0]["sql"]
