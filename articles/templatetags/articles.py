"""The tags that print what must not be escaped twice, each from one trusted source."""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

from articles.structured_data import access_data

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
def json_ld(data: dict[str, Any], is_free: bool = False) -> SafeString:
    """An article's data as a script element; what is not free is named by its selector (see structured_data)."""
    text = json.dumps(data | access_data(is_free=is_free), ensure_ascii=False).translate(JSON_ESCAPES)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308


@register.simple_tag(takes_context=True)
def require(context: Context, name: str) -> str:
    """Print nothing, but raise MissingContext unless the view gave `name`."""
    if name not in context:
        raise MissingContext(name)
    return ""
