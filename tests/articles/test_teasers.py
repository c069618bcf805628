"""Where the open part of a body stops."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from articles.sanitising import CUT_MARKER, clean_body
from articles.sentences import sentence_ends
from articles.teasers import ELLIPSIS, make_teaser, without_cut
from tests.articles.markup import is_balanced, tag_soup, text_of


def sentences(text: str) -> list[str]:
    ends = list(sentence_ends(text))
    return [text[first:last].strip() for first, last in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize(
    "expected",
    [
        ["The ferry left.", "Nobody saw it!", "Why?", "It was late…", "So they went."],
        ["Mr. Smith met Dr. J. R. Doe and Prof. Lee.", "They spoke."],
        ["The U.S. Navy left.", "It went to Washington, D.C."],
        ["It came to the U.S.", "The house was full."],
        ["Bring tools, e.g. a saw, i.e. Something sharp.", "Go."],
        ["See No. 5, Fig. 3 and p. 12.", "Then read on."],
        ["He said no.", "Then he sat in the sun.", "She was ill."],
        ["Oil rose 3.5 pct to 18.20 dlrs.", "Visit example.com today."],
        ["Standard Oil Co. fell with Brown & Co.", "The rest held."],
        ["On Feb. 26 it rained.", "On Sat. Morning came late."],
        ["He said “Stop.”", "Then he left."],
        ['He said "Stop."', "Then he left."],
        ["(See the map.)", "It is old."],
        ["“I came. I saw,” he said.", "He left."],
        ['"I came. I saw," he said.', "He left."],
        ["“Why?” Smith asked.", "Nobody knew."],
        ["Who? said the owl? yes.", "It did."],
        ["(One. Two. Three) and on.", "Next."],
        ["„Halt. Gut.“", "Dann ging er."],
        ["Am 3. Mai kam er.", "Im 2. Weltkrieg auch."],
        ["»Ja. Nein.«", "Und so weiter."],
        ["1. First things.", "2. Second things."],
        ["She is 42.", "He is 40."],
        ["Wait . . . what.", "Yes."],
        ["这是一句。", "这是第二句！", "第三句"],
        ["「行。」他说。", "好"],
        ["¿Por qué?", "¡Nadie!", "Nadie lo sabe."],
        ["Это конец.", "Дальше."],
    ],
    ids=lambda parts: parts[0][:24],
)
def test_sentences_end_where_a_reader_sees_it(expected: list[str]) -> None:
    assert sentences(("" if "。" in expected[0] else " ").join(expected)) == expected


LONG = "<p>" + "One two three four five six seven eight nine ten. " * 60 + "</p>"


def test_a_long_body_opens_with_180_words() -> None:
    teaser = make_teaser(clean_body(LONG))
    assert (teaser.words, teaser.total_words) == (180, 600)
    assert teaser.html.endswith(f"ten.{ELLIPSIS}</p>")


def test_a_short_body_opens_with_less_than_half() -> None:
    teaser = make_teaser("<p>One two. Three four. Five six. Seven eight. Nine ten. Last.</p>")
    assert (teaser.html, teaser.words) == (f"<p>One two. Three four.{ELLIPSIS}</p>", 4)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<hr>",
        "<p>One sentence alone.</p>",
        "<p>A first sentence of many words. Short.</p>",
        "<h2>A title</h2>\n<ul><li>one</li>\n<li>two</li>\n</ul>",
        "<pre>a\nb\nc</pre>",
        "<p>" + "word " * 181 + "end. " + "Another sentence here. " * 300 + "</p>",
        f"{CUT_MARKER}\n<p>One. Two. Three. Four five six.</p>",
    ],
    ids=["nothing", "a rule", "one sentence", "a long first", "a title", "code", "180 words", "cut on top"],
)
def test_a_body_without_a_beginning_to_give_has_an_empty_teaser(body: str) -> None:
    teaser = make_teaser(body)
    assert (teaser.html, teaser.words, teaser.continue_at) == ("", 0, 0)


def test_the_editors_cut_counts_alone() -> None:
    html = clean_body(f"<p>One. Two &amp; three.</p><h2>Open title</h2>{CUT_MARKER}<p>Four.</p>")
    teaser = make_teaser(html)
    assert teaser.html == f"<p>One. Two &amp; three.</p>\n<h2>Open title{ELLIPSIS}</h2>"
    assert (teaser.words, teaser.total_words, html[teaser.continue_at :][:10]) == (5, 6, "<hr class=")
    assert CUT_MARKER not in without_cut(html)
    assert text_of(without_cut(html)) == text_of(html)


def test_a_cut_with_nothing_below_never_opens_the_whole() -> None:
    html = clean_body(f"<p>One two. Three four. Five six.</p>{CUT_MARKER}<p>&nbsp;</p><hr>")
    assert make_teaser(html).html == f"<p>One two.{ELLIPSIS}</p>"


@pytest.mark.parametrize(
    ("body", "teaser", "rest"),
    [
        ("<p>One <em>two.</em> Three four five.</p>", "<p>One <em>two.</em> …</p>", " Three"),
        ("<p><em>One two. Three four five.</em></p>", "<p><em>One two.</em> …</p>", " Three"),
        ('<p>One two. <a href="/x">Three. Four</a> five six.</p>', "<p>One two. …</p>", ' <a href="/x"'),
        ('<p>One. <sub>Two. <a href="/x">Three</a> four</sub> five six.</p>', "<p>One. …</p>", " <sub>Two"),
        ("<p>One. Two <code>a. B</code> three. Four five six seven.</p>", "<p>One. …</p>", " Two"),
        ("<p>One &lt;two&gt;.</p><p>Three four five.</p>", "<p>One &lt;two&gt;. …</p>", "\n<p>Three"),
        ("<p>One.</p><h2>Title</h2><p>Two three four five six.</p>", "<p>One. …</p>", "\n<h2>"),
        ("<blockquote><p>One. Two three.</p></blockquote>", "<blockquote><p>One. …</p></blockquote>", " Two"),
        ("<p>这是一句。这是第二句。这是第三句。</p>", "<p>这是一句。 …</p>", "这是第二句"),
        ("<p>Two words</p><p>three more words</p>", "<p>Two words …</p>", "\n<p>three"),
    ],
)
def test_the_teaser_keeps_its_markup_and_is_closed(body: str, teaser: str, rest: str) -> None:
    html = clean_body(body)
    found = make_teaser(html)
    assert found.html == teaser
    assert html[found.continue_at :].startswith(rest)


def test_a_list_is_cut_between_items_and_the_reader_goes_on_inside_the_next() -> None:
    html = clean_body("<p>Intro.</p><ul><li>one. two</li><li>three</li><li>four five six</li></ul><p>a b c d</p>")
    teaser = make_teaser(html)
    assert teaser.html == f"<p>Intro.</p>\n<ul><li>one. two</li>\n<li>three{ELLIPSIS}</li></ul>"
    assert html[: teaser.continue_at].endswith("<li>")
    assert html[teaser.continue_at :].startswith("four")


def test_an_item_is_never_cut_inside() -> None:
    html = clean_body("<p>Intro.</p><ul><li>One. Two three four five six. Seven eight nine ten.</li></ul>")
    assert make_teaser(html).html == f"<p>Intro.{ELLIPSIS}</p>"


def test_a_table_is_cut_between_rows_and_the_reader_goes_on_inside_the_next_cell() -> None:
    html = clean_body("<table><thead><tr><th>h</th></tr></thead><tr><td>a. b<td>c<tr><td>d<td>e f g h i j</table>")
    teaser = make_teaser(html)
    assert text_of(teaser.html.replace(ELLIPSIS, "")) == "h a. b c"
    assert html[: teaser.continue_at].endswith("<td>")
    assert html[teaser.continue_at :].startswith("d")


words = st.sampled_from("alpha beta gamma delta R&amp;D 3.5 Mr.&nbsp;Fox naïve".split())
plain_sentences = st.lists(words, min_size=1, max_size=30).map(lambda some: "Then " + " ".join(some) + ".")
inline = st.sampled_from(["{}", "{}", "<strong>{}</strong>", '<a href="/x">{}</a>', "<em>{}</em>"])
marked = st.builds(lambda shape, text: shape.format(text), inline, plain_sentences)
paragraphs = st.lists(marked, min_size=1, max_size=8).map(lambda some: f"<p>{' '.join(some)}</p>")
items = st.lists(marked, min_size=1, max_size=5).map(lambda some: "".join(f"<li>{one}</li>" for one in some))
rows = st.lists(marked, min_size=1, max_size=4).map(lambda some: "".join(f"<tr><td>{one}<td>x" for one in some))
blocks = st.one_of(
    paragraphs,
    paragraphs,
    items.map("<ul>{}</ul>".format),
    rows.map("<table>{}</table>".format),
    plain_sentences.map("<h2>{}</h2>".format),
    paragraphs.map("<blockquote>{}</blockquote>".format),
    plain_sentences.map("<pre>{}</pre>".format),
)
stories = st.lists(blocks, max_size=12).map("".join)
bodies = st.one_of(stories, tag_soup, st.builds(lambda soup, story: soup + story, tag_soup, stories))


@given(bodies)
def test_laws_of_the_teaser(raw: str) -> None:
    html = clean_body(raw)
    assume(CUT_MARKER not in html)
    teaser = make_teaser(html)
    whole = text_of(html)
    assert teaser.words <= min(180, teaser.total_words * 40 / 100)
    assert is_balanced(teaser.html)
    if not teaser.html:
        assert (teaser.words, teaser.continue_at) == (0, 0)
        return
    shown = text_of(teaser.html).removesuffix(ELLIPSIS)
    assert shown
    assert whole.startswith(shown)
    assert len(shown) < len(whole)
    assert text_of(html[: teaser.continue_at]) == shown
    assert not re.search(r"<h2>[^/]*" + ELLIPSIS, teaser.html)


@given(bodies)
def test_an_element_may_stand_where_the_reader_goes_on(raw: str) -> None:
    html = clean_body(raw)
    place = make_teaser(html).continue_at
    marked_html = html[:place] + "<sub>here</sub>" + html[place:]
    assert is_balanced(marked_html)
    assert clean_body(marked_html).count("<sub>here</sub>") == 1
    assert clean_body(html[:place] + html[place:]) == html
    open_last = re.findall(r"<(/?)(\w+)[^>]*>\s*$", html[:place])
    assert not open_last or open_last[0] not in {("", name) for name in ("ul", "ol", "table", "tbody", "thead", "tr")}
    assert not re.match(r"[^<]*>", html[place:])


@given(stories)
def test_no_sentence_is_cut(story: str) -> None:
    html = clean_body(story)
    teaser = make_teaser(html)
    shown = text_of(teaser.html).removesuffix(ELLIPSIS)
    rest = text_of(html)[len(shown) :].lstrip()
    assert not shown or not rest or re.match(r"(Then|x)\b", rest), (shown[-40:], rest[:40])


@given(stories, stories, st.booleans())
def test_laws_of_the_editors_cut(above: str, below: str, has_text: bool) -> None:
    html = clean_body(above + CUT_MARKER + below + ("<p>End.</p>" if has_text else ""))
    teaser = make_teaser(html)
    if not has_text and not below:
        assert teaser.words <= teaser.total_words * 40 / 100
        return
    assert text_of(teaser.html).removesuffix(ELLIPSIS) == text_of(clean_body(above))
    assert html[teaser.continue_at :].startswith(CUT_MARKER)
    assert is_balanced(teaser.html)
    assert teaser.words < teaser.total_words


@pytest.mark.parametrize(
    "piece",
    [
        "a. ",
        '."',
        "“. ",
        "<b>a. </b>",
        "a.<br>",
        "Mr. ",
        "…x",
        "<p>A b c. D</p>",
        "<ul><li>a.</li></ul>",
        "&amp; ",
        "(a. ",
    ],
)
def test_hostile_bodies_are_cut_in_linear_time(piece: str) -> None:
    html = clean_body(piece * (300_000 // len(piece)))
    began = time.process_time()
    make_teaser(html)
    assert time.process_time() - began < 4
