"""The pages of the house, and the words in braces of their texts: what a setting knows is never typed twice.

A paragraph or an item of a list that holds a word of which nothing is known is left out: no reader meets a gap.
"""

from __future__ import annotations

import re
from email.utils import parseaddr

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.html import escape, format_html, strip_tags
from django.views.decorators.http import require_safe

from articles.caching import public_page, showing
from articles.html_tokens import TOKEN
from articles.models import Page

BLOCK = re.compile(r"<(p|li|tr)>(?:(?!<\1>).)*?</\1>", re.DOTALL)
WORD = re.compile(r"\{(\w+)\}")
UNREAD = re.compile(r"(no|do-?not)-?_?reply", re.IGNORECASE)  # nobody reads what is sent there


@require_safe
@public_page()
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """A page under its own address; one of the house that is asked for below /pages/ is led there."""
    found = get_object_or_404(Page.objects.published(), slug=slug)
    if request.path != found.get_absolute_url():
        return HttpResponsePermanentRedirect(found.get_absolute_url())
    response = render(request, "articles/page.html", {"page": found, "html": filled(found.html)})
    return showing(response, [f"page-{found.pk}"])


def filled(html: str) -> str:
    """The clean HTML of a text with its words in braces put in; braces around anything else stand as they are."""
    words = known_words()

    def has_gap(text: str) -> bool:
        return any(words.get(name) == "" for name in WORD.findall(TOKEN.sub("<>", text)))

    return filled_text(BLOCK.sub(lambda block: "" if has_gap(block[0]) else block[0], html), words)


def filled_text(html: str, words: dict[str, str]) -> str:
    """With `words` put in where text stands: tags and their attributes stay, and no link comes into a link."""
    known = words
    parts: list[str] = []
    position = 0

    def fill(text: str) -> str:
        return WORD.sub(lambda match: known.get(match[1], match[0]), text)

    for tag in TOKEN.finditer(html):
        parts += [fill(html[position : tag.start()]), tag[0]]
        position = tag.end()
        if tag["name"] == "a":
            known = words if tag["slash"] else {name: strip_tags(word) for name, word in words.items()}
    return "".join([*parts, fill(html[position:])])


def known_words() -> dict[str, str]:
    """HTML for each word; empty where nothing is known."""
    mail = contact_address()
    security = settings.SECURITY_CONTACT
    return {
        "site_name": escape(settings.SITE_NAME),
        "mail": link(f"mailto:{mail}", mail) if mail else "",
        "security": link(security, security.removeprefix("mailto:")) if security else "",
    }


def contact_address() -> str:
    """The site's own address, where mail to it is read by somebody; empty in local mode."""
    mail = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    local_part, _at, host = mail.rpartition("@")
    return "" if host in ("", "localhost") or UNREAD.search(local_part) else mail


def link(href: str, words: str) -> str:
    return format_html('<a href="{}">{}</a>', href, words)
