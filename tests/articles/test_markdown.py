"""Markdown that becomes a body."""

from __future__ import annotations

import pytest

from articles.markdown import to_html
from articles.sanitising import clean_body


@pytest.mark.parametrize(
    ("source", "stored"),
    [
        ("# A\n\nb *c*", "<h2>A</h2>\n<p>b <em>c</em></p>"),
        (
            "Oil <SRD>, <S>, <P> and <Data General Corp>",
            "<p>Oil &lt;SRD&gt;, &lt;S&gt;, &lt;P&gt; and &lt;Data General Corp&gt;</p>",
        ),
        ("A <name of thing> and </name>", "<p>A &lt;name of thing&gt; and &lt;/name&gt;</p>"),
        ("<Location>\nb", "<p>&lt;Location&gt;\nb</p>"),
        ("a <b>c</b> <br>d <s>e</s>", "<p>a <strong>c</strong> <br>d e</p>"),
        ("<p>a\n<p>b", "<p>a</p>\n<p>b</p>"),
        ("<div>\n\n*a*\n\n</div>\n\nb", "<p><em>a</em></p>\n<p>b</p>"),
        ("<x-box>a\n\nb", "<p>a</p>\n<p>b</p>"),
        ("<span>\na\n</span>\n\n<span>\nb\n</span>", "<p>a</p>\n<p>b</p>"),
        ("| a |\n|---|\n| b |", None),
        ("- a\n\n      <p>\n        b\n      </p>\n", "<ul><li><p>a</p>\n<p>b</p>\n</li>\n</ul>"),
        ("```\n<a>\n```", "<pre><code>&lt;a&gt;\n</code></pre>"),
        ("a `<b>` c", "<p>a <code>&lt;b&gt;</code> c</p>"),
        ("[a](javascript:b) [c](/d e)", "<p>[a](javascript:b) [c](/d e)</p>"),
        ("[a](/ü)", '<p><a href="/ü" rel="noopener">a</a></p>'),
        ("&lt;b&gt; &amp;lt; &#8217;", "<p>&lt;b&gt; &amp;lt; ’</p>"),
        ('a\n\n<hr class="paywall-cut">\n\nb', '<p>a</p>\n<hr class="paywall-cut">\n<p>b</p>'),
        ("![A quay](quay.png)", "<p>A quay</p>"),
    ],
)
def test_markdown_is_stored_as(source: str, stored: str | None) -> None:
    rows = "<table><thead><tr><th>a</th>\n</tr>\n</thead>\n<tbody><tr><td>b</td>\n</tr>\n</tbody>\n</table>"
    table = f'<div class="table" tabindex="0">{rows}\n</div>'
    assert clean_body(to_html(source)) == (stored or table)
