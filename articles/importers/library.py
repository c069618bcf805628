"""Writes batches of records into the library: together in one transaction, one by one where the database refuses.

A record whose line is as it was is left alone, with whatever editors did to the article since. A changed one writes the
fields that it names and nothing else: never the slug, the state, or a tier, photo or byline that it does not mention.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction

from articles.bodies import Body
from articles.importers.copying import copy_rows, reserve_ids
from articles.importers.lines import Unreadable
from articles.importers.names import Names, is_navigation_empty, resolve_names
from articles.importers.photos import PhotoLeftOut, photo_size, read_photo, store_photo
from articles.importers.records import Identity, LineRejected, Record, identify, read_record
from articles.importers.report import Report
from articles.models import Article, Byline, Photo, Status, Topic
from articles.slugs import LONGEST_GIVEN, free_slugs, slug_of, taken_by_articles

BATCH_RECORDS = 250
BATCH_CHARACTERS = 2_000_000  # of bodies: a batch of very long ones is written earlier


@dataclass(frozen=True, slots=True)
class _Waiting:
    line: int
    raw: dict[str, Any]
    identity: Identity


@dataclass(slots=True)
class LibraryWriter:
    """Takes records one by one; `flush` writes what is left."""

    report: Report
    folder: Path | None
    is_dry_run: bool = False
    _waiting: dict[str, _Waiting] = field(default_factory=dict)  # by source id
    _characters: int = 0
    _fills_navigation: bool = field(default_factory=is_navigation_empty)

    def add(self, line: int, raw: object) -> None:
        if isinstance(raw, Unreadable):
            self.report.reject(line, raw.reason)
            return
        if not isinstance(raw, dict):
            self.report.reject(line, "not a JSON object")
            return
        photo = raw.get("photo")
        size = photo_size(photo.get("url"), self.folder) if isinstance(photo, dict) else None
        identity = identify(raw, size)
        if identity.source_id in self._waiting:
            self.flush()
        self._waiting[identity.source_id] = _Waiting(line, raw, identity)
        self._characters += len(str(raw.get("body") or ""))
        if len(self._waiting) >= BATCH_RECORDS or self._characters >= BATCH_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Raises django.db.DatabaseError only if the database is gone."""
        waiting, self._waiting, self._characters = list(self._waiting.values()), {}, 0
        known = self._known(entry.identity.source_id for entry in waiting)
        records = []
        for entry in waiting:
            if known.get(entry.identity.source_id) == entry.identity.digest:
                self.report.unchanged += 1
                continue
            try:
                records.append(read_record(entry.line, entry.raw, entry.identity))
            except LineRejected as rejection:
                self.report.reject(entry.line, str(rejection))
        self._write_together(records)

    def _known(self, source_ids: Any) -> dict[str | None, str]:
        return dict(Article.objects.filter(source_id__in=list(source_ids)).values_list("source_id", "source_digest"))

    def _write_together(self, records: list[Record]) -> None:
        if not records:
            return
        try:
            batch = _Batch(records, self.folder, is_dry_run=self.is_dry_run)
            batch.write(fill_navigation=self._fills_navigation)
        except DatabaseError as error:
            if not connection.is_usable():
                raise
            if len(records) == 1:
                self.report.reject(records[0].line, f"the database refused it: {_first_line(error)}")
                return
            for record in records:
                self._write_together([record])
            return
        self._count(batch)

    def _count(self, batch: _Batch) -> None:
        self.report.created += len(batch.new)
        self.report.changed += len(batch.present)
        for record in batch.records:
            for warning in (*record.warnings, *batch.warnings.get(record.line, ())):
                self.report.warn(record.line, warning)


class _Batch:
    """Records of different articles that are written in one transaction."""

    def __init__(self, records: Sequence[Record], folder: Path | None, *, is_dry_run: bool) -> None:
        self.records = records
        self.folder = folder
        self.is_dry_run = is_dry_run
        self.new: list[Record] = []
        self.present: list[tuple[Record, Article]] = []
        self.warnings: dict[int, list[str]] = {}
        self._made_photos: list[Photo] = []

    def write(self, *, fill_navigation: bool) -> None:
        """All or nothing. Raises django.db.DatabaseError."""
        pictures = {record.line: picture for record in self.records if (picture := self._picture(record))}
        try:
            with transaction.atomic():
                self._sort_out()
                names = resolve_names(self.records, fill_navigation=fill_navigation)
                self._create(names, pictures)
                for record, article in self.present:
                    self._update(record, article, names, pictures.get(record.line))
        except BaseException:
            for photo in self._made_photos:
                photo.image.storage.delete(photo.image.name or "")
            raise

    def _warn(self, record: Record, text: str) -> None:
        self.warnings.setdefault(record.line, []).append(text)

    def _sort_out(self) -> None:
        """Tell the new from those that are there, which stay locked until they are written."""
        ids = [record.identity.source_id for record in self.records]
        locked = Article.objects.select_for_update().filter(source_id__in=ids)
        found = {article.source_id: article for article in locked}
        for record in self.records:
            article = found.get(record.identity.source_id)
            if article is None:
                self.new.append(record)
                continue
            self.present.append((record, article))
            if record.identity.is_guessed:
                self._warn(record, "has no id: taken for a new version of the article of this headline and date")

    # --- photos -----------------------------------------------------------------------------------------------

    def _picture(self, record: Record) -> SimpleUploadedFile | None:
        if record.photo is None:
            return None
        try:
            return read_photo(record.photo, self.folder)
        except PhotoLeftOut as refusal:
            self._warn(record, f"photo left out: {refusal}")
            return None

    def _photo(self, record: Record, picture: SimpleUploadedFile | None, present: Photo | None = None) -> Photo | None:
        if picture is None or record.photo is None or self.is_dry_run:
            return present
        photo = store_photo(record.photo, picture, present)
        if photo is not present:
            self._made_photos.append(photo)
        return photo

    # --- new articles -----------------------------------------------------------------------------------------

    def _create(self, names: Names, pictures: dict[int, SimpleUploadedFile]) -> None:
        wished = [_wished_slug(record) for record in self.new]
        slugs = free_slugs(wished, taken_by_articles)
        ids = reserve_ids(Article, len(self.new))
        articles, bodies, bylines, topics = [], [], [], []
        topic_of = Article.topics.through
        for record, slug, pk in zip(self.new, slugs, ids, strict=True):
            article = Article(pk=pk, slug=slug, status=Status.PUBLISHED, source_id=record.identity.source_id)
            _write_fields(article, record, names)
            article.photo = self._photo(record, pictures.get(record.line))
            article.take_teaser(record.teaser)
            articles.append(article)
            bodies.append(
                Body(article_id=pk, html=record.html, continue_at=record.teaser.continue_at, language=article.language)
            )
            bylines += _bylines(article, record, names)
            topics += [topic_of(article_id=pk, topic_id=names.topics[name]) for name in record.topics or ()]
        for rows in (articles, bodies, bylines, topics):
            copy_rows(rows)

    # --- articles that are there ------------------------------------------------------------------------------

    def _update(self, record: Record, article: Article, names: Names, picture: SimpleUploadedFile | None) -> None:
        _write_fields(article, record, names)
        article.photo = self._photo(record, picture, article.photo)
        article.save_with_body(record.html)
        if record.authors is not None:
            article.bylines.all().delete()
            Byline.objects.bulk_create(_bylines(article, record, names))
        if record.topics is not None:
            article.topics.set(Topic.objects.filter(pk__in=[names.topics[name] for name in record.topics]))


def _write_fields(article: Article, record: Record, names: Names) -> None:
    """What the record names. An empty name clears, a missing one leaves things as they are."""
    article.headline, article.published_at = record.headline, record.published_at
    article.source_digest = record.identity.digest
    if record.standfirst is not None:
        article.standfirst = record.standfirst
    if record.section is not None:
        article.section_id = names.sections.get(record.section)
    if record.series is not None:
        article.series_id = names.series.get(record.series)
        article.series_part = record.series_part
    if record.tier is not None:
        article.tier = record.tier
    if record.language is not None:
        article.language = record.language


def _bylines(article: Article, record: Record, names: Names) -> list[Byline]:
    ids = dict.fromkeys(names.authors[name] for name in record.authors or ())
    return [Byline(article=article, author_id=pk, position=position) for position, pk in enumerate(ids)]


def _wished_slug(record: Record) -> str:
    if record.slug:
        return slug_of(record.slug, fallback="article", longest=LONGEST_GIVEN)
    return slug_of(record.headline, fallback="article")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
