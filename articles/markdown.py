"""Markdown as HTML, still to be cleaned. CommonMark, tables, footnotes and marked blocks; HTML in it passes, save what
only looks like a tag.

Wire stories write "Standard Oil <SRD>" and manuals "<name of agency>": to CommonMark those are tags, and would be lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.footnote import footnote_plugin

from articles.blocks import END, OPEN, SUBSCRIBERS
from articles.html_blocks import BOUNDARIES, INLINE, RENAMED, TABLE_PARTS
from articles.html_tokens import TOKEN, escape, parse_attributes
from articles.sanitising import ALLOWED_TAGS, DROPPED_WITH_CONTENT

NEVER_CLOSED = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_OTHER_TAGS = frozenset(
    """abbr acronym applet area audio base bdi bdo big blink button col colgroup data datalist del embed font frame
    frameset h6 head img input ins label link mark marquee meta meter nobr object optgroup option output param picture
    progress q rp rt ruby s small source span strike time track u video wbr""".split()
)
KNOWN_TAGS = ALLOWED_TAGS | INLINE | BOUNDARIES | TABLE_PARTS | DROPPED_WITH_CONTENT | set(RENAMED) | _OTHER_TAGS
# Attributes that stand without a value; any other word in a tag means that it is prose: <Data General Corp>.
BARE_ATTRIBUTES = frozenset(
    """allowfullscreen async autofocus autoplay checked compact controls default defer disabled formnovalidate hidden
    inert ismap itemscope loop multiple muted nomodule noresize noshade novalidate nowrap open playsinline readonly
    required reversed selected""".split()
)
BLOCKS = {"open": OPEN, "subscribers": SUBSCRIBERS}
_FENCE = re.compile(":{3,}")
_END_TAG = re.compile(r"</([a-z][a-z0-9]*)")


def to_html(source: str) -> str:
    """The HTML of a text in Markdown. It may hold anything: hand it to `sanitising`."""
    source = source.replace("\r\n", "\n").replace("\r", "\n") + "\n"  # the container plugin wants an end of line
    env = {"closed": frozenset(_END_TAG.findall(source.lower())), "lines": source.split("\n"), "ends": []}
    rendered: str = _parser.render(source, env)
    return rendered


def _is_tag(match: re.Match[str], env: EnvType, *, is_alone: bool) -> bool:
    """Whether what is written like a tag is one. `is_alone`: it stands where a block of HTML may begin."""
    name = (match["name"] or "").lower()
    if not name or "-" in name or ":" in name:  # comments, declarations, elements of somebody's own
        return True
    if name not in KNOWN_TAGS:
        return False
    if match["slash"] or name in NEVER_CLOSED:
        return True
    attributes = parse_attributes(match["attributes"])
    if any(value is None and attribute not in BARE_ATTRIBUTES for attribute, value in attributes.items()):
        return False
    return bool(attributes) or name in env["closed"] or (is_alone and name not in INLINE)


def _keep_tags(content: str, env: EnvType, *, is_alone: bool) -> str:
    def written(match: re.Match[str]) -> str:
        return match[0] if _is_tag(match, env, is_alone=is_alone) else escape(match[0])

    return TOKEN.sub(written, content)


class _Parser(MarkdownIt):
    def normalizeLink(self, url: str) -> str:  # noqa: N802 (markdown-it's name)
        """Addresses are judged where HTML is cleaned; the library's own way with them takes a tenth of the time."""
        return url


def _render_html_inline(
    _: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, env: EnvType
) -> str:
    return _keep_tags(tokens[index].content, env, is_alone=False)


def _render_html_block(
    _: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, env: EnvType
) -> str:
    # The empty element ends the paragraph, as the blank line after the block does: <span>one</span>, blank line, two.
    return _keep_tags(tokens[index].content, env, is_alone=True) + "<div></div>\n"


def _render_note_mark(
    _: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    number = tokens[index].meta["id"] + 1
    return f'<sup class="note"><a href="#note-{number}">{number}</a></sup>'


def _render_note(_: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType) -> str:
    return f'<li id="note-{tokens[index].meta["id"] + 1}">'


def _render_block(_: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, env: EnvType) -> str:
    """`::: open` or `::: subscribers`, until `:::`. One that is not closed is not closed in HTML either: whether it
    counts all the same is decided where HTML is cleaned.
    """
    token = tokens[index]
    if token.nesting < 0:
        return str(env["ends"].pop())
    line = token.map[1] if token.map else 0
    is_closed = line < len(env["lines"]) and _FENCE.fullmatch(env["lines"][line].strip(" \t>"))
    env["ends"].append(f"{END}\n" if is_closed else "")
    return f'<section class="{BLOCKS[token.type.removeprefix("container_").removesuffix("_open")]}">\n'


def _names(name: str) -> Callable[[str, str], bool]:
    return lambda words, _: words.lower().split()[:1] == [name]


def _written(html: str) -> Callable[..., str]:
    return lambda *_: html


# Without code by indentation: in articles it is HTML that some editor set in by four blanks. Fenced code stays.
_parser = _Parser("commonmark", {"html": True}).enable("table").disable("code")
_parser.add_render_rule("html_inline", _render_html_inline)
_parser.add_render_rule("html_block", _render_html_block)
# [^1] marks a note, [^1]: begins it. A mark without a note stays what it is, text.
footnote_plugin(_parser, inline=False)
for _name in BLOCKS:
    container_plugin(_parser, _name, validate=_names(_name), render=_render_block)
for _name, _rule in {
    "footnote_ref": _render_note_mark,
    "footnote_block_open": _written('<ol class="notes">'),
    "footnote_block_close": _written("</ol>"),
    "footnote_open": _render_note,
    "footnote_anchor": _written(""),
}.items():
    _parser.add_render_rule(_name, _rule)
