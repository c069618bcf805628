"""Addresses made from words: plain ASCII, short, and never one that is taken."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from django.utils.text import slugify

from articles.models import Article, ArticleRedirect

LONGEST = 80  # characters of a slug made from words
LONGEST_GIVEN = 190  # of one that somebody chose; the columns hold 200, and a number may follow
# Letters that Unicode does not take apart into a base letter and an accent.
_PLAIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
     "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "’": "", "'": "", "/": " ", "—": " ", "–": " "}
)  # fmt: skip


def slug_of(words: str, *, fallback: str, longest: int = LONGEST) -> str:
    """A slug of at most `longest` characters, cut between words.

    Where no ASCII letter or digit is left: `fallback` and a digest of `words`.
    """
    slug = slugify(words.translate(_PLAIN)).strip("-_")
    if not slug:
        return f"{fallback}-{hashlib.sha256(words.encode(errors='replace')).hexdigest()[:10]}"
    if len(slug) > longest:
        slug = (slug[: longest + 1].rpartition("-")[0] or slug[:longest]).strip("-_")
    return slug


def free_slugs(wished: Iterable[str], taken: Callable[[set[str]], set[str]]) -> list[str]:
    """Each wish if it is free, else with the lowest free number from 2 on: war, war-2, war-3.

    `taken` tells which of a set of slugs exist; it is asked a few times however many wishes there are.
    """
    wishes = list(wished)
    numbers = dict.fromkeys(wishes, 0)
    used = taken(set(wishes))
    found: dict[int, str] = {}
    asked, open_wishes = 1, list(enumerate(wishes))
    while open_wishes:
        left = []
        for place, wish in open_wishes:
            slug = _next_free(wish, numbers, used, asked)
            if slug is None:
                left.append((place, wish))
            else:
                used.add(slug)
                found[place] = slug
        last = asked
        asked = asked * 4 + len(left)
        used |= taken({f"{wish}-{number}" for _, wish in left for number in range(last + 1, asked + 1)})
        open_wishes = left
    return [found[place] for place in range(len(wishes))]


def _next_free(wish: str, numbers: dict[str, int], used: set[str], asked: int) -> str | None:
    """None when every number that was asked for is taken."""
    while numbers[wish] < asked:
        numbers[wish] += 1
        slug = wish if numbers[wish] == 1 else f"{wish}-{numbers[wish]}"
        if slug not in used:
            return slug
    return None


def taken_by_articles(slugs: set[str]) -> set[str]:
    """Those that lead to an article, also as its former address."""
    present = Article.objects.filter(slug__in=slugs).values_list("slug", flat=True)
    former = ArticleRedirect.objects.filter(slug__in=slugs).values_list("slug", flat=True)
    return {*present, *former}
