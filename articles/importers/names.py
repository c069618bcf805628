"""Finds the rows that stand behind the names of a batch, and makes those that are missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max, Q

from articles.importers.records import Record
from articles.models import Author, ListRedirect, Section, Series, Topic
from articles.slugs import free_slugs, slug_of

NAVIGATION_ROOM = 8  # sections that an import may put into an empty navigation; one with sections is the editors' own


@dataclass(slots=True)
class Names:
    """Ids by name, for the names of one batch alone: however many names a library has, memory does not grow."""

    sections: dict[str, int] = field(default_factory=dict)
    series: dict[str, int] = field(default_factory=dict)
    authors: dict[str, int] = field(default_factory=dict)
    topics: dict[str, int] = field(default_factory=dict)


def resolve_names(records: Iterable[Record], *, fill_navigation: bool) -> Names:
    """`fill_navigation`: new sections go into the navigation while there is room."""
    batch = list(records)
    names = Names(
        series=_ids(Series, "title", (record.series for record in batch)),
        authors=_ids(Author, "name", (name for record in batch for name in record.authors or ())),
        topics=_ids(Topic, "name", (name for record in batch for name in record.topics or ())),
    )
    names.sections = _ids(Section, "name", (record.section for record in batch), fill_navigation=fill_navigation)
    return names


def is_navigation_empty() -> bool:
    return not Section.objects.filter(is_in_navigation=True).exists()


def _ids(model: Any, column: str, wanted: Iterable[str | None], **choices: bool) -> dict[str, int]:
    """A row with the very name counts, else one whose name differs in capitals alone, else a new one."""
    longest = model._meta.get_field("slug").max_length - 8
    slugs = {name: slug_of(name, fallback=model._meta.model_name, longest=longest) for name in wanted if name}
    if not slugs:
        return {}
    rows = model._default_manager.filter(Q(**{f"{column}__in": slugs}) | Q(slug__in=set(slugs.values())))
    exact: dict[str, int] = {}
    folded: dict[str, int] = {}
    for pk, name in rows.order_by("pk").values_list("pk", column):
        exact.setdefault(name, pk)
        folded.setdefault(name.casefold(), pk)
    missing: dict[str, str] = {}
    for name in slugs:
        if name.casefold() not in folded and name.casefold() not in missing:
            missing[name.casefold()] = name
    for made in _make(model, column, {name: slugs[name] for name in missing.values()}, **choices):
        folded[getattr(made, column).casefold()] = made.pk
    return {name: exact.get(name) or folded[name.casefold()] for name in slugs}


def _make(model: Any, column: str, slugs: dict[str, str], *, fill_navigation: bool = False) -> list[Any]:
    if not slugs:
        return []

    def taken(some: set[str]) -> set[str]:
        """Also as a former address, which a new row would take over."""
        former = ListRedirect.objects.filter(**{"slug__in": some, f"{model._meta.model_name}__isnull": False})
        present = model._default_manager.filter(slug__in=some)
        return {*present.values_list("slug", flat=True), *former.values_list("slug", flat=True)}

    free = free_slugs(slugs.values(), taken)
    rows = [model(**{column: name, "slug": slug}) for name, slug in zip(slugs, free, strict=True)]
    if model is Section:
        _place_sections(rows, fill_navigation=fill_navigation)
    if model is Author:
        for author in rows:
            author.sort_name = _sort_name(author.name)
    return list(model._default_manager.bulk_create(rows))


def _place_sections(sections: list[Section], *, fill_navigation: bool) -> None:
    found = Section.objects.aggregate(last=Max("position"))
    shown = Section.objects.filter(is_in_navigation=True).count()
    for number, section in enumerate(sections, start=1):
        section.position = (found["last"] or 0) + number
        section.is_in_navigation = fill_navigation and shown + number <= NAVIGATION_ROOM


def _sort_name(name: str) -> str:
    """The last word first, which is right for most bylines and for editors to correct."""
    first, _, last = name.rpartition(" ")
    return f"{last}, {first}"[:160] if first else name
