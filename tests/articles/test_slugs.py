"""Addresses made from words."""

from __future__ import annotations

import pytest

from articles.slugs import LONGEST, free_slugs, slug_of


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("The Ferry’s Last Run", "the-ferrys-last-run"),
        ("Straße nach Łódź / Ærø", "strasse-nach-lodz-aero"),
        ("Élan vital—again", "elan-vital-again"),
        ("--a__b--", "a__b"),
        ("w" * 200, "w" * LONGEST),
    ],
)
def test_words_become_a_slug(words: str, slug: str) -> None:
    assert slug_of(words, fallback="article") == slug


def test_a_long_headline_is_cut_between_words() -> None:
    slug = slug_of("counting hulls in the strait " * 10, fallback="article")
    assert len(slug) <= LONGEST
    assert slug.endswith(("counting", "hulls", "in", "the", "strait"))


def test_words_without_ascii_have_a_slug_of_their_own() -> None:
    first, second = slug_of("渡轮", fallback="article"), slug_of("港口", fallback="article")
    assert first.startswith("article-")
    assert first != second
    assert slug_of("渡轮", fallback="article") == first


def test_the_lowest_free_number_is_taken_and_the_library_asked_few_times() -> None:
    library = {"war", *(f"war-{number}" for number in range(2, 500)), "peace"}
    questions = []

    def taken(some: set[str]) -> set[str]:
        questions.append(some)
        return some & library

    assert free_slugs(["war", "peace", "war", "truce", "truce"], taken) == [
        "war-500",
        "peace-2",
        "war-501",
        "truce",
        "truce-2",
    ]
    assert len(questions) < 10


def test_a_wish_that_looks_numbered_meets_no_other() -> None:
    assert free_slugs(["war", "war", "war-2"], lambda _: set()) == ["war", "war-3", "war-2"]
