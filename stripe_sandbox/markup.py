"""HTML for the stand-in's own pages: elements that escape whatever they are given, and the frame around a page.

Nothing here knows what is sold or paid, and no text reaches a page but through `element` or `document`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

BANNER = "No money moves: this is a stand-in for Stripe"
STYLE = (Path(__file__).parent / "pages.css").read_text(encoding="utf-8").replace("</", "<\\/")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

# In each form that posts: a page elsewhere can make a browser post to loopback, but cannot read this.
FORM_TOKEN = secrets.token_urlsafe(16)

# https://docs.stripe.com/currencies: amounts of these have no minor unit, or one of a thousandth.
ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
THREE_DECIMAL = frozenset("BHD JOD KWD OMR TND".split())
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
VOID = frozenset({"input", "meta"})


class Html(str):
    """Text that is markup already. Only this module makes it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server sends back: a page, or a redirect to `location`, always with `headers`."""

    status: int
    html: str = ""
    location: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def element(tag: str, /, *children: str, **attributes: str | bool | None) -> Html:
    """One element; children and attributes are escaped unless they are Html. `class_` is class, `_` becomes `-`.

    An attribute that is True stands alone, one that is False or None is left out.
    """
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{html.escape(value)}"')
        for key, value in attributes.items()
        if isinstance(value, str) or value is True
    )
    return Html(f"<{tag}{written}>" if tag in VOID else f"<{tag}{written}>{join(children)}</{tag}>")


def join(children: Iterable[str]) -> Html:
    return Html("".join(child if isinstance(child, Html) else html.escape(child) for child in children))


def link(text: str, address: str, class_: str | None = None) -> Html:
    """A link; an address that is not http(s) or a path of ours stays text, so that no script hides in one."""
    if urlsplit(address).scheme not in ("", "http", "https"):
        return element("span", text)
    return element("a", text, href=address, class_=class_)


def post_form(address: str, *children: str, class_: str | None = None) -> Html:
    return element("form", hidden("token", FORM_TOKEN), *children, method="post", action=address, class_=class_)


def is_ours(form: dict[str, str]) -> bool:
    """Whether what was posted came from a form of ours."""
    return hmac.compare_digest(form.get("token", "").encode(), FORM_TOKEN.encode())


def hidden(name: str, value: str) -> Html:
    return element("input", type="hidden", name=name, value=value)


def button(label: str, *, name: str | None = None, value: str | None = None, class_: str | None = None) -> Html:
    return element("button", label, type="submit", name=name, value=value, class_=class_)


def alert(text: str) -> Html:
    return element("p", text, class_="alert", role="alert")


def table(caption: str, columns: Iterable[str], rows: Iterable[Iterable[str]], *, empty: str) -> Html:
    """A table whose cells carry their column's name, so that a narrow screen can stack them."""
    names = list(columns)
    body = [
        element("tr", *(element("td", cell, data_label=name) for name, cell in zip(names, row, strict=True)))
        for row in rows
    ]
    if not body:
        return element("p", empty, class_="soft")
    head = element("tr", *(element("th", name, scope="col") for name in names))
    return element(
        "table", element("caption", caption, class_="unseen"), element("thead", head), element("tbody", *body)
    )


def page(title: str, *content: str, status: int = 200, wide: bool = False, leads_to: Iterable[str] = ()) -> Answer:
    """A whole page. `leads_to` are addresses that its forms may redirect to: form-action must allow them."""
    main = element("main", element("h1", title), *content, class_="wide" if wide else None)
    head = join(
        [
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("title", f"{title} – Stripe stand-in"),
            element("style", Html(STYLE)),
        ]
    )
    banner = element("header", element("p", BANNER, class_="banner"))
    body = element("body", banner, main)
    text = f"<!doctype html>\n{element('html', element('head', head), body, lang='en')}\n"
    return Answer(status, text, headers=headers(leads_to))


def bank_page(address: str, *, leads_to: Iterable[str] = ()) -> Answer:
    """The 3-D Secure step, whose form goes to `address`; `leads_to` as of `page`."""
    return page(
        "Your bank asks whether it is you",
        element(
            "section",
            element("p", "With a real card this is the page of the bank (3-D Secure)."),
            post_form(
                address,
                button("Complete authentication", name="outcome", value="complete", class_="main"),
                button("Fail authentication", name="outcome", value="fail"),
                class_="row",
            ),
        ),
        leads_to=leads_to,
    )


def redirect(location: str) -> Answer:
    return Answer(303, location=location, headers=headers([]))


def headers(leads_to: Iterable[str]) -> dict[str, str]:
    """No script, frame or cache. `same-origin`: with no-referrer our own forms would send `Origin: null`."""
    targets = " ".join(["'self'", *sorted({origin for address in leads_to if (origin := origin_of(address))})])
    policy = f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action {targets}"
    return {
        "Content-Security-Policy": f"{policy}; base-uri 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


def origin_of(address: str) -> str:
    """Scheme and host for a policy; empty for anything that could break out of one."""
    parts = urlsplit(address)
    is_plain = parts.scheme in ("http", "https") and not set(parts.netloc) & set(" ;,'\"@")
    return f"{parts.scheme}://{parts.netloc}" if is_plain and parts.netloc else ""


def money(amount_minor: int, currency: str) -> str:
    code = currency.upper()
    places = 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2
    whole, part = divmod(abs(amount_minor), 10**places)
    figure = f"{whole:,}" + (f".{part:0{places}d}" if places else "")
    return ("−" if amount_minor < 0 else "") + (SYMBOLS.get(code) or f"{code} ") + figure


def day(timestamp: int) -> str:
    moment = datetime.fromtimestamp(timestamp, UTC)
    return f"{moment.day} {moment:%B %Y}"


def moment(timestamp: int) -> str:
    return f"{day(timestamp)}, {datetime.fromtimestamp(timestamp, UTC):%H:%M:%S} UTC"
