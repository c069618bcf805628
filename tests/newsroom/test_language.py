"""All words of ours go through gettext: here it puts marks around whatever it is given, on every page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils.translation import trans_real

from subscriptions.selling.plans import offered_plans
from tests import page_library, page_ways
from tests.pages import PAGES, shown

OPEN, SHUT = "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}", "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"
SPOKEN = ("alt", "title", "aria-label", "placeholder", "aria-description")
VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
# What is an article's own, or letters to be copied.
CONTENT = frozenset("teaser body house__text row__headline row__standfirst result__headline result__text".split()) | {
    "cite-apa"
}
UNREAD = frozenset({"script", "style", "template", "pre", "code", "svg"})
# Names and terms that are the same in every language.
NAMES = frozenset(
    """
    PDF RSS Atom JSON Feed Stripe APA BibTeX Bluesky LinkedIn WhatsApp Aa
    """.split()
)


class Reader(HTMLParser):
    """Collects what a reader is told without marks around it."""

    def __init__(self) -> None:
        super().__init__()
        self.unmarked: list[str] = []
        self.depth = 0
        self.open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        is_content = tag in UNREAD or bool(CONTENT & {values.get("id"), *values.get("class", "").split()})
        if tag not in VOID:
            self.open.append((tag, is_content))
        spoken = [values[name] for name in SPOKEN if name in values]
        if tag == "input" and values.get("type") in ("submit", "button"):
            spoken.append(values.get("value", ""))
        if tag == "meta" and values.get("name") == "description":
            spoken.append(values.get("content", ""))
        if not self.is_in_content:
            for text in spoken:
                rest, _depth = without_marked(text, 0)
                self.unmarked.append(rest)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        rest, self.depth = without_marked(data, self.depth)
        if not self.is_in_content:
            self.unmarked.append(rest)

    @property
    def is_in_content(self) -> bool:
        return any(is_content for _tag, is_content in self.open)


def without_marked(text: str, depth: int) -> tuple[str, int]:
    """What of the text stands outside of marks, where `depth` of them are open before it, and how many are after."""
    kept = []
    for character in text:
        if character == OPEN:
            depth += 1
        elif character == SHUT:
            depth -= 1
        elif depth == 0:
            kept.append(character)
    return "".join(kept), depth


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A language in which every message reads as in English, with marks around it."""
    plain = trans_real.DjangoTranslation.gettext
    plural = trans_real.DjangoTranslation.ngettext

    def gettext(self: trans_real.DjangoTranslation, message: str) -> str:
        return f"{OPEN}{plain(self, message)}{SHUT}" if message else ""

    def ngettext(self: trans_real.DjangoTranslation, one: str, many: str, number: int) -> str:
        return f"{OPEN}{plural(self, one, many, number)}{SHUT}"

    monkeypatch.setattr(trans_real.DjangoTranslation, "gettext", gettext)
    monkeypatch.setattr(trans_real.DjangoTranslation, "ngettext", ngettext)


def stored_texts() -> list[str]:
    """What people wrote: every text of every row, the longest first."""
    found = {settings.SITE_NAME, settings.SITE_NOTE, *page_ways.WRITTEN}
    for plan in offered_plans():  # editors' texts, in which prices are filled in
        found |= {plan.small_print, *plan.lines}
        found |= {without_marked(line, 0)[0].strip() for line in plan.lines}  # the number of articles is ours
    for page in PAGES:  # what was searched for
        if isinstance(page.way, str):
            found |= set(" ".join(parse_qs(urlsplit(page.way).query).get("q", [])).split())
    for model in apps.get_models():
        fields = [
            field.attname
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField)
        ]
        for row in model._default_manager.values_list(*fields) if fields else ():
            found |= {line.strip() for text in row if text for line in str(text).splitlines()}
    return sorted((text for text in found if len(text) > 1), key=len, reverse=True)


def untranslated(text: str, content: list[str]) -> str:
    """What of the text neither is content nor a name, if it holds a word."""
    rest = re.sub(r"https?://\S+|\S+@\S+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", " ", " ".join(text.split()))
    if not re.search(r"[^\W\d_]{2}", rest):
        return ""
    for part in [*content, *settings.SITE_NAME.split()]:
        rest = rest.replace(part, " ")
    words = [word for word in re.findall(r"[^\W\d_]{2,}", rest) if word not in NAMES]
    return text.strip() if words else ""


def test_every_word_on_every_page_went_through_gettext(marked: None, db: None) -> None:
    page_library.build()
    content = stored_texts()
    found: dict[str, str] = {}  # the text, and the first page that has it
    for page in PAGES:
        reader = Reader()
        reader.feed(shown(page).html)
        for text in reader.unmarked:
            if left := untranslated(text, content):
                found.setdefault(" ".join(left.split()), page.name)
    assert not found, "\n".join(f"{page}: {text}" for text, page in found.items())
