"""How an article is cited: by APA and by BibTeX."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from articles.citations import Citation, Name, apa_authors, bibtex_name, cite, name_of
from articles.models import Author
from tests import make

pytestmark = pytest.mark.django_db

URL = "https://review.example/articles/the-dam/"
MOMENT = datetime(2026, 8, 20, 9, tzinfo=UTC)


def cited(*authors: Author, publication: str = "The Review", **fields: Any) -> Citation:
    values = {"headline": "The dam", "slug": "the-dam", "published_at": MOMENT, "authors": list(authors), **fields}
    return cite(make.article(**values), URL, publication)


def field(citation: Citation, name: str) -> str | None:
    found = re.search(rf"^  {name} = (.+),$", citation.bibtex, re.MULTILINE)
    return found and found[1]


@pytest.mark.parametrize(
    ("name", "sort_name", "family", "given"),
    [
        ("Ilse Marchetti", "Marchetti, Ilse", "Marchetti", "Ilse"),
        ("Ilse Marchetti", "Marchetti", "Marchetti", "Ilse"),
        ("Tomás de la Cruz", "de la Cruz, Tomás", "de la Cruz", "Tomás"),
        ("The Editors", "Editors, The", "Editors", "The"),
        ("The Editors", "The Editors", "The Editors", ""),
        ("The Editors", "", "The Editors", ""),
        ("Pele", "Pele", "Pele", ""),
        ("Bread, Salt and Co.", "Bread,", "Bread, Salt and Co.", ""),
        ("毛泽东", "毛泽东", "毛泽东", ""),
    ],
)
def test_a_name_is_parted_as_it_is_sorted(name: str, sort_name: str, family: str, given: str) -> None:
    assert name_of(Author(name=name, sort_name=sort_name)) == Name(family, given)


@pytest.mark.parametrize(
    ("names", "written"),
    [
        ([], ""),
        ([Name("Marchetti", "Ilse")], "Marchetti, I."),
        ([Name("Okafor", "Mei-Lin Ada"), Name("Adeyemi", "tomás")], "Okafor, M.-L. A., & Adeyemi, T."),
        ([Name("The Editors"), Name("A", "B."), Name("C", "D.E.")], "The Editors, A, B., & C, D. E."),
        ([Name(f"N{n}") for n in range(20)], ", ".join(f"N{n}" for n in range(19)) + ", & N19"),
        ([Name(f"N{n}") for n in range(21)], ", ".join(f"N{n}" for n in range(19)) + ", … N20"),
        ([Name("Ødegård", "Åse")], "Ødegård, Å."),
    ],
)
def test_authors_stand_as_apa_has_them(names: list[Name], written: str) -> None:
    assert apa_authors(names) == written


def test_apa_names_author_day_headline_publication_and_address() -> None:
    citation = cited(make.author("Ilse Marchetti", sort_name="Marchetti, Ilse"))
    assert citation.apa == f"Marchetti, I. (2026, August 20). The dam. <i>The Review</i>. {URL}"


def test_without_an_author_the_headline_comes_first_and_no_full_stop_is_doubled() -> None:
    assert cited(headline="Whose dam?").apa == f"Whose dam? (2026, August 20). <i>The Review</i>. {URL}"
    assert cited(make.author("The Editors", sort_name="The Editors."), slug="b").apa.startswith("The Editors. (2026")


def test_the_day_is_that_of_the_publications_time_zone_and_english_everywhere(settings: Any) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"
    settings.LANGUAGE_CODE = "de"
    citation = cited(published_at=datetime(2026, 12, 31, 20, tzinfo=UTC))
    assert "(2027, January 1)" in citation.apa
    assert (field(citation, "year"), field(citation, "month"), field(citation, "day")) == ("{2027}", "jan", "{1}")


def test_words_of_an_article_are_no_html() -> None:
    citation = cited(headline="<b>A & B</b>", publication="R & S")
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in citation.apa
    assert "<i>R &amp; S</i>" in citation.apa


def test_bibtex_has_a_record_that_every_programme_reads() -> None:
    authors = [make.author("José Núñez", sort_name="Núñez, José"), make.author("The Editors", sort_name="The Editors")]
    assert cited(*authors, language="de").bibtex == (
        "@article{nunez2026thedam,\n"
        "  author = {Núñez, José and {The Editors}},\n"
        "  title = {{The dam}},\n"
        "  journal = {The Review},\n"
        "  year = {2026},\n"
        "  month = aug,\n"
        "  day = {20},\n"
        "  language = {German},\n"
        f"  url = {{{URL}}},\n"
        "}"
    )


def test_bibtex_without_author_or_day_leaves_them_out() -> None:
    citation = cited(status="draft")
    assert field(citation, "author") is None
    article = make.article(status="draft", slug="noday", published_at=MOMENT)
    article.published_at = None
    undated = cite(article, URL, "The Review")
    assert field(undated, "year") is None
    assert "(n.d.)" in undated.apa
    assert undated.bibtex.startswith("@article{noday,")


@pytest.mark.parametrize(
    ("headline", "written"),
    [
        ("50% of $5 & #1_a", r"{{50\% of \$5 \& \#1\_a}}"),
        ("A {brace} and } one", r"{{A {\textbraceleft}brace{\textbraceright} and {\textbraceright} one}}"),
        (r"C:\dam ~ ^", r"{{C:{\textbackslash}dam {\textasciitilde} {\textasciicircum}}}"),
        ("Ærøskøbing “quoted”", "{{Ærøskøbing “quoted”}}"),
        ("Two\nlines", "{{Two lines}}"),
    ],
)
def test_bibtex_is_never_broken_by_a_headline(headline: str, written: str) -> None:
    citation = cited(headline=headline)
    assert field(citation, "title") == written
    assert citation.bibtex.count("{") == citation.bibtex.count("}")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (Name("Bread and Butter"), "{Bread and Butter}"),
        (Name("Smith, Sons"), "{Smith, Sons}"),
        (Name("Smith and Sons", "A"), "{Smith and Sons}, A"),
        (Name("Sand", "Andy"), "Sand, Andy"),
    ],
)
def test_bibtex_reads_no_name_as_two(name: Name, written: str) -> None:
    assert bibtex_name(name) == written


def test_an_article_in_an_unknown_language_says_its_code() -> None:
    assert field(cited(language="tlh"), "language") == "{tlh}"


def test_both_stand_on_the_page_for_every_reader(stranger: Client, subscriber: Client) -> None:
    article = make.article(authors=[make.author()], headline="A <dam> & {more}")
    for client in (stranger, subscriber):
        page = client.get(article.get_absolute_url()).content.decode()
        assert "Marchetti, I. (" in page
        assert r"{{A &lt;dam&gt; \&amp; {\textbraceleft}more{\textbraceright}}}" in page
