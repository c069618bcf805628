"""The tag that prints a photo in the formats and sizes that are there, and says how large it will be."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from articles.models import Photo

register = template.Library()

# How wide a picture stands in each place, by the grids of static/css/ and with their limits. A browser chooses the file
# by it before it knows the page's layout.
SIZES = {
    "article": "(min-width: 67rem) 63.5rem, calc(100vw - 2.5rem)",
    "opener": "(min-width: 83.5rem) 55rem, (min-width: 60rem) 66vw, calc(100vw - 2.5rem)",
    "tile": "(min-width: 83.5rem) 18.5rem, (min-width: 60rem) 22vw, (min-width: 40rem) 45vw, calc(100vw - 2.5rem)",
    "related": "(min-width: 67rem) 20rem, (min-width: 40rem) 30vw, 7.5rem",
    "across": "(min-width: 83.5rem) 15rem, (min-width: 64rem) 17vw, (min-width: 60rem) 45vw, calc(100vw - 2.5rem)",
    "row": "(min-width: 60rem) 15rem, 26vw",
    "portrait": "2.875rem",
    "portrait-large": "7.5rem",
}
# What stands at the head of its page is fetched first; what stands further down, when it comes near.
FIRST, LATER = frozenset({"article", "opener"}), frozenset({"tile", "related", "across", "row"})


@register.simple_tag
def photo(shown: Photo, place: str, alt: str = "", *, lazy: bool = False) -> SafeString:
    """The photo in one of the places of SIZES. Until its files are there, the picture as it came.

    Width and height are the picture's own, so that the page keeps its room for it.
    """
    sources = format_html_join(
        "",
        '<source type="image/{}" srcset="{}" sizes="{}">',
        (
            (name.lower(), ", ".join(f"{size.url} {width}w" for width, size in made.items()), SIZES[place])
            for name, made in shown.sizes.items()
        ),
    )
    hint = 'fetchpriority="high"' if place in FIRST else 'loading="lazy"' if lazy or place in LATER else ""
    return format_html(
        '<picture>{}<img src="{}" alt="{}" width="{}" height="{}" class="{}" {}></picture>',
        sources,
        shown.image.url,
        alt,
        shown.width,
        shown.height,
        shown.focus_class,
        SafeString(hint),
    )
