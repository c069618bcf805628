"""Pieces of text that must not be found, and finding them in an answer however it is written. Pure: no database, no
network.

A sentence is cut into runs of words, so that half of one is found as well. Words are compared without their marks:
spaces, quotes, soft hyphens, entities and tags make no difference.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from articles.sentences import IDEOGRAPHS, sentence_ends

RUN = 6  # words in a row that nobody writes twice by chance
RUN_OF_IDEOGRAPHS = 14
LEAST_LETTERS = 20  # of a run
LONGEST_ANSWER = 4_000_000  # characters that are looked through

type Run = tuple[str, ...]

_WORD = re.compile(rf"[{IDEOGRAPHS}]|[^\W_{IDEOGRAPHS}]+")
_IDEOGRAPH = re.compile(rf"[{IDEOGRAPHS}]")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_TAG = re.compile(r"<[!/?a-zA-Z][^<>]*>")
_BLOCK = re.compile(r"</?(?:p|h[1-6]|li|ul|ol|div|tr|td|th|table|blockquote|pre|figure|figcaption|hr)\b[^<>]*>", re.I)
_JSON_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([nrtbf])|([\"/\\']))")
_JSON_LD = re.compile(r"<script[^>]*application/ld\+json[^>]*>(.*?)</script", re.I | re.S)
_PLACES = (
    ("a meta tag", re.compile(r"<meta\b[^>]*>", re.I)),
    ("a comment", re.compile(r"<!--.*?-->", re.S)),
    ("a script", re.compile(r"<script\b.*?</script", re.I | re.S)),
    ("a template", re.compile(r"<template\b.*?</template", re.I | re.S)),
    ("the title", re.compile(r"<title\b.*?</title", re.I | re.S)),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence that costs: of which article, and whether it stands in a part that is for subscribers alone."""

    article_id: int
    sentence: str
    is_for_subscribers_alone: bool = False


@dataclass(slots=True)
class Traces:
    """All runs that are looked for, each with the pieces in which it stands."""

    pieces: dict[Run, list[Piece]] = field(default_factory=dict)
    _firsts: set[str] = field(default_factory=set)
    _lengths: set[int] = field(default_factory=set)

    def add(self, piece: Piece) -> None:
        for run in runs_of(piece.sentence):
            self.pieces.setdefault(run, []).append(piece)
            self._firsts.add(run[0])
            self._lengths.add(len(run))

    def forget_what_is_in(self, public: str) -> None:
        """The runs that stand in a text which everybody may read are no sign of anything."""
        for run in self.runs_in(plain_words(public)):
            self.pieces.pop(run, None)

    def forget_what_two_share(self) -> None:
        """What stands in two articles may be read by whoever may read one of them."""
        for run, pieces in list(self.pieces.items()):
            if len({piece.article_id for piece in pieces}) > 1:
                del self.pieces[run]

    def all_pieces(self) -> set[Piece]:
        return {piece for pieces in self.pieces.values() for piece in pieces}

    def runs_in(self, words: list[str]) -> set[Run]:
        found = set()
        for place, word in enumerate(words):
            if word in self._firsts:
                near = (tuple(words[place : place + length]) for length in self._lengths)
                found |= {run for run in near if run in self.pieces}
        return found

    def in_text(self, text: str) -> set[Piece]:
        """The pieces of which a run stands in the text, in whatever form."""
        runs: set[Run] = set()
        for form in forms_of(text[:LONGEST_ANSWER]):
            runs |= self.runs_in(words_of(form))
        return {piece for run in runs for piece in self.pieces[run]}

    def in_answer(self, headers: Iterable[tuple[str, str]], text: str) -> dict[Piece, str]:
        """The pieces that an answer holds, each with the place where it stands, in words."""
        found: dict[Piece, str] = {}
        for name, value in headers:
            found |= dict.fromkeys(self.in_text(unquote_plus(value)), f"header {name}")
        for piece in self.in_text(text):
            found.setdefault(piece, self.place_of(piece, text))
        return found

    def place_of(self, piece: Piece, text: str) -> str:
        if any(piece in self.in_text(part) for part in _JSON_LD.findall(text)):
            return "JSON-LD"
        for place, pattern in _PLACES:
            if any(piece in self.in_text(part) for part in pattern.findall(text)):
                return place
        return "body"


def words_of(text: str) -> list[str]:
    """The words in one form, whatever their marks are."""
    return _WORD.findall(unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).casefold())


def plain_words(markup: str) -> list[str]:
    return words_of(html.unescape(without_tags(markup)))


def runs_of(sentence: str) -> Iterator[Run]:
    words = words_of(sentence)
    length = RUN_OF_IDEOGRAPHS if sum(map(len, _IDEOGRAPH.findall(sentence))) > len(sentence) // 2 else RUN
    for place in range(len(words) - length + 1):
        run = tuple(words[place : place + length])
        if length == RUN_OF_IDEOGRAPHS or sum(map(len, run)) >= LEAST_LETTERS:
            yield run


def without_tags(markup: str) -> str:
    """Tags of blocks part words; those inside a line do not."""
    return _TAG.sub("", _BLOCK.sub(" ", markup))


def forms_of(text: str) -> Iterator[str]:
    """The text as it stands, and as a program would read it: out of JSON, out of entities that were written twice or
    three times, out of percent signs; each with and without its tags.
    """
    yield html.unescape(without_tags(text))
    read = _JSON_ESCAPE.sub(_read_escape, text) if "\\" in text else text
    for _time in range(3):
        if "&" not in read:
            break
        read = html.unescape(read)
    yield read
    yield without_tags(read)
    if "%20" in text or "+" in text:
        yield unquote_plus(text)


def _read_escape(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16)) if not 0xD800 <= int(match[1], 16) < 0xE000 else " "
    return " " if match[2] else match[3]


def sentences_of(markup: str) -> Iterator[str]:
    """The sentences of HTML that was cleaned, without their tags. Those of two blocks are not one."""
    for block in _BLOCK.split(markup):
        text = " ".join(html.unescape(_TAG.sub("", block)).split())
        begins = 0
        for ends in sentence_ends(text):
            if sentence := text[begins:ends].strip():
                yield sentence
            begins = ends


def strange_words(text: str, least: int = 6) -> Iterator[str]:
    """Words that may be looked for: of letters and digits, not too short, each once."""
    seen: Mapping[str, None] = dict.fromkeys(words_of(text))
    yield from (word for word in seen if least <= len(word) <= 40 and word.isascii() and not word.isdigit())
