"""Footnotes: numbered, linked both ways, and never told by a teaser."""

from __future__ import annotations

import re
import time

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from articles.markdown import to_html
from articles.sanitising import CUT_MARKER, clean_body
from articles.teasers import make_teaser
from tests import make
from tests.articles.markup import is_balanced, tag_soup, text_of


def mark(number: int) -> str:
    return f'<sup class="note"><a href="#note-{number}">{number}</a></sup>'


def notes(*texts: str) -> str:
    return f'<ol class="notes">{"".join(f'<li id="note-{n}">{text}</li>' for n, text in enumerate(texts, 1))}</ol>'


def stored_mark(number: int, *, is_first: bool = True) -> str:
    place = f'id="noteref-{number}" ' if is_first else ""
    return f'<sup class="note"><a {place}href="#note-{number}" role="doc-noteref" rel="noopener">{number}</a></sup>'


def stored_notes(*texts: str) -> str:
    items = "".join(
        f'<li id="note-{n}">{text} <a href="#noteref-{n}" role="doc-backlink" rel="noopener">↩</a></li>\n'
        for n, text in enumerate(texts, 1)
    )
    return f'<div role="doc-endnotes"><ol class="notes">\n{items}</ol>\n</div>'


def test_a_mark_and_its_note_lead_to_one_another() -> None:
    clean = clean_body(f"<p>One.{mark(1)}</p>{notes('Source.')}")
    assert clean == f"<p>One.{stored_mark(1)}</p>\n{stored_notes('Source.')}"


def test_notes_are_numbered_in_the_order_of_their_marks_and_stand_last() -> None:
    clean = clean_body(f"{notes('b', 'a')}<p>x{mark(2)} y{mark(1)} z{mark(2)}</p><p>End.</p>")
    marks = f"x{stored_mark(1)} y{stored_mark(2)} z{stored_mark(1, is_first=False)}"
    assert clean == f"<p>{marks}</p>\n<p>End.</p>\n{stored_notes('a', 'b')}"


def test_a_mark_without_a_note_goes_and_a_note_without_a_mark_stays_behind_the_others() -> None:
    clean = clean_body(f"<p>x{mark(7)} y{mark(2)}</p>{notes('unmarked', 'marked')}")
    assert f"<p>x y{stored_mark(1)}</p>" in clean
    assert text_of(clean) == "x y1 marked ↩ unmarked"
    assert clean.count("<li>") == 1


def test_a_note_may_hold_links_and_paragraphs() -> None:
    clean = clean_body(f"<p>x{mark(1)}{mark(2)}</p>{notes('<p>a <a href=/b>c</a></p>', '<p>d</p><p>e</p>')}")
    assert '<li id="note-1">a <a href="/b" rel="noopener">c</a> <a href="#noteref-1"' in clean
    assert '<li id="note-2"><p>d</p>\n<p>e <a href="#noteref-2"' in clean
    assert clean_body(clean) == clean


def test_markdown_writes_them_its_own_way() -> None:
    clean = clean_body(to_html("One.[^x] Two.[^y] No note.[^z]\n\n[^y]: *Second.*\n[^x]: First.\n"))
    words = f"<p>One.{stored_mark(1)} Two.{stored_mark(2)} No note.[^z]</p>"
    assert clean == f"{words}\n{stored_notes('First.', '<em>Second.</em>')}"


@pytest.mark.parametrize(
    "raw",
    [
        '<li id="note-1">a</li>',
        '<p id="note-1">a</p>',
        '<a id="continue" href="#note-1">a</a>',
        '<sup class="note"><a href="#main">1</a></sup>a',
        '<sup class="note"><a href="#note-1">a</a></sup>',
        '<ul><li><ol class="notes"><li id="note-1">a</li></ol></li></ul>',
        '<section role="main" id="x" class="gate">a</section>',
        '<div class="table" role="alert" tabindex="5" aria-labelledby="main">a</div>',
        '<note-mark n="x">a',
        '<note-mark n="1"><p id="noteref-1">a</p>',
        "<div role='doc-endnotes'><ol><li id='note-1'>a</li></ol></div>",
    ],
)
def test_no_source_takes_an_id_or_plays_a_role(raw: str) -> None:
    clean = clean_body(raw)
    assert not re.search(r'\s(id|role|tabindex|aria-\w+)="', clean)
    assert clean_body(clean) == clean


def test_a_note_takes_no_other_id() -> None:
    clean = clean_body('<ol class="notes"><li id="main">a</li></ol>')
    assert clean == '<div role="doc-endnotes"><ol class="notes">\n<li>a</li>\n</ol>\n</div>'


def test_more_notes_than_ids_are_kept_without_them() -> None:
    count = 1200
    marks = "".join(mark(number) for number in range(1, count))
    clean = clean_body(f"<p>{marks}</p>{notes(*(f'word{number}' for number in range(1, count)))}")
    assert len(re.findall(r"word\d+", clean)) == count - 1
    assert clean_body(clean) == clean


pieces = st.one_of(
    tag_soup,
    st.integers(1, 4).map(mark),
    st.integers(1, 4).map("<note-mark n={}>".format),
    st.lists(tag_soup, max_size=3).map(lambda texts: notes(*texts)),
    st.just('<ol class="notes">'),
    st.just('<li id="note-2">'),
    st.just('<sup class="note">'),
)


@given(st.lists(pieces, max_size=8).map("".join))
def test_cleaning_what_is_clean_changes_nothing(raw: str) -> None:
    clean = clean_body(raw)
    assert clean_body(clean) == clean
    assert is_balanced(clean)
    ids = re.findall(r'\sid="([^"]+)"', clean)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'href="#((?:note|noteref)-\d+)" role', clean):
        assert target in ids


@pytest.mark.parametrize("piece", ['<sup class="note"><a ', mark(1), '<a href="#noteref-1', '<ol class="notes"><li>'])
def test_hostile_notes_are_cleaned_in_linear_time(piece: str) -> None:
    hostile = notes("a") + piece * (200_000 // len(piece))
    began = time.process_time()
    clean_body(hostile)
    assert time.process_time() - began < 4


# --- the teaser -----------------------------------------------------------------------------------------------------

OPEN = f"<p>The ferry left.{mark(1)} Nobody slept.</p>"
COSTS = f"<p>Below the cut they hid it.{mark(2)}</p>" + "<p>And more of the same here.</p>" * 4
BODY = clean_body(OPEN + COSTS + notes("SECRET source of the first.", "SECRET source of the second."))


@pytest.mark.parametrize("html", [BODY, clean_body(BODY.replace("</p>\n<p>Below", f"</p>\n{CUT_MARKER}\n<p>Below"))])
def test_a_teaser_has_neither_notes_nor_marks(html: str) -> None:
    teaser = make_teaser(html)
    assert text_of(teaser.html).startswith("The ferry left. Nobody slept.")
    for told in ("SECRET", "note", "<sup", "↩"):
        assert told not in teaser.html
    assert is_balanced(teaser.html)


def test_notes_count_for_nothing() -> None:
    """Else many words in notes would open the whole text above them."""
    text = "<p>One two three. Four five six. Seven eight nine.</p>"
    plain = make_teaser(clean_body(text))
    noted = make_teaser(clean_body(text.replace("nine.", f"nine.{mark(1)}") + notes("word " * 500)))
    assert (noted.html, noted.words, noted.total_words) == (plain.html, plain.words, plain.total_words)


def test_a_mark_behind_a_full_stop_ends_no_sentence_and_hides_none() -> None:
    plain = clean_body("<p>The ferry left. Nobody slept. The lamps burned. Why? It was late.</p>")
    noted = clean_body(plain.replace("left.", f"left.{mark(1)}").replace("lamps", f"lamps{mark(2)}") + notes("a", "b"))
    assert make_teaser(noted).html == make_teaser(plain).html


@pytest.mark.django_db
def test_no_page_tells_a_stranger_of_a_note(stranger: Client, subscriber: Client) -> None:
    article = make.article(body=OPEN + make.paragraphs("The clerks wrote", 9) + notes("A SECRETNOTE on the first."))
    for path in (article.get_absolute_url(), "/", "/feeds/latest.xml", "/feeds/latest.json"):
        page = stranger.get(path).content.decode()
        assert "SECRETNOTE" not in page
        assert "#note" not in page
    page = subscriber.get(article.get_absolute_url()).content.decode()
    assert 'id="note-1"' in page
    assert page.index('id="continue"') < page.index("SECRETNOTE")


@given(st.lists(pieces, max_size=8).map("".join))
def test_whatever_stands_in_a_body_its_teaser_is_whole_and_free_of_notes(raw: str) -> None:
    html = clean_body(raw)
    teaser = make_teaser(html)
    assert is_balanced(teaser.html)
    assert "noteref" not in teaser.html
    assert "doc-endnotes" not in teaser.html
    place = html.find('<div role="doc-endnotes"')
    assert teaser.continue_at <= (len(html) if place < 0 else place)
