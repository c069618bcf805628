"""The text that costs, in a table of its own. No attribute, join or serialiser leads from an article to it.

Only the modules named in the import contract of pyproject.toml may import this one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models
from django.template.loader import render_to_string

from articles import blocks
from articles.search_vectors import generated_vector
from articles.teasers import without_cut

if TYPE_CHECKING:
    from articles.models.article import BodyAccess

CONTINUE_ANCHOR = '<span id="continue" class="continue" tabindex="-1"></span>'


class BodyWithheld(Exception):
    """The body was asked for without a permission for this very article."""


class BodyMissing(Exception):
    """The article has no body row, which nothing that saves articles leaves behind."""


class Body(models.Model):
    article = models.OneToOneField("articles.Article", primary_key=True, on_delete=models.CASCADE, related_name="+")
    html = models.TextField(blank=True)
    continue_at = models.PositiveIntegerField(default=0)  # where in `html`, in characters, the teaser stopped
    language = models.CharField(max_length=12, default="en")  # the article's: a generated column sees its own row only
    search_vector = generated_vector(html="D")

    class Meta:
        verbose_name_plural = "bodies"
        default_permissions = ()
        indexes = (GinIndex(fields=("search_vector",), name="body_search"),)

    def __str__(self) -> str:
        return f"body of article {self.article_id}"


def read_body(article_id: int | None, access: BodyAccess) -> str:
    """The body as stored (clean HTML) with the anchor `continue` set in.

    Its blocks for subscribers are in it only where `access` opens every block. Raises BodyWithheld unless `access` is
    granted for this very article, and BodyMissing if it has no body.
    """
    if access.granted is not True or article_id is None or access.article_id != article_id:
        raise BodyWithheld(f"article {article_id}")
    with connection.cursor() as cursor:
        # As a text: a query set takes ten times as long to be compiled as this to be answered.
        cursor.execute("SELECT html, continue_at FROM articles_body WHERE article_id = %s", [article_id])
        body = cursor.fetchone()
    if body is None:
        raise BodyMissing(f"article {article_id}")
    html, continue_at = body
    html = blocks.shown(handed_out(html[:continue_at] + CONTINUE_ANCHOR + html[continue_at:], access))
    if blocks.SUBSCRIBERS_START in html:
        html = html.replace(blocks.SUBSCRIBERS_START, render_to_string("articles/_blocks.html#granted").strip())
    return html


def read_bodies(accesses: Collection[BodyAccess]) -> dict[int, str]:
    """The bodies of several articles as stored, by the numbers of the articles, in one query. They stand where nobody
    read a teaser, so the anchor is not in them.

    Raises BodyWithheld unless each of `accesses` is granted. An article without a body is left out, so that a list of
    many does not fail for one.
    """
    wanted: dict[int, BodyAccess] = {}
    for access in accesses:
        if access.granted is not True or access.article_id is None:
            raise BodyWithheld(f"article {access.article_id}")
        wanted[access.article_id] = access
    with connection.cursor() as cursor:
        cursor.execute("SELECT article_id, html FROM articles_body WHERE article_id = ANY(%s)", [list(wanted)])
        return {article_id: handed_out(html, wanted[article_id]) for article_id, html in cursor.fetchall()}


def handed_out(html: str, access: BodyAccess) -> str:
    """What of a body this decision opens, without the editor's cut: blocks for subscribers only where it says so."""
    if getattr(access, "opens_every_block", None) is not True and blocks.has_blocks(html):
        html = blocks.without_subscribers(html, render_to_string("articles/_blocks.html#withheld").strip())
    return without_cut(html)
