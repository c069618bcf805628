"""The front page: what editors chose, and the newest wherever they chose nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, prefetch_related_objects

from articles.models import Article, FrontPick, Place, Section

SECONDARY = 3
MOST_SECONDARY = 5
LATEST = 4
MOST_READ = 6
SECTION_BLOCK = 3
LIBRARY_AGE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class SectionBlock:
    section: Section
    articles: list[Article]


@dataclass(frozen=True, slots=True)
class LibraryPiece:
    """An older article, with the words that stand for it: the editor's, else its standfirst."""

    article: Article
    words: str
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class FrontPageContent:
    """What stands where; no article twice, but among the most read."""

    opener: Article | None
    secondary: list[Article]
    latest: list[Article]
    section_blocks: list[SectionBlock]
    most_read: list[Article]
    library_piece: LibraryPiece | None

    def shown(self) -> list[Article]:
        """Every article on the page."""
        single = [self.opener, self.library_piece.article if self.library_piece else None]
        blocks = [article for block in self.section_blocks for article in block.articles]
        return [*filter(None, single), *self.secondary, *self.latest, *self.most_read, *blocks]


type Picks = dict[str, list[FrontPick]]


def front_page(now: datetime) -> FrontPageContent:
    """The page at `now` (UTC), in a number of queries that grows with the sections in the navigation alone."""
    picks = picks_by_place(now)
    newest = list(
        Article.objects.published(now).newest_first().select_related("section", "photo")[: newest_needed(picks)]
    )
    opener = opener_of(picks, newest)
    shown = {opener.pk} if opener else set()
    secondary = take([pick.article for pick in picks[Place.SECONDARY]], shown, MOST_SECONDARY)
    secondary += take(newest, shown, SECONDARY - len(secondary))
    library_piece = library_piece_of(picks, now, shown)
    latest = take(newest, shown, LATEST)
    content = FrontPageContent(
        opener=opener,
        secondary=secondary,
        latest=latest,
        section_blocks=section_blocks(picks, now, shown),
        most_read=[pick.article for pick in picks[Place.MOST_READ]][:MOST_READ],
        library_piece=library_piece,
    )
    prefetch_related_objects(content.shown(), "bylines__author")
    return content


def picks_by_place(now: datetime) -> Picks:
    picks: Picks = defaultdict(list)
    for pick in FrontPick.objects.shown(now).select_related("article__section", "article__photo"):
        picks[pick.place].append(pick)
    return picks


def newest_needed(picks: Picks) -> int:
    """So many that, whatever of them stands elsewhere by choice, enough is left."""
    return 1 + SECONDARY + LATEST + sum(len(chosen) for chosen in picks.values())


def opener_of(picks: Picks, newest: list[Article]) -> Article | None:
    if chosen := picks[Place.LEAD]:
        return chosen[0].article
    return next((article for article in newest if article.photo_id), newest[0] if newest else None)


def take(articles: Iterable[Article], shown: set[int], most: int) -> list[Article]:
    """The first of them that are not shown yet, which they are from then on."""
    taken: list[Article] = []
    for article in articles:
        if len(taken) < most and article.pk not in shown:
            taken.append(article)
            shown.add(article.pk)
    return taken


def library_piece_of(picks: Picks, now: datetime, shown: set[int]) -> LibraryPiece | None:
    """The editors' choice, else the newest of those that are old enough to be of the library."""
    chosen = [pick for pick in picks[Place.LIBRARY] if pick.article_id not in shown]
    if chosen:
        pick = chosen[0]
        piece = LibraryPiece(pick.article, pick.words or pick.article.standfirst, is_quoted=bool(pick.words))
    else:
        old = Article.objects.published(now).filter(published_at__lt=now - LIBRARY_AGE).exclude(standfirst="")
        found = old.exclude(pk__in=shown).newest_first().select_related("section", "photo").first()
        if found is None:
            return None
        piece = LibraryPiece(found, found.standfirst)
    shown.add(piece.article.pk)
    return piece


def section_blocks(picks: Picks, now: datetime, shown: set[int]) -> list[SectionBlock]:
    """What editors put first in each section and then its newest, as far as they are not shown yet: a query a section,
    through its index.
    """
    chosen = [pick.article for pick in picks[Place.SECTION]]
    blocks = []
    for section in Section.objects.filter(is_in_navigation=True):
        articles = take((article for article in chosen if article.section_id == section.pk), shown, SECTION_BLOCK)
        if missing := SECTION_BLOCK - len(articles):
            others = Article.objects.published(now).newest_first().filter(section=section).exclude(pk__in=shown)
            articles += take(others.select_related("section", "photo")[:missing], shown, missing)
        if articles:
            blocks.append(SectionBlock(section, articles))
    return blocks


def next_change_at(now: datetime) -> datetime | None:
    """When, by the clock alone, a choice ends or the next article is old enough to be of the library."""
    ends = FrontPick.objects.filter(until__gt=now).aggregate(moment=Min("until"))["moment"]
    young = Article.objects.published(now).exclude(standfirst="").filter(published_at__gte=now - LIBRARY_AGE)
    oldest = young.aggregate(moment=Min("published_at"))["moment"]
    ages = None if oldest is None else oldest + LIBRARY_AGE
    return min((moment for moment in (ends, ages) if moment is not None), default=None)
