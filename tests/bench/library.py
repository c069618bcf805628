"""A made-up library as a file of JSON lines: the same articles for the same seed, in words that nobody has written.

As long, as linked and as often filed as those of a trade publication; one in a hundred has a photo.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

SEED = 20_261
WORDS, SECTIONS, TOPICS, AUTHORS, SERIES = 6_000, 8, 120, 60, 40
PARAGRAPHS = (12, 24)
PHOTO_EVERY = 100
PHOTOS = 10  # different ones
PHOTO_SIZE = (1280, 853)
FIRST, DAYS = datetime(2016, 1, 4, 6, tzinfo=UTC), 3_900  # days over which the articles are spread
TIERS, TIER_WEIGHTS = ("premium", "registered", "free"), (8, 1, 1)
SMALL_WORDS = "the of and to in a for that on with by as at from is was it an be are this which or not has".split()
ONSETS = "b br c ch cl d dr f fl g gr h j k l m n p pl pr qu r s sh sk st t th tr v w".split()
NUCLEI = "a e i o u ai ea ee oa ou".split()
CODAS = "b ck d g l lm ll m n nd ng nt p r rd rn rt s ss st t th x".split()


def write_library(file: Path, number: int) -> None:
    """So many articles in the import format, with the photos that they name beside the file."""
    paint_photos(file.parent)
    with file.open("w", encoding="utf-8") as lines:
        for record in records(number):
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


def slug_of(number: int) -> str:
    return f"bench-{number:06}"


def gated_sentence(number: int) -> str:
    """The last of the article's body, which stands nowhere else and only for those who may read all of it."""
    return f"Nobody but a subscriber has read ledger {number:06}."


def records(number: int) -> Iterator[dict[str, Any]]:
    writer = Writer(random.Random(SEED))
    for count in range(number):
        yield writer.record(count, FIRST + timedelta(days=DAYS) * count / number)


def paint_photos(folder: Path) -> None:
    """Pictures with something in them: plain colour would be smaller than any photo."""
    chance = random.Random(SEED)
    for count in range(PHOTOS):
        coarse = Image.frombytes("RGB", (40, 27), chance.randbytes(40 * 27 * 3))
        coarse.resize(PHOTO_SIZE, Image.Resampling.BICUBIC).save(folder / f"photo{count}.jpg", quality=80)


class Writer:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.words = [self.syllables() for _ in range(WORDS)]
        # The n-th word is about n times rarer than the first, as in any language.
        self.weights = list(itertools.accumulate(1 / (place + 10) for place in range(WORDS)))
        self.sections = [self.name(1) for _ in range(SECTIONS)]
        self.topics = [self.name(2) for _ in range(TOPICS)]
        self.authors = [self.name(2) for _ in range(AUTHORS)]
        self.series = [self.name(3) for _ in range(SERIES)]

    def record(self, number: int, moment: datetime) -> dict[str, Any]:
        chance = self.chance
        record: dict[str, Any] = {
            "id": f"bench-{number}",
            "slug": slug_of(number),
            "headline": self.sentence(5, 11).removesuffix("."),
            "standfirst": self.sentence(14, 24),
            "published": moment.isoformat(),
            "section": chance.choice(self.sections),
            "topics": chance.sample(self.topics, chance.randint(2, 5)),
            "authors": chance.sample(self.authors, chance.choice((1, 1, 1, 2))),
            "tier": chance.choices(TIERS, TIER_WEIGHTS)[0],
            "language": "en",
            "body": self.body(number),
        }
        if number % 25 == 0:
            record["series"] = self.series[number // 25 % SERIES]
        if number % PHOTO_EVERY == 0:
            texts = {"alt": self.sentence(6, 12), "caption": self.sentence(8, 16), "credit": self.name(2)}
            record["photo"] = {"url": f"photo{number // PHOTO_EVERY % PHOTOS}.jpg", **texts}
        return record

    def body(self, number: int) -> str:
        paragraphs = [self.paragraph() for _ in range(self.chance.randint(*PARAGRAPHS))]
        for place in range(6, len(paragraphs), 6):
            paragraphs[place] = f"<h2>{self.name(3)}</h2>{paragraphs[place]}"
        paragraphs[4] = f"<blockquote>{paragraphs[4]}</blockquote>"
        return "".join(paragraphs) + f"<p>{gated_sentence(number)}</p>"

    def paragraph(self) -> str:
        sentences = [self.sentence(8, 24) for _ in range(self.chance.randint(2, 4))]
        if self.chance.random() < 0.3:
            sentences.append(f'<a href="https://example.org/{self.word()}">{self.sentence(3, 6)}</a>')
        if self.chance.random() < 0.3:
            sentences[0] = f"<em>{sentences[0]}</em>"
        return f"<p>{' '.join(sentences)}</p>"

    def sentence(self, least: int, most: int) -> str:
        length = self.chance.randint(least, most)
        rare = self.chance.choices(self.words, cum_weights=self.weights, k=length)
        words = [self.chance.choice(SMALL_WORDS) if place % 5 in (1, 3) else rare[place] for place in range(length)]
        return " ".join(words).capitalize() + "."

    def name(self, words: int) -> str:
        return " ".join(self.word().capitalize() for _ in range(words))

    def word(self) -> str:
        return self.chance.choice(self.words)

    def syllables(self) -> str:
        return "".join(
            self.chance.choice(ONSETS)
            + self.chance.choice(NUCLEI)
            + self.chance.choice(("", self.chance.choice(CODAS)))
            for _ in range(self.chance.choice((1, 2, 2, 3)))
        )
