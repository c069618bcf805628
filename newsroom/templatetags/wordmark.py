"""The site's name as the masthead sets it: its last word stands apart."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def first_words(name: str) -> str:
    """All but the last word; empty for a name of one word."""
    return " ".join(name.split()[:-1])


@register.filter
def last_word(name: str) -> str:
    return name.split()[-1] if name.split() else ""
