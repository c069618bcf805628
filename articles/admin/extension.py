"""How an upper app adds to an article's page in admin, and keeps a list from being deleted that its own rows need,
without this app knowing it.

To be called while apps get ready or admin modules load: the addresses are read after that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.options import InlineModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import Promise

from articles.models import Article
from articles.models.redirect import ListPage

type ArticleAction = Callable[[Any, HttpRequest, QuerySet[Article]], HttpResponseBase | None]
type ArticleView = Callable[[HttpRequest, Article], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class AddedView:
    """A page below `/admin/articles/article/<id>/`, linked on the form under `label`.

    Only staff who may see the article reach it.
    """

    path: str
    view: ArticleView
    name: str
    label: str | Promise


# Of a section, topic, author or series: what would be lost with it and what to do instead, in a sentence for staff;
# empty where nothing would.
type Objection = Callable[[ListPage], str]


inlines: list[type[InlineModelAdmin[Any, Any]]] = []
views: list[AddedView] = []
actions: list[tuple[str, ArticleAction, str | Promise]] = []
objections: list[Objection] = []


def add_inline(inline: type[InlineModelAdmin[Any, Any]]) -> None:
    inlines.append(inline)


def add_view(path: str, view: ArticleView, name: str, label: str | Promise) -> None:
    """Serve `view` at `<id>/<path>` as `admin:articles_article_<name>`. `path` ends with a slash."""
    views.append(AddedView(path=path, view=view, name=name, label=label))


def add_action(name: str, action: ArticleAction, label: str | Promise) -> None:
    """Offer `action` in the list of articles to those alone who may publish. It gets the list's admin, the request and
    what was chosen.
    """
    actions.append((name, action, label))


def add_objection(objection: Objection) -> None:
    """Delete no section, topic, author or series in admin while `objection` has something against it."""
    objections.append(objection)


def objections_to(rows: Iterable[ListPage]) -> list[str]:
    return [sentence for row in rows for objection in objections if (sentence := objection(row))]
