"""How others quote an article: in the style of the APA, and as a record of BibTeX. Made of its open parts alone.

https://apastyle.apa.org/style-grammar-guidelines/references/examples and https://ctan.org/pkg/biblatex (UTF-8).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from articles.languages import language_name
from articles.models import Article, Author

# Both are English whatever the language of the site.
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
MOST_NAMED = 20  # of more authors APA names nineteen and the last
SPECIAL = {
    "\\": r"{\textbackslash}", "{": r"{\textbraceleft}", "}": r"{\textbraceright}", "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}", **{character: f"\\{character}" for character in "#$%&_"},
}  # fmt: skip
_SPECIAL = re.compile("|".join(map(re.escape, SPECIAL)))
_SEPARATOR = re.compile(r"[\s.]+")


@dataclass(frozen=True, slots=True)
class Citation:
    apa: SafeString  # HTML: the publication's name stands in italics
    bibtex: str


@dataclass(frozen=True, slots=True)
class Name:
    """`given` is empty for a body of people, and for who has one name."""

    family: str
    given: str = ""


def cite(article: Article, url: str, publication: str) -> Citation:
    """With `bylines__author` fetched it costs no query. `url` is absolute."""
    names = [name_of(author) for author in article.byline_authors]
    return Citation(apa(article, names, url, publication), bibtex(article, names, url, publication))


def name_of(author: Author) -> Name:
    """By the name under which the author is sorted: "Marchetti, Ilse", or "Marchetti" alone."""
    name, sort_name = plain(author.name), plain(author.sort_name)
    family, comma, given = sort_name.partition(",")
    if comma and given.strip():
        return Name(family.strip(), given.strip())
    if family and name.endswith(f" {family}"):
        return Name(family, name.removesuffix(family).strip())
    return Name(name)


def plain(text: str) -> str:
    return " ".join(text.split())


# --- APA ------------------------------------------------------------------------------------------------------------


def apa(article: Article, names: Sequence[Name], url: str, publication: str) -> SafeString:
    headline = ended(plain(article.headline))
    date = apa_date(article.published_at)
    begin = f"{ended(apa_authors(names))} ({date}). {headline}" if names else f"{headline} ({date})."
    return format_html("{} <i>{}</i>. {}", begin, publication, url)


def apa_authors(names: Sequence[Name]) -> str:
    written = [f"{name.family}, {initials(name.given)}" if name.given else name.family for name in names]
    if len(written) > MOST_NAMED:
        return f"{', '.join(written[: MOST_NAMED - 1])}, … {written[-1]}"
    if len(written) > 1:
        return f"{', '.join(written[:-1])}, & {written[-1]}"
    return "".join(written)


def initials(given: str) -> str:
    """Mei-Lin Ada: M.-L. A."""
    parts = [[piece for piece in word.split("-") if piece] for word in _SEPARATOR.split(given)]
    return " ".join("-".join(f"{piece[0].upper()}." for piece in pieces) for pieces in parts if pieces)


def apa_date(moment: datetime | None) -> str:
    if moment is None:
        return "n.d."
    day = timezone.localdate(moment)
    return f"{day.year}, {MONTHS[day.month - 1]} {day.day}"


def ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "!", "…", ".”", "?”", "!”")) else f"{sentence}."


# --- BibTeX ---------------------------------------------------------------------------------------------------------


def bibtex(article: Article, names: Sequence[Name], url: str, publication: str) -> str:
    fields = {
        "author": " and ".join(map(bibtex_name, names)),
        "title": f"{{{escaped(plain(article.headline))}}}",  # a second pair of braces keeps its capitals
        "journal": escaped(plain(publication)),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    if article.published_at:
        day = timezone.localdate(article.published_at)
        lines += [f"  year = {{{day.year}}},", f"  month = {MONTHS[day.month - 1][:3].lower()},"]
        lines += [f"  day = {{{day.day}}},"]
    lines += [f"  language = {{{language_name(article.language)}}},", f"  url = {{{url}}},"]
    return "\n".join([f"@article{{{bibtex_key(article, names)},", *lines, "}"])


def bibtex_name(name: Name) -> str:
    """A body of people stands in braces, else "and" and commas in it would be read as more names."""
    if not name.given:
        return f"{{{escaped(name.family)}}}"
    family, given = (
        f"{{{escaped(part)}}}" if re.search(r",|\band\b", part) else escaped(part) for part in (name.family, name.given)
    )
    return f"{family}, {given}"


def bibtex_key(article: Article, names: Sequence[Name]) -> str:
    """Family name, year and the first word of the address, of letters and digits that every programme reads."""
    year = str(timezone.localdate(article.published_at).year) if article.published_at else ""
    word = next((part for part in article.slug.split("-") if len(part) > 3), article.slug)
    family = ascii_letters(names[0].family) if names else ""
    return f"{family}{year}{ascii_letters(word)}" or "article"


def ascii_letters(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", bare.lower())


def escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: SPECIAL[match[0]], text)
