"""One record of the import format, checked and made ready. Asks no database.

A field that is missing or null is None here: a new article takes its default, one that is there keeps what it has.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from articles import markdown
from articles.html_tokens import decode_closed
from articles.models import Article, Author, Photo, Section, Series, Tier, Topic
from articles.models.article import EARLIEST, LANGUAGE_TAG, LATEST
from articles.sanitising import MAX_CHARACTERS, BodyTooLong, Sanitised, sanitise
from articles.teasers import Teaser, make_teaser

MOST_NAMES = 100  # authors or topics of one article
_SHOWN = 60  # characters of a wrong value that a message repeats


class LineRejected(Exception):
    """The record cannot become an article; the message says why."""


@dataclass(frozen=True, slots=True)
class PhotoReference:
    url: str
    alt: str
    caption: str
    credit: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Which article a record is, and whether it is as it was."""

    source_id: str
    digest: str
    is_guessed: bool  # from headline and date, because the record has no id of its own


@dataclass(frozen=True, slots=True)
class Record:
    line: int
    identity: Identity
    headline: str
    published_at: datetime
    html: str
    teaser: Teaser
    slug: str | None
    standfirst: str | None
    section: str | None
    series: str | None
    series_part: int | None
    tier: str | None
    language: str | None
    authors: tuple[str, ...] | None
    topics: tuple[str, ...] | None
    photo: PhotoReference | None
    warnings: tuple[str, ...]


def identify(raw: dict[str, Any], photo_size: int | None) -> Identity:
    """`photo_size` (bytes, None without such a file) belongs to the digest: a photo that arrives later is a change."""
    digest = hashlib.sha256(json.dumps([raw, photo_size], sort_keys=True, default=str).encode()).hexdigest()
    given = raw.get("id")
    source_id = plain_text(str(given)) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if source_id and len(source_id) <= _limit(Article, "source_id"):
        return Identity(source_id, digest, is_guessed=False)
    key = json.dumps([raw.get("headline"), raw.get("published")] + ([source_id] if source_id else []), default=str)
    guessed = "digest:" + hashlib.sha256(key.encode()).hexdigest()[:40]
    return Identity(guessed, digest, is_guessed=not source_id)


def read_record(line: int, raw: dict[str, Any], identity: Identity) -> Record:
    """Raises LineRejected."""
    return _Reader(raw).record(line, identity)


def plain_text(value: str) -> str:
    """Text without markup: character references decoded, control characters gone, white space single."""
    return " ".join(decode_closed(value).split())


def _limit(model: Any, name: str) -> int:
    return int(model._meta.get_field(name).max_length)


def _shown(value: object) -> str:
    return repr(value if len(str(value)) <= _SHOWN else str(value)[:_SHOWN] + "…")


@dataclass(slots=True)
class _Reader:
    raw: dict[str, Any]
    warnings: list[str] = field(default_factory=list)

    def record(self, line: int, identity: Identity) -> Record:
        headline = self._headline()
        published_at = self._published()
        tier = self._tier()
        html, teaser = self._body()
        return Record(
            line=line,
            identity=identity,
            headline=headline,
            published_at=published_at,
            html=html,
            teaser=teaser,
            slug=self._text("slug"),
            standfirst=self._shortened("standfirst", _limit(Article, "standfirst")),
            section=self._name("section", _limit(Section, "name")),
            series=self._name("series", _limit(Series, "title")),
            series_part=self._series_part(),
            tier=tier,
            language=self._language(),
            authors=self._names("authors", _limit(Author, "name")),
            topics=self._names("topics", _limit(Topic, "name")),
            photo=self._photo(),
            warnings=tuple(self.warnings),
        )

    # --- what an article cannot do without --------------------------------------------------------------------

    def _headline(self) -> str:
        headline = plain_text(value) if isinstance(value := self.raw.get("headline"), str) else ""
        if not headline:
            raise LineRejected("no headline")
        if len(headline) > (most := _limit(Article, "headline")):
            raise LineRejected(f"the headline has {len(headline)} characters, at most {most} are allowed")
        return headline

    def _published(self) -> datetime:
        value = self.raw.get("published")
        if value is None or value == "":
            raise LineRejected("no date")
        try:
            moment = datetime.fromisoformat(value.strip())
        except (AttributeError, TypeError, ValueError):
            raise LineRejected(f"the date {_shown(value)} is not in ISO 8601") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        if not EARLIEST <= moment <= LATEST:
            raise LineRejected(f"the date {_shown(value)} lies outside the years {EARLIEST.year} to {LATEST.year - 1}")
        return moment.astimezone(UTC)

    def _tier(self) -> str | None:
        value = self.raw.get("tier")
        if value is not None and value not in Tier.values:
            raise LineRejected(f"unknown tier {_shown(value)}: expected {', '.join(Tier.values)}")
        return value

    def _body(self) -> tuple[str, Teaser]:
        body, kind = self.raw.get("body"), self.raw.get("format") or "html"
        if kind not in ("html", "markdown"):
            raise LineRejected(f"unknown format {_shown(kind)}: expected html or markdown")
        if body is not None and not isinstance(body, str):
            raise LineRejected("the body is not a text")
        if not body or not body.strip():
            raise LineRejected("empty body")
        if len(body) > MAX_CHARACTERS:
            raise LineRejected(
                f"the body is too long: {len(body):,} characters, at most {MAX_CHARACTERS:,} are allowed"
            )
        try:
            cleaned = sanitise(markdown.to_html(body) if kind == "markdown" else body)
        except BodyTooLong as error:
            raise LineRejected(f"the body is too long: {error}") from None
        if not cleaned.html:
            raise LineRejected("empty body: nothing of it is left once cleaned")
        teaser = make_teaser(cleaned.html)
        if not teaser.total_words and not teaser.has_subscribers_blocks:
            self.warnings.append("the body holds no words")
        self._tell_changes(cleaned)
        return cleaned.html, teaser

    def _tell_changes(self, cleaned: Sanitised) -> None:
        if cleaned.has_misplaced_cut:
            self.warnings.append("the paywall cut stood in a marked block and was put before it")
        if cleaned.has_dropped_mark:
            self.warnings.append("a block marked as open is not: its mark stands inside something or is not closed")
        if cleaned.images == 1:
            self.warnings.append("an image in the body was replaced by its alternative text")
        elif cleaned.images:
            self.warnings.append(f"{cleaned.images} images in the body were replaced by their alternative texts")

    # --- what it may have -------------------------------------------------------------------------------------

    def _text(self, name: str) -> str | None:
        value = self.raw.get(name)
        if value is None or isinstance(value, str):
            return value if value is None else plain_text(value)
        self.warnings.append(f"{name} is not a text and was left out")
        return None

    def _shortened(self, name: str, most: int) -> str | None:
        text = self._text(name)
        if text is None or len(text) <= most:
            return text
        self.warnings.append(f"{name} was shortened to {most} characters")
        return text[: most - 1].rpartition(" ")[0] + "…"

    def _name(self, name: str, most: int) -> str | None:
        text = self._text(name)
        if text is not None and len(text) > most:
            self.warnings.append(f"{name} has more than {most} characters and was left out")
            return None
        return text

    def _names(self, name: str, most: int) -> tuple[str, ...] | None:
        value = self.raw.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            self.warnings.append(f"{name} is not a list and was left out")
            return None
        texts = [plain_text(item) if isinstance(item, str) else "" for item in value]
        good = [text for text in texts if text and len(text) <= most]
        kept = tuple(dict.fromkeys(good))[:MOST_NAMES]
        if len(good) < len(texts):
            self.warnings.append(f"{name}: what is empty, not a text or longer than {most} characters was left out")
        if len(set(good)) > MOST_NAMES:
            self.warnings.append(f"{name}: no more than {MOST_NAMES} are kept")
        return kept

    def _series_part(self) -> int | None:
        value = self.raw.get("series_part")
        return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1000 else None

    def _language(self) -> str | None:
        value = self._text("language")
        if not value:
            return None
        if len(value) <= _limit(Article, "language") and re.fullmatch(LANGUAGE_TAG, value.lower()):
            return value.lower()
        self.warnings.append(f"the language {_shown(value)} is not a code such as en or pt-BR and was left out")
        return None

    def _photo(self) -> PhotoReference | None:
        value = self.raw.get("photo")
        if not value:
            return None
        if not isinstance(value, dict) or not isinstance(value.get("url"), str):
            self.warnings.append("photo left out: it has no url")
            return None
        texts = _Reader({"photo " + name: value.get(name) for name in ("alt", "caption", "credit")}, self.warnings)
        alt, caption, credit = (
            texts._shortened("photo " + name, _limit(Photo, name)) or "" for name in ("alt", "caption", "credit")
        )
        if not (alt or caption):
            self.warnings.append("photo left out: it has no alternative text, which those who cannot see it need")
            return None
        return PhotoReference(value["url"], alt or caption[: _limit(Photo, "alt")], caption, credit)
