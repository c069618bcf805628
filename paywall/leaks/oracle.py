"""What the search tells about a word, beside what it shows: whether it has looked in bodies."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator
from urllib.parse import quote_plus

from django.utils import timezone

from paywall.leaks.samples import hits
from paywall.leaks.traces import words_of
from paywall.leaks.visits import Answer

QUESTIONS = 2  # of one article
_TOKEN = re.compile(r"\b[A-Za-z0-9]{64}\b")  # of forms, another one each time
_OWN = set("date etag x-request-id set-cookie x-cache age x-accel-expires cache-control connection".split())


def differs(given: Answer, word: str, other: Answer, nonsense: str) -> str:
    """In what the two answers differ beside the words themselves; empty where they do not."""
    if given.status != other.status:
        return f"it answers {given.status} instead of {other.status}"
    first, second = without(given.text, word), without(other.text, nonsense)
    if first != second:
        return f"its page differs from that for a word that nobody wrote, by {abs(len(first) - len(second))} characters"
    told, usual = headers_without(given, word), headers_without(other, nonsense)
    return "" if told == usual else f"headers differ: {', '.join(sorted(set(told.items()) ^ set(usual.items()))[0])}"


def without(text: str, word: str) -> str:
    return _TOKEN.sub("", text.replace(quote_plus(word), "").replace(word, ""))


def headers_without(answer: Answer, word: str) -> dict[str, str]:
    told = {name.lower(): value for name, value in answer.headers}
    told.pop("content-length", None)  # of the page, which is compared itself
    return {name: without(value, word) for name, value in told.items() if name not in _OWN}


def nonsense_for(word: str, chance: random.Random) -> str:
    """As long as the word, and in no text."""
    while True:
        made = "q" + "".join(chance.choices(string.ascii_lowercase, k=len(word) - 2)) + "x"
        if not hits(made, timezone.now(), with_bodies=True):
            return made


def questions_about(sentences: list[str], chance: random.Random) -> Iterator[str]:
    """A few words in a row of what is closed: fewer than by which a sentence is known again, so that the question
    itself, which the page repeats, is none.
    """
    for sentence in chance.sample(sentences, min(QUESTIONS, len(sentences))):
        words = words_of(sentence)
        place = chance.randrange(max(1, len(words) - 3))
        yield " or ".join(words[place : place + 3])
