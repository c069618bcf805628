"""What tests of cleaning and cutting share: texts of HTML, its balance, and strategies that make it."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import strategies as st

VOID = {"br", "hr"}
TAGS = """p div li ul ol table tr td th tbody thead caption b i strong em a sub code h1 h2 h3 h6 pre blockquote br hr
    span dl dt dd section figure figcaption x-own""".split()
ATTRIBUTES = [
    "",
    ' href="/x"',
    ' href="javascript:1"',
    ' class="paywall-cut"',
    " colspan=2",
    " start=4",
    ' x=">"',
    " y",
]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.open: list[str] = []
        self.is_balanced = True

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.is_balanced = False

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


def text_of(html: str) -> str:
    """The text without white space at its ends; runs of it inside are one blank."""
    return " ".join("".join(read(html).texts).split())


def is_balanced(html: str) -> bool:
    reader = read(html)
    return reader.is_balanced and not reader.open


start_tags = st.builds("<{}{}>".format, st.sampled_from(TAGS), st.sampled_from(ATTRIBUTES))
end_tags = st.sampled_from(TAGS).map("</{}>".format)
texts = st.sampled_from(
    ["foo", " ", "\n", "Bar. ", "&amp;", "&nbsp;", "<", "中。", "  z", "&lt;", '"', "A", "<!-- x -->", "&#0;", "\x00"]
)
tag_soup = st.lists(st.one_of(start_tags, end_tags, texts), max_size=40).map("".join)
