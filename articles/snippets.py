"""Where the words of a search stand in a text: a piece of it as safe HTML, with the words marked.

Texts come in as HTML or plain and are plain before PostgreSQL marks them; nothing of theirs goes out unescaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from articles.html_blocks import INLINE
from articles.html_tokens import TOKEN, decode
from articles.search import Question, patient

LONGEST_TEXT = 60_000  # characters of a body in which the words are looked for to be shown
# Of Unicode's private use, so that no language needs them. Texts are freed of them, so all that come back are ours.
BEGIN, END = "\ue000", "\ue001"
MARKED = re.compile(f"{BEGIN}([^{BEGIN}{END}]*){END}")
DELIMITERS = f"StartSel={BEGIN}, StopSel={END}"
WHOLE = f"{DELIMITERS}, HighlightAll=true"
GAP = " … "
PIECES = f'{DELIMITERS}, MaxFragments=2, MinWords=12, MaxWords=28, ShortWord=2, FragmentDelimiter="{GAP}"'


@dataclass(frozen=True, slots=True)
class Text:
    """A plain text in a language; of a long one only the pieces around the words are wanted."""

    language: str
    text: str
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Snippet:
    html: SafeString
    has_hit: bool


def plain_text(html: str) -> str:
    """The text of clean HTML in one line, without what highlighting uses."""
    text = TOKEN.sub(lambda tag: "" if (tag["name"] or "").lower() in INLINE else " ", html[:LONGEST_TEXT])
    return tidy(decode(text))


def tidy(text: str) -> str:
    return " ".join(text.replace(BEGIN, "").replace(END, "").replace("\x00", "").split())


def highlight(question: Question, texts: Sequence[Text]) -> list[Snippet]:
    """The snippet of each text, in one query. Raises SearchTooLong."""
    asked: list[tuple[str, str, str, str]] = []
    for text in texts:
        reading = question.reading_for(text.language)
        configuration, query = (reading.configuration, reading.query) if reading else ("simple", "")
        asked.append((configuration, tidy(text.text), query, PIECES if text.is_long else WHOLE))
    statement = """
        SELECT ts_headline(name::regconfig, text, query::tsquery, options)
          FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
               WITH ORDINALITY AS each (name, text, query, options, place)
         ORDER BY place
    """
    with patient() as cursor:
        cursor.execute(statement, [list(column) for column in zip(*asked, strict=True)] if asked else [[], [], [], []])
        marked = [text for (text,) in cursor.fetchall()]
    return [as_snippet(piece, whole) for piece, (_, whole, _, _) in zip(marked, asked, strict=True)]


def as_snippet(piece: str, whole: str) -> Snippet:
    """What PostgreSQL marked, as safe HTML, with an ellipsis where it does not begin or end with the text."""
    words = piece.replace(BEGIN, "").replace(END, "").split(GAP)
    before = "" if whole.startswith(words[0]) else "… "
    after = "" if whole.endswith(words[-1]) else " …"
    parts = MARKED.split(piece)
    html = "".join(
        format_html("<mark>{}</mark>", part) if number % 2 else escape(part.replace(BEGIN, "").replace(END, ""))
        for number, part in enumerate(parts)
    )
    return Snippet(mark_safe(f"{before}{html}{after}"), len(parts) > 1)  # noqa: S308 - escaped above, part by part
