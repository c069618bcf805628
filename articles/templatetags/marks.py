"""Who may read an article, in lists. What is said of all articles of a page holds for one moment."""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils import timezone

from articles.marks import Mark, Marks, until_in_words
from articles.models import Article

register = template.Library()


@register.simple_tag(takes_context=True)
def page_marks(context: Context) -> Marks:
    """For the whole page, where its view has not begun them; nothing is looked up until one is asked for."""
    return context.get("marks") or Marks(timezone.now())


@register.simple_tag(takes_context=True)
def mark_of(context: Context, article: Article) -> Mark:
    found: Marks = context["marks"]
    return found.of(article)


@register.simple_tag(takes_context=True)
def until_words(context: Context, mark: Mark) -> str:
    found: Marks = context["marks"]
    return until_in_words(mark.until, found.now) if mark.until is not None else ""
