"""The HTML part of a mail, made of its plain text at the moment of sending. It says what the text says, and no more.

A text is blocks with an empty line between them, then "-- " and a signature. Nothing that is kept or queued holds HTML,
so mails of another release are made the same way, and no mail costs more work than another before it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, get_language_bidi

SIGNATURE = re.compile(r"\n-- ?\n")
CODE = re.compile(r"[0-9]{6}")
ADDRESS = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)]")
FACT = re.compile(r"(?:- )?(?P<label>[^:：]{1,30}?)\s*[:：]\s+(?P<value>\S.*)")
DIGITS = re.compile(r"[0-9]{4}")
QUOTE_MARK = ">"
KEPT_UNSEEN = "\u200c\u200d"  # within words of Persian and of Indian scripts, and within emoji
LONGEST_HEADING = 140  # characters
LONGEST_PREHEADER = 120


class Kind(StrEnum):
    CODE = "code"  # six digits and nothing else
    FACTS = "facts"  # two lines or more, each "label: value"
    QUOTE = "quote"  # words that somebody else typed, each line after a QUOTE_MARK: never a code, a fact or a link
    ENTRY = "entry"  # a title, what is said of it, and in the last line its address on this site
    TEXT = "text"  # sentences; an address in a line of its own is a link that shows itself


@dataclass(frozen=True, slots=True)
class Block:
    kind: Kind
    lines: tuple[str, ...]

    @property
    def facts(self) -> list[tuple[str, str]]:
        return [(match["label"], match["value"]) for line in self.lines if (match := FACT.fullmatch(line))]

    @property
    def linked_lines(self) -> list[SafeString]:
        return [linked(line) for line in self.lines]

    @property
    def quoted_lines(self) -> list[str]:
        return [line.removeprefix(QUOTE_MARK).strip() for line in self.lines]

    @property
    def about(self) -> tuple[str, ...]:
        """What an entry says below its title."""
        return self.lines[1:-1]

    @property
    def address(self) -> str:
        return self.lines[-1]


def letter(
    subject: str, text: str, sender: str | None, recipient: str, headers: Mapping[str, str] | None = None
) -> EmailMultiAlternatives:
    """The mail to one recipient: the text, unchanged and first, then the same as HTML."""
    told = {"Auto-Submitted": "auto-generated", **(headers or {})}
    message = EmailMultiAlternatives(subject, text, sender, [recipient], headers=told)
    message.attach_alternative(as_html(subject, text), "text/html")
    return message


def as_html(subject: str, text: str) -> str:
    body, signature = text_and_signature(text)
    blocks = blocks_of(body)
    heading = subject
    if blocks and is_heading(blocks[0]):
        heading, blocks = blocks[0].lines[0], blocks[1:]
    context = {
        "subject": subject,
        "heading": heading,
        "blocks": blocks,
        "preheader": preheader_of(blocks),
        "signature": [linked(line) for line in signature.strip().splitlines()],
        "site_name": settings.SITE_NAME,
        "language": get_language() or settings.LANGUAGE_CODE,
        "direction": "rtl" if get_language_bidi() else "ltr",
    }
    return render_to_string("mail/letter.html", context).strip() + "\n"


def text_and_signature(text: str) -> tuple[str, str]:
    normal = text.replace("\r\n", "\n")
    marks = list(SIGNATURE.finditer(normal))
    return (normal[: marks[-1].start()], normal[marks[-1].end() :]) if marks else (normal, "")


def quoted(words: str) -> str:
    """Words that a stranger typed, as they may stand in a mail of ours: one block, each line behind a mark, so that
    none of it is taken for a code, a fact, a link or the end of the mail.
    """
    return "\n".join(f"{QUOTE_MARK} {' '.join(visible(line).split())}".rstrip() for line in words.strip().splitlines())


def visible(line: str) -> str:
    """Without signs that are not seen, among them those that turn the direction of what follows."""
    return "".join(sign for sign in line if sign.isprintable() or sign in KEPT_UNSEEN or sign.isspace())


def blocks_of(body: str) -> list[Block]:
    found = (tuple(line.strip() for line in part.splitlines()) for part in re.split(r"\n\s*\n", body.strip()))
    return [Block(kind_of(lines), lines) for lines in found if any(lines)]


def kind_of(lines: tuple[str, ...]) -> Kind:
    if all(line.startswith(QUOTE_MARK) for line in lines):
        return Kind.QUOTE
    if len(lines) == 1:
        return Kind.CODE if CODE.fullmatch(lines[0]) else Kind.TEXT
    if all(FACT.fullmatch(line) and not ADDRESS.search(line) for line in lines):
        return Kind.FACTS
    is_named = not lines[0].endswith((":", "：")) and not ADDRESS.search(lines[0])
    return Kind.ENTRY if is_named and is_own(lines[-1]) else Kind.TEXT


def is_own(address: str) -> bool:
    """Whether it leads to this site. Words lead nowhere else: any other address is seen before it is followed."""
    return bool(ADDRESS.fullmatch(address)) and address.startswith(f"{settings.SITE_URL}/")


def is_heading(block: Block) -> bool:
    (first, *more) = block.lines
    return block.kind is Kind.TEXT and not more and len(first) <= LONGEST_HEADING and not ADDRESS.search(first)


def preheader_of(blocks: list[Block]) -> str:
    """What a list of mails, or a locked telephone, shows beside the subject: a sentence or a title without a number
    in it, so that no code and no amount is read there by somebody else. Empty where the mail has none.
    """
    for block in blocks:
        first = block.lines[0]
        if block.kind in (Kind.TEXT, Kind.ENTRY) and not DIGITS.search(first) and not ADDRESS.search(first):
            return first[:LONGEST_PREHEADER]
    return ""


def linked(line: str) -> SafeString:
    """The line, escaped. An address of this site is a link, and so is any that has the line to itself."""
    if ADDRESS.fullmatch(line):
        return link(line)
    parts, end = [], 0
    for match in ADDRESS.finditer(line):
        if is_own(match[0]):
            parts += [escape(line[end : match.start()]), link(match[0])]
            end = match.end()
    return mark_safe("".join([*parts, escape(line[end:])]))  # noqa: S308 - each part is escaped


def link(address: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', address, address)
