"""The mail that a demonstration sent, read back from the folder of the file mailer. Routed in local mode only."""

from __future__ import annotations

import email
import email.policy
import hashlib
import heapq
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

MOST_LETTERS = 100
BETWEEN_MAILS = b"\n" + b"-" * 79 + b"\n"  # as Django's file mailer writes them


@dataclass(frozen=True, slots=True)
class Letter:
    recipient: str
    subject: str
    text: str
    sent_at: datetime
    key: str  # names it in an address
    html: str  # empty where the mail has none


# A mail is a page of somebody else's making: it runs nothing, fetches nothing, sends nothing and is nobody's origin.
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@require_safe
@never_cache
def inbox(request: HttpRequest) -> HttpResponse:
    if not settings.LOCAL_MODE:
        raise Http404
    response = render(request, "newsroom/inbox.html", {"letters": newest_letters(settings.MAIL_DIR)})
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@require_safe
@never_cache
def inbox_html(request: HttpRequest, key: str) -> HttpResponse:
    """The HTML part of one mail, as a mail program would show it."""
    found = [letter for letter in newest_letters(settings.MAIL_DIR) if letter.key == key and letter.html]
    if not settings.LOCAL_MODE or not found:
        raise Http404
    response = HttpResponse(found[0].html)
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response


def newest_letters(folder: Path) -> list[Letter]:
    """The newest mails of the folder, at most MOST_LETTERS. A folder that is not there yet holds none."""
    stamped = ((path.stat().st_mtime_ns, path) for path in folder.glob("*.log"))
    files = [path for _stamp, path in heapq.nlargest(MOST_LETTERS, stamped)]
    messages = [message for path in files for message in messages_of(path)]
    return [letter_of(message) for message in heapq.nlargest(MOST_LETTERS, messages, key=moment_of)]


def messages_of(path: Path) -> list[EmailMessage]:
    """The mails of one file; one that is just being written is left out."""
    written = path.read_bytes().split(BETWEEN_MAILS)[:-1]
    return [email.message_from_bytes(raw, EmailMessage, policy=email.policy.default) for raw in written]


def moment_of(message: EmailMessage) -> tuple[datetime, str]:
    """When it was sent: to the second, and within it by the Message-ID, which begins with hundredths of seconds."""
    return sent_at(message), str(message["Message-ID"])


def sent_at(message: EmailMessage) -> datetime:
    return parsedate_to_datetime(str(message["Date"]))


def letter_of(message: EmailMessage) -> Letter:
    key = hashlib.sha256(str(message["Message-ID"]).encode(errors="replace")).hexdigest()[:16]
    text, html = part_of(message, "plain").strip(), part_of(message, "html")
    return Letter(str(message["To"]), str(message["Subject"]), text, sent_at(message), key, html)


def part_of(message: EmailMessage, kind: str) -> str:
    """The text of that kind; empty where there is none."""
    body = message.get_body((kind,))
    return str(body.get_content()) if body else ""
