"""Blocks of a body that are open to everybody or for subscribers alone: marked, cleaned, kept apart, never let through
by an accident of markup.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from articles import markdown
from articles.blocks import blocks_of, has_blocks, without_subscribers
from articles.bodies import Body, handed_out
from articles.models import Article, Page
from articles.sanitising import CUT_MARKER, clean_body, sanitise
from articles.teasers import MAX_PERCENT, Teaser, make_teaser
from tests import make
from tests.articles.admin_forms import ADD, article_fields
from tests.articles.import_lines import load, reasons, record
from tests.articles.markup import is_balanced, text_of

OPEN, SUBSCRIBERS, END = '<section class="block-open">', '<section class="block-subscribers">', "</section>"
INSTEAD = "<p>INSTEAD</p>"
MARK = '<sup class="note"><a href="#note-{0}">{0}</a></sup>'


def opened(html: str) -> str:
    return f"{OPEN}{html}{END}"


def closed(html: str) -> str:
    return f"{SUBSCRIBERS}{html}{END}"


def kinds(html: str) -> list[str]:
    return [block.kind.removeprefix("block-") for block in blocks_of(html)]


# --- what is stored -------------------------------------------------------------------------------------------------


def test_blocks_are_stored_as_they_were_marked() -> None:
    html = clean_body(f"<p>One.</p>{opened('<p>Two.</p><ul><li>a</ul>')}{closed('Three.')}<p>Four.</p>")
    assert html == (
        f"<p>One.</p>\n{OPEN}<p>Two.</p>\n<ul><li>a</li>\n</ul>\n{END}\n{SUBSCRIBERS}<p>Three.</p>\n{END}\n<p>Four.</p>"
    )
    assert kinds(html) == ["open", "subscribers"]
    assert clean_body(html) == html


def test_a_body_without_blocks_is_stored_as_ever() -> None:
    html = clean_body('<section><p>One.</p></section><section class="lead block">Two.</section><p>Three.</p>')
    assert html == "<p>One.</p>\n<p>Two.</p>\n<p>Three.</p>"
    assert not has_blocks(html)


@pytest.mark.parametrize(
    "around",
    [
        "<blockquote><p>a</p>{}</blockquote>",
        "<ul><li>a{}</li><li>b</li></ul>",
        "<table><tr><td>a{}</td><td>b</td></tr></table>",
        "<pre>a{}b</pre>",
        "<h2>a{}</h2>",
        "<p>a <strong>b{}</strong></p>",
        '<ol class="notes"><li id="note-1">a{}</li></ol>',
        "<section>{}</section>",
        "<div><section><div>{}</section></div>",
    ],
)
def test_a_mark_for_subscribers_counts_wherever_it_stands(around: str) -> None:
    html = clean_body(around.format(closed("secret")))
    assert kinds(html) == ["subscribers"]
    assert "secret" not in without_subscribers(html, INSTEAD)
    assert clean_body(html) == html


@pytest.mark.parametrize(
    "around", ["<blockquote>{}</blockquote>", "<ul><li>a{}</li></ul>", "<table><tr><td>{}</td></tr></table>"]
)
def test_a_mark_for_everybody_inside_of_something_counts_for_nothing(around: str) -> None:
    found = sanitise(around.format(opened("words")))
    assert not has_blocks(found.html)
    assert "words" in found.html
    assert found.has_dropped_mark


@pytest.mark.parametrize(
    ("raw", "public", "secret"),
    [
        (f"<p>a</p>{OPEN}<p>b</p><p>c</p>", "", ""),  # never closed: it would open all that follows
        (f"{OPEN}a<section>b</section>c", "", ""),  # what is closed is the inner one
        (f"{OPEN}a<!-- {END}", "", ""),
        (f"{OPEN}a<script>{END}", "", ""),
        (f"<p>a</p>{SUBSCRIBERS}<p>b</p><p>c</p>", "", "b c"),
        (opened(f"a{closed('b')}c") + "d", "", "b"),
        (closed(f"a{opened('b')}c") + "d", "", "a b c"),
        (opened(f"a{opened('b')}c") + "d", "b", ""),
        (closed(f"a{closed('b')}c") + "d", "", "a b c"),
        (closed("a<section>b</section>c") + "d", "", "a b c"),
        ('<SECTION CLASS="x Block-Subscribers">a</SECTION>b', "", "a"),
        ('<section class="block-open block-subscribers">a</section>b', "", "a"),
        (f"{closed('a')}{END}{END}b", "", "a"),
        (f"{opened('a')}{opened('b')}", "a b", ""),
        (f"{opened('')}{closed('')}a", "", ""),
    ],
)
def test_marks_that_are_nested_or_not_closed_release_nothing_more(raw: str, public: str, secret: str) -> None:
    html = clean_body(raw)
    found: dict[str, list[str]] = {"open": [], "subscribers": []}
    for block in blocks_of(html):
        found[block.kind.removeprefix("block-")].append(text_of(html[block.begins : block.ends]))
    assert (" ".join(found["open"]), " ".join(found["subscribers"])) == (public, secret)
    assert clean_body(html) == html


@pytest.mark.parametrize("mark", [OPEN, SUBSCRIBERS])
def test_a_cut_in_a_block_stands_before_it(mark: str) -> None:
    found = sanitise(f"<p>a</p>{mark}<p>b</p>{CUT_MARKER}<p>c</p>{END}<p>d</p>")
    assert found.has_misplaced_cut
    assert found.html.startswith(f"<p>a</p>\n{CUT_MARKER}\n{mark}<p>b</p>")
    assert found.html.count(CUT_MARKER) == 1
    assert clean_body(found.html) == found.html
    assert clean_body(f"<p>a</p>{mark}{CUT_MARKER}{END}<p>d</p>") == f"<p>a</p>\n{CUT_MARKER}\n<p>d</p>"


def test_tables_in_blocks_scroll_by_themselves() -> None:
    html = clean_body(opened("<table><caption>Hulls</caption><tr><td>1</td></tr></table>"))
    assert '<div class="table" tabindex="0" role="region" aria-labelledby="table-1">' in html
    table = "<table><caption>Hulls</caption><tr><td>1</td></tr></table>"
    html = clean_body(table + closed(table * 2) + table)
    assert re.findall(r'<caption id="([^"]+)', html) == ["table-1", "block-table-1", "block-table-2", "table-2"]


# --- laws -----------------------------------------------------------------------------------------------------------

section_tags = st.sampled_from([OPEN, SUBSCRIBERS, END, END, "<section>", '<section class="x">'])
other_tags = st.sampled_from(
    """<p> </p> <ul> </ul> <li> </li> <ol_class="notes"> <blockquote> </blockquote> <table> <tr> <td> </td> </table>
    <pre> </pre> <h2> </h2> <strong> </strong> <a_href="/x"> </a> <div> </div> <hr> <hr_class="paywall-cut"> <br>
    <li_id="note-1"> <caption>""".split()
).map(lambda tag: tag.replace("_", " "))
PLAIN = st.integers(1, 12).map(lambda number: " ".join(["Then some words follow here."] * number))
soups = st.lists(st.one_of(section_tags, other_tags, st.just("WORD"), PLAIN), max_size=40)


def with_words(pieces: list[str]) -> tuple[str, dict[str, list[str]]]:
    """The source with a word of its own in each place for one, and by word the marks of the sections around it."""
    stack: list[str] = []
    around: dict[str, list[str]] = {}
    source: list[str] = []
    for piece in pieces:
        if piece == "WORD":
            piece = f"w{len(around)}x"
            around[piece] = list(stack)
            piece = f" {piece}. "
        elif piece.startswith("<section"):
            stack.append(piece)
        elif piece == END and stack:
            stack.pop()
        source.append(piece)
    return "".join(source), around


def words_in(html: str) -> set[str]:
    return set(re.findall(r"w\d+x", html))


@given(soups)
def test_whatever_the_markup_no_block_for_subscribers_is_let_through_and_no_other_word_is_open(soup: list[str]) -> None:
    raw, around = with_words(soup)
    html = clean_body(raw)
    assert clean_body(html) == html
    assert is_balanced(html)
    secret = {word for word, marks in around.items() if SUBSCRIBERS in marks}
    meant_open = {word for word, marks in around.items() if OPEN in marks} - secret
    rest = without_subscribers(html, INSTEAD)
    teaser = make_teaser(html)
    assert is_balanced(rest)
    assert is_balanced(teaser.html + teaser.open_blocks)
    assert words_in(rest) == words_in(html) - secret
    assert not words_in(teaser.html) & secret
    assert words_in(teaser.open_blocks) <= meant_open


@given(soups, st.data())
def test_a_stored_body_that_somebody_has_broken_releases_nothing(soup: list[str], data: Any) -> None:
    raw, around = with_words([*soup, END, END, SUBSCRIBERS, "WORD", END, OPEN, "WORD", END])
    html = clean_body(raw)
    tag = data.draw(st.sampled_from(list(re.finditer(r"</?(?!hr|br)\w[^>]*>", html))))
    change = data.draw(st.sampled_from(["", tag[0] * 2, tag[0][:-1], tag[0].upper(), tag[0].replace(" ", "\n")]))
    broken = html[: tag.start()] + change + html[tag.end() :]
    secret = {word for word, marks in around.items() if SUBSCRIBERS in marks}
    assert not words_in(without_subscribers(broken, INSTEAD)) & secret


@given(soups, st.sampled_from([True, False, None, "yes", 1]), st.booleans())
def test_the_door_asks_for_the_permission_for_blocks(soup: list[str], opens: object, has_it: bool) -> None:
    raw, around = with_words(soup)
    html = clean_body(raw)
    access: Any = SimpleNamespace(granted=True, article_id=1, **({"opens_every_block": opens} if has_it else {}))
    secret = {word for word, marks in around.items() if SUBSCRIBERS in marks}
    shown = words_in(handed_out(html, access))
    assert shown == (words_in(html) if has_it and opens is True else words_in(html) - secret)


@given(soups, soups)
def test_an_edit_of_blocks_for_subscribers_changes_nothing_that_is_open(soup: list[str], other: list[str]) -> None:
    tags = {OPEN, SUBSCRIBERS, END, "<section>", '<section class="x">', CUT_MARKER, '<ol class="notes">'}
    inner = "".join(piece for piece in other if piece not in tags)
    raw, _around = with_words([piece for piece in soup if piece != SUBSCRIBERS])
    table = "<table><caption>Hulls</caption><tr><td>1</td></tr></table>"
    rest = f"{opened(table)}{table}<p>End of it.</p>"
    before, after = (clean_body(f"{raw}{closed('<p>x</p>' + text)}{rest}") for text in ("Secret.", table + inner))
    assert kinds(before) == kinds(after)
    assert public(make_teaser(before)) == public(make_teaser(after))
    assert without_subscribers(before, INSTEAD) == without_subscribers(after, INSTEAD)


def public(teaser: Teaser) -> tuple[object, ...]:
    return (teaser.html, teaser.words, teaser.total_words, teaser.open_blocks, teaser.open_words)


# --- the teaser -----------------------------------------------------------------------------------------------------

SENTENCES = "<p>Then a ferry left the quay. Nobody had slept at all. The lamps were counted twice.</p>"


def test_the_teaser_is_that_of_the_body_without_its_blocks_for_subscribers() -> None:
    plain = make_teaser(clean_body(SENTENCES * 8))
    html = clean_body(closed("<p>Secret one.</p>") + SENTENCES + closed("<p>Secret two.</p>") + SENTENCES * 7)
    teaser = make_teaser(html)
    assert text_of(teaser.html) == text_of(plain.html)
    assert (teaser.words, teaser.total_words) == (plain.words, plain.total_words)
    assert teaser.has_subscribers_blocks
    assert "\x00" not in teaser.html
    assert is_balanced(html[: teaser.continue_at] + "<sub></sub>" + html[teaser.continue_at :])


def test_what_is_below_the_cut_for_subscribers_alone_leaves_the_cut_without_effect() -> None:
    teaser = make_teaser(clean_body(f"{SENTENCES}{CUT_MARKER}{closed('<p>Secret.</p>')}"))
    assert teaser.words <= teaser.total_words * MAX_PERCENT / 100


def test_open_blocks_behind_the_teaser_stand_in_their_order_with_a_mark_for_what_is_left_out() -> None:
    html = clean_body(
        f"<p>Start.</p>{CUT_MARKER}<p>Gated one.</p>{opened('<p>First.</p>')}{closed('<p>Secret.</p>')}"
        f"{opened('<p>Second.</p>')}<p>Gated two.</p>{opened('<h2>Third.</h2>')}"
    )
    teaser = make_teaser(html)
    gap = '<hr class="left-out">'
    assert teaser.html == "<p>Start. …</p>"
    assert [text_of(part) for part in teaser.open_blocks.split(gap)] == ["First. Second.", "Third."]
    assert teaser.open_words == 3
    assert make_teaser(clean_body(html.replace(CUT_MARKER, "", 1) + "<p>End.</p>")).open_blocks.endswith(gap)


def test_an_open_block_in_the_teaser_stands_there_as_a_whole_and_not_again() -> None:
    html = clean_body("<p>Start.</p>" + opened("<p>One open. Two open.</p>") + SENTENCES * 3)
    teaser = make_teaser(html)
    assert "<p>One open. Two open." in teaser.html
    assert "<section" not in teaser.html
    assert teaser.open_blocks == ""


def test_an_open_block_is_never_cut() -> None:
    html = clean_body(f"<p>Start now.</p>{opened(SENTENCES * 2)}{SENTENCES}")
    teaser = make_teaser(html)
    assert text_of(teaser.html) == "Start now. …"
    assert text_of(teaser.open_blocks) == text_of(f"{SENTENCES} {SENTENCES}")


def test_marks_of_notes_stay_out_of_what_is_open() -> None:
    html = clean_body(f"<p>Start.</p>{CUT_MARKER}<p>Gated.</p>{opened(f'<p>Open{MARK.format(1)}.</p>')}{notes(1)}")
    assert html.count("doc-noteref") == 1
    assert make_teaser(html).open_blocks == f"{OPEN}<p>Open.</p>\n{END}"


# --- footnotes ------------------------------------------------------------------------------------------------------


def notes(*numbers: int) -> str:
    items = "".join(f'<li id="note-{number}">Note {number}.</li>' for number in numbers)
    return f'<ol class="notes">{items}</ol>'


def test_notes_of_a_block_for_subscribers_go_with_it_and_the_others_are_numbered_anew() -> None:
    html = clean_body(
        f"<p>A{MARK.format(1)}</p>{closed(f'<p>B{MARK.format(2)} C{MARK.format(3)}</p>')}"
        f"<p>D{MARK.format(3)} E{MARK.format(4)}</p>{notes(1, 2, 3, 4, 5)}"
    )
    rest = without_subscribers(html, INSTEAD)
    assert "Note 2." not in rest
    assert re.findall(r"Note \d", rest) == ["Note 1", "Note 3", "Note 4"]  # nothing marks the fifth
    assert re.findall(r'<a id="noteref-(\d)" href="#note-(\d)"', rest) == [("1", "1"), ("2", "2"), ("3", "3")]
    assert re.findall(r'<li id="note-(\d)">Note (\d)', rest) == [("1", "1"), ("2", "3"), ("3", "4")]
    assert re.findall(r'href="#noteref-(\d)"', rest) == ["1", "2", "3"]
    without = clean_body(f"<p>A{MARK.format(1)}</p>{INSTEAD}<p>D{MARK.format(3)} E{MARK.format(4)}</p>{notes(1, 3, 4)}")
    assert clean_body(rest) == without


def test_a_list_of_notes_inside_a_block_for_subscribers_belongs_to_it() -> None:
    html = clean_body(f"<p>A{MARK.format(1)}</p>{closed(f'<p>B</p>{notes(1)}')}")
    assert "Note 1" not in without_subscribers(html, INSTEAD)


# --- ways in --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "stored"),
    [
        ("One.\n\n::: open\nTwo **b**\n\n- x\n:::\nThree.", ["open"]),
        ("a\n::: subscribers\nb\n:::\nc\n\n::: Open\nd\n:::", ["subscribers", "open"]),
        (":::: subscribers\nsecret\n:::\nmore\n::::\nc", ["subscribers"]),
        ("::: open\nno end", []),
        ("::: subscribers\nno end\n\nnone", ["subscribers"]),
        ("::: open\nfoo\n   ", []),
        ("> ::: subscribers\n> b\n> :::\n\nafter", ["subscribers"]),
        ("::: note\nx\n:::", []),
        ("::: open\r\na\r\n:::\r\nb", ["open"]),
    ],
)
def test_blocks_in_markdown(source: str, stored: list[str]) -> None:
    html = clean_body(markdown.to_html(source))
    assert kinds(html) == stored
    assert "secret" not in without_subscribers(html, "")
    assert "no end" not in without_subscribers(html, "") or not stored
    assert ("<p>after</p>" in without_subscribers(html, "")) is ("after" in source)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["html", "markdown"])
def test_an_import_keeps_blocks(kind: str) -> None:
    html = f"{SENTENCES}<p>Gated.</p>{opened('<p>Open part.</p>')}{closed('<p>Secret part.</p>')}<p>End.</p>"
    text = "A ferry left.\n\nGated.\n\n::: open\nOpen part.\n:::\n\n::: subscribers\nSecret part.\n:::\n\nEnd."
    body = html if kind == "html" else text
    for headline in ("New", "Changed"):
        report = load(record(body=body, format=kind, headline=headline))
        article = Article.objects.get(headline=headline)
        assert reasons(report) == []
        assert kinds(Body.objects.get(pk=article.pk).html) == ["open", "subscribers"]
        assert "Open part." in article.open_blocks
        assert article.has_subscribers_blocks
        assert "Secret" not in article.teaser + article.open_blocks


@pytest.mark.django_db
def test_an_import_tells_of_marks_that_do_not_count() -> None:
    report = load(record(body=f"<p>A ferry left. Nobody slept.</p><ul><li>{opened('x')}{SUBSCRIBERS}b{CUT_MARKER}c"))
    told = " ".join(reasons(report))
    assert "the paywall cut stood in a marked block and was put before it" in told
    assert "a block marked as open is not: its mark stands inside something or is not closed" in told


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (f"<p>a</p>{opened(f'b{CUT_MARKER}c')}", "The paywall cut stands inside a marked block."),
        (f"<p>a</p>{OPEN}b", "A block that is open to everybody must stand between other blocks"),
    ],
)
def test_the_form_says_in_words_what_does_not_count(editor: Client, body: str, sentence: str) -> None:
    response = editor.post(ADD, article_fields(body=body))
    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not Article.objects.exists()


@pytest.mark.django_db
def test_the_field_of_html_takes_blocks_without_a_script(editor: Client) -> None:
    body = f"<p>One two. Three four.</p>\r\n{opened('<p>Open part.</p>')}\r\n{closed('<p>Secret part.</p>')}"
    assert editor.post(ADD, article_fields(body=body)).status_code == 302
    assert kinds(Body.objects.get().html) == ["open", "subscribers"]


@pytest.mark.django_db
def test_a_page_of_the_house_has_no_blocks() -> None:
    page = Page(slug="rules", title="Rules", html=f"<p>a</p>{closed('<p>b</p>')}{opened('c')}")
    page.save()
    assert page.html.split() == ["<p>a</p>", "<p>b</p>", "<p>c</p>"]


@pytest.mark.django_db
def test_a_body_that_loses_its_blocks_takes_the_open_ones_back() -> None:
    article = make.article(body=f"{SENTENCES * 3}{opened('<p>Open part.</p>')}{closed('x')}<p>End.</p>")
    assert "Open part." in article.open_blocks
    article.save_with_body(SENTENCES * 3)
    article.refresh_from_db()
    assert (article.open_blocks, article.has_subscribers_blocks) == ("", False)
