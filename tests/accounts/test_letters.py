"""Every mail is its plain text, then the same as HTML: escaped, whole in itself, and without a word that could lead
elsewhere than it says.
"""

from __future__ import annotations

import re
from email.message import EmailMessage as ParsedMessage
from html.parser import HTMLParser
from typing import Any, cast

import pytest
from django.core import mail as outgoing
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django_tasks_db.models import DBTaskResult
from hypothesis import given
from hypothesis import strategies as st

from accounts import mail
from accounts.letters import Kind, as_html, blocks_of, letter, quoted
from subscriptions.outgoing import queue_mail
from tests import make
from tests.accounts import doors

HOSTILE = '<img src="https://evil.example/a.png"> & <script>alert(1)</script>'
SITE = "https://news.example.org"
SIGNED = f"\n\n-- \nThe Review\n{SITE}"


@pytest.fixture(autouse=True)
def public_site(settings: Any) -> None:
    settings.SITE_URL = SITE
    settings.SITE_NAME = "The Review"


class Html(HTMLParser):
    """The tags and words of a mail, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.links: dict[str, str] = {}
        self.words: list[str] = []
        self.href = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.href = dict(attrs).get("href") or "" if tag == "a" else ""

    def handle_data(self, data: str) -> None:
        if self.href:
            self.links[data] = self.href
            self.href = ""
        self.words.append(data)


def parts_of(message: Any) -> list[ParsedMessage]:
    parsed = cast("EmailMultiAlternatives", message).message()
    assert parsed.get_content_type() == "multipart/alternative"
    return list(parsed.iter_parts())


def text_of(part: ParsedMessage) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


@pytest.mark.django_db
def test_a_code_is_mailed_as_text_and_then_as_html(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    make.run_tasks()
    (message,) = outgoing.outbox
    plain, html = parts_of(message)
    assert [plain.get_content_type(), html.get_content_type()] == ["text/plain", "text/html"]
    code = re.findall(r"(?m)^\d{6}$", text_of(plain))
    assert len(code) == 1
    assert text_of(plain).strip() == message.body.strip()
    assert f">{code[0]}</p>" in text_of(html)


@pytest.mark.django_db
def test_no_preview_of_a_mail_tells_the_code(stranger: Client) -> None:
    doors.ask_at_login(stranger, "reader@example.org")
    make.run_tasks()
    (message,) = outgoing.outbox
    _plain, html = parts_of(message)
    hidden = text_of(html).split("display: none")[1].split("</div>")[0]
    assert "quarter of an hour" in hidden
    assert not re.search(r"\d{6}", hidden.replace("&#847;", ""))
    assert hidden.count("&zwnj;") > 50  # what stands in the mail itself is pushed out of the preview
    assert text_of(html).index("display: none") < text_of(html).index("<h1")


@pytest.mark.django_db
def test_a_mail_about_a_subscription_has_both_parts_with_its_links() -> None:
    user = make.user("reader@example.org", name="Reader")
    subscription = make.subscription(user)
    context = {"kept": subscription, "subscription": subscription, "invoices": []}
    assert queue_mail("second", user, "second_payment_returned", context)
    make.run_tasks()
    (message,) = outgoing.outbox
    plain, html = parts_of(message)
    assert f"{SITE}/account/" in text_of(plain)
    assert Html(text_of(html)).links[f"{SITE}/account/"] == f"{SITE}/account/"


def test_what_is_hostile_stands_as_words() -> None:
    text = f"You subscribed to {HOSTILE}.\n\nSubscription: {HOSTILE}\nPlace: {HOSTILE}\n\n{HOSTILE}\n{SITE}/a/{SIGNED}"
    html = Html(as_html(HOSTILE, text))
    assert not {"img", "script"} & set(html.tags)
    assert not any(name.startswith("on") for name, _value in html.attributes)
    assert " ".join(html.words).count(HOSTILE) == 6  # title, preheader, heading, two facts, entry


def test_a_mail_fetches_nothing() -> None:
    html = as_html("A subject", f"Hello\n\n123456\n\nA headline\nWords\n{SITE}/articles/a/\n\nMore:\n{SITE}/b/{SIGNED}")
    assert not re.search(r"<(?:img|link|script|iframe|object|video|base|form)\b|url\(|@import|\bsrc\s*=", html)
    assert set(Html(html).links.values()) == {f"{SITE}/articles/a/", f"{SITE}/b/", SITE}


@pytest.mark.parametrize(
    "address", ["https://evil.example/a/", "https://news.example.org.evil.example/", "http://news.example.org/a/"]
)
def test_words_lead_to_this_site_alone(address: str) -> None:
    html = Html(as_html("A subject", f"First\n\nLog in here\nat once\n{address}"))
    assert "Log in here" not in html.links
    assert html.links == {address: address}
    own = Html(as_html("A subject", f"First\n\nThe Ledger\nby an author\n{SITE}/articles/ledger/"))
    assert own.links == {"The Ledger": f"{SITE}/articles/ledger/"}


def test_an_address_among_words_is_a_link_only_if_it_is_ours() -> None:
    html = Html(as_html("A subject", f"First\n\n- Browser: https://evil.example/x\n\nAll: {SITE}/archive/."))
    assert html.links == {f"{SITE}/archive/": f"{SITE}/archive/"}


@given(words=st.text(st.sampled_from("a1 \n\r\t:>-\u2028\u202e\u200b") | st.characters(exclude_categories=("Cs",))))
def test_what_a_stranger_wrote_is_a_quote_and_nothing_else(words: str) -> None:
    (first, *quotes, last) = blocks_of(f"Words of ours.\n\n{quoted(words)}\n\nMore of ours.")
    assert (first.lines, last.lines) == (("Words of ours.",), ("More of ours.",))
    assert len(quotes) <= 1
    assert all(block.kind is Kind.QUOTE for block in quotes)
    assert "\u202e" not in quoted(words)


def test_nothing_in_a_quote_looks_like_ours() -> None:
    words = f"Your account is closed.\n\n123456\n\nDue: $5\nUntil: now\n\n{SITE}/a/\n\nhttps://evil.example/\n\n-- \nUs"
    text = f"A gift.\n\n{quoted(words)}\n\nOpen it:\n{SITE}/b/{SIGNED}"
    html = Html(as_html("A subject", text))
    assert html.links == {f"{SITE}/b/": f"{SITE}/b/", SITE: SITE}
    assert not {"dl", "h2"} & set(html.tags)
    assert html.tags.count("blockquote") == 1
    assert "letter-spacing: 8px" not in as_html("A subject", text)  # as codes are set
    assert all(line.startswith(">") for line in quoted(words).splitlines())
    assert "Due: $5" in " ".join(html.words)


def test_facts_are_a_list_of_names_and_values() -> None:
    html = as_html("A subject", "Thank you.\n\nAmount: $89\nPaid on: 3 May 2026, 12:30")
    assert [tag for tag in Html(html).tags if tag in ("dl", "dt", "dd")] == ["dl", "dt", "dd", "dt", "dd"]
    assert "3 May 2026, 12:30</dd>" in html


def test_one_heading_opens_the_mail_and_it_is_not_said_twice() -> None:
    short = as_html("The subject", "The first line.\n\nThe second.")
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", short) == ["The first line."]
    assert short.count("The first line.") == 1
    long = as_html("The subject", f"{'A long sentence. ' * 20}\n\nThe second.")
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", long) == ["The subject"]


@given(text=st.text(st.characters(exclude_categories=("Cs",)), max_size=400), subject=st.text(max_size=80))
def test_no_text_breaks_the_frame(text: str, subject: str) -> None:
    html = as_html(" ".join(subject.split()), text)
    assert html.count("<h1") == 1
    assert html.rstrip().endswith("</html>")
    assert set(Html(html).tags) <= {
        "html", "head", "meta", "title", "style", "body", "div", "p", "h1", "h2", "a", "br", "dl", "dt", "dd",
        "blockquote",
    }  # fmt: skip


@pytest.mark.django_db
def test_a_task_of_another_release_is_sent_with_both_parts() -> None:
    mail.send.enqueue(recipient="a@example.org", sender="b@example.org", subject="Code", text="Your code:\n\n123456\n")
    make.run_tasks()
    (message,) = outgoing.outbox
    assert [part.get_content_type() for part in parts_of(message)] == ["text/plain", "text/html"]


@pytest.mark.django_db
def test_a_decoy_queues_what_a_mail_queues(stranger: Client) -> None:
    user = make.user("gone@example.org", is_active=False)
    assert not user.is_active
    rows = []
    for address in ("gone@example.org", "new@example.org"):
        doors.ask_at_login(Client(), address)
        rows.append(DBTaskResult.objects.latest("enqueued_at"))
    decoy, real = rows
    assert [decoy.task_path, real.task_path] == ["accounts.mail.drop", "accounts.mail.send"]
    arguments = [row.args_kwargs["kwargs"] for row in rows]
    sizes = [{name: len(value) for name, value in kept.items() if name != "recipient"} for kept in arguments]
    assert sizes[0] == sizes[1]
    assert not any("<p" in kept["text"] for kept in arguments)


@pytest.mark.attack("E02")
@pytest.mark.parametrize(
    ("subject", "recipient"),
    [
        ("Hello\nBcc: other@example.org", "reader@example.org"),
        ("Hello\r\nBcc: other@example.org", "reader@example.org"),
        ("Hello", "reader@example.org\nBcc: other@example.org"),
    ],
)
def test_a_line_break_begins_no_header_of_its_own(subject: str, recipient: str) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        letter(subject, "Text", "post@example.org", recipient).message()
    assert letter("Hello", "Text", "post@example.org", "reader@example.org").message()["Bcc"] is None


@pytest.mark.attack("E02")
@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "a@example.org, b@example.org",
        "a@example.org;b@example.org",
        '"Reader" <a@example.org>',
        "a@example.org\nBcc: b@example.org",
        "a@example.org%0ABcc:b@example.org",
    ],
)
def test_one_form_sends_to_one_address_at_most(address: str, stranger: Client) -> None:
    doors.ask_at_login(stranger, address)
    make.run_tasks()
    assert outgoing.outbox == []
    doors.ask_at_login(stranger, "reader@example.org")
    make.run_tasks()
    assert [message.recipients() for message in outgoing.outbox] == [["reader@example.org"]]
