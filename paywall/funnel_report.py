"""The funnel as numbers for people: how many came to each step, from where, on which day, by which article."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet, Sum

from articles.models import Article
from paywall.models import FunnelCount, Step
from subscriptions.figures.charts import Chart, bar_chart
from subscriptions.sources import Source

MOST_ARTICLES = 50
CSV_HEAD = ("day", "article", "source", "step", "number")
BAR, GAP = 6, 2  # of a day, in units of the drawing


@dataclass(frozen=True, slots=True)
class Asked:
    """Which counts: days from and to (both inclusive), and if given of one source or article."""

    since: date
    until: date
    source: str = ""
    article_id: int | None = None

    def rows(self) -> QuerySet[FunnelCount]:
        rows = FunnelCount.objects.filter(day__range=(self.since, self.until)).order_by()
        if self.source:
            rows = rows.filter(source=self.source)
        if self.article_id is not None:
            rows = rows.filter(article_id=self.article_id)
        return rows


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step: how many came to it, of a hundred who took the step before, and day by day as a drawing."""

    label: str
    number: int
    percent: float | None
    width: int  # of a hundred, against the largest step
    chart: Chart


@dataclass(frozen=True, slots=True)
class Line:
    """A source or an article, with the number of each step in their order."""

    label: str
    numbers: list[int]
    url: str = ""


def step_lines(asked: Asked) -> list[StepLine]:
    by_day: dict[str, dict[date, int]] = {step: {} for step in Step.values}
    for step, day, number in asked.rows().values_list("step", "day").annotate(total=Sum("number")):
        by_day[step][day] = number
    totals = [sum(by_day[step].values()) for step in Step.values]
    most = max([*totals, 1])
    befores = [None, *totals[:-1]]
    return [
        StepLine(
            label=str(step.label),
            number=total,
            percent=100 * total / before if before else None,
            width=round(100 * total / most),
            chart=chart_of(by_day[step], asked),
        )
        for step, total, before in zip(Step, totals, befores, strict=True)
    ]


def chart_of(numbers: dict[date, int], asked: Asked) -> Chart:
    return bar_chart(((day, numbers.get(day, 0)) for day in days_of(asked)), bar_width=BAR, gap=GAP)


def days_of(asked: Asked) -> Iterator[date]:
    for number in range((asked.until - asked.since).days + 1):
        yield asked.since + timedelta(days=number)


def source_lines(asked: Asked) -> list[Line]:
    totals = {(source, step): total for source, step, total in totals_by(asked, "source")}
    lines = [Line(str(source.label), [totals.get((source, step), 0) for step in Step.values]) for source in Source]
    return [line for line in lines if any(line.numbers)]


def article_lines(asked: Asked) -> list[Line]:
    """The articles with the largest sums of all their steps; a line without a name is for what was done elsewhere."""
    rows = asked.rows().values_list("article_id").annotate(total=Sum("number")).order_by("-total")[:MOST_ARTICLES]
    ids = [key for key, _total in rows]
    of_these = Q(article_id__in=[key for key in ids if key is not None])
    if None in ids:
        of_these |= Q(article_id=None)
    totals = {(key, step): total for key, step, total in totals_by(asked, "article_id").filter(of_these)}
    articles = Article.objects.in_bulk(filter(None, ids))
    lines = []
    for key in ids:
        article = articles.get(key)
        numbers = [totals.get((key, step), 0) for step in Step.values]
        lines.append(Line(str(article or ""), numbers, article.get_absolute_url() if article else ""))
    return lines


def totals_by(asked: Asked, field: str) -> QuerySet[FunnelCount, tuple[object, str, int]]:
    return asked.rows().values_list(field, "step").annotate(total=Sum("number"))


def csv_rows(asked: Asked) -> Iterator[tuple[object, ...]]:
    """Day, article, source, step and number of each count, as they are stored."""
    rows = asked.rows().order_by("day", "article_id", "source", "step")
    yield from rows.values_list("day", "article__slug", "source", "step", "number").iterator(chunk_size=2000)
