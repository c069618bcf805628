"""How the check for leaks knows a sentence again, however it is written."""

from __future__ import annotations

import html
import json
from urllib.parse import quote, urlencode

import pytest

from paywall.leaks.traces import Piece, Traces

SENTENCE = "The keeper’s daughter said “no & never” to the old harbour master — twice that night."
FORMS = {
    "as it stands": SENTENCE,
    "with entities": html.escape(SENTENCE).replace("’", "&rsquo;").replace("—", "&mdash;"),
    "escaped twice": html.escape(html.escape(f"<p>{SENTENCE}</p>")),
    "in JSON": json.dumps({"text": SENTENCE}),
    "markup in JSON": json.dumps({"text": f"<p>{html.escape(SENTENCE)}</p>"}),
    "as JSON-LD is written": json.dumps(SENTENCE).replace("&", "\\u0026").replace("<", "\\u003c"),
    "in an address": quote(SENTENCE),
    "in a form": urlencode({"text": SENTENCE}),
    "broken into lines": SENTENCE.replace(" ", "\n\t "),
    "with fixed spaces": SENTENCE.replace(" ", "\u00a0"),
    "hyphenated": SENTENCE.replace("daughter", "daugh\u00adter").replace("harbour", "har&shy;bour"),
    "in capitals": SENTENCE.upper(),
    "straightened": SENTENCE.replace("’", "'").replace("“", '"').replace("”", '"').replace("—", "-"),
    "with tags": SENTENCE.replace("daughter", "<em>daughter</em>").replace("old", "<b>o</b>ld"),
    "in an attribute": f'<meta content="{html.escape(SENTENCE)}">',
    "half of it": " ".join(SENTENCE.split()[3:11]),
    "in full width": SENTENCE.translate({number: number + 0xFEE0 for number in range(0x41, 0x7B)}),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_sentence_is_known_again_however_it_is_written(form: str) -> None:
    traces = Traces()
    traces.add(Piece(1, SENTENCE))
    assert {piece.sentence for piece in traces.in_text(f"before {FORMS[form]} after")} == {SENTENCE}


def test_other_sentences_of_the_same_words_are_not_taken_for_it() -> None:
    traces = Traces()
    traces.add(Piece(1, SENTENCE))
    assert not traces.in_text("The old harbour master said no to the keeper's daughter, and never twice that night.")
    traces.forget_what_is_in(f"<p>{html.escape(SENTENCE)}</p>")
    assert not traces.in_text(SENTENCE)


def test_chinese_sentences_are_known_again() -> None:
    traces = Traces()
    traces.add(Piece(1, "港口的老管理员在黎明之前数了两遍灯笼然后才回家去睡觉"))
    assert traces.in_text("<p>他们说港口的老管理员在黎明之前数了两遍灯笼然后才回家。</p>")
    assert not traces.in_text("<p>港口的老管理员睡觉。</p>")
