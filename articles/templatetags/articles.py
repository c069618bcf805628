"""The tags that print what must not be escaped twice, each from one trusted source."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

from articles import blocks

register = template.Library()

# As Django's json_script does: what could end the script element or open a comment is written as an escape.
JSON_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


class MissingContext(Exception):
    """A template was rendered without something that it must never be rendered without."""


@register.simple_tag
def stored_html(text: str) -> SafeString:
    """HTML that was cleaned when it was stored (teaser, body). For nothing else."""
    return mark_safe(text)  # noqa: S308


@register.simple_tag
def open_blocks(text: str) -> SafeString:
    """The blocks that stand on an article's page where its body is withheld, cleaned when they were stored."""
    return stored_html(blocks.shown(text))


@register.filter
def without[V](found: Iterable[V], left_out: V) -> list[V]:
    return [each for each in found if each != left_out]


@register.simple_tag
def json_ld(documents: list[dict[str, Any]]) -> SafeString:
    """Each document of `structured_data` as a script element."""
    texts = [json.dumps(document, ensure_ascii=False).translate(JSON_ESCAPES) for document in documents]
    return mark_safe("".join(f'<script type="application/ld+json">{text}</script>' for text in texts))  # noqa: S308


@register.simple_tag(takes_context=True)
def require(context: Context, name: str) -> str:
    """Print nothing, but raise MissingContext unless the view gave `name`."""
    if name not in context:
        raise MissingContext(name)
    return ""
