"""Links that hand an article on: by mail, and to networks, of which nothing is fetched before a reader follows one."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class ShareLinks:
    mail: str
    networks: list[tuple[str, str]]  # name and address


def share_links(headline: str, url: str) -> ShareLinks:
    """`url` is the article's own, absolute: what is handed on says nothing of who hands it on."""
    both = f"{headline} {url}"
    return ShareLinks(
        mail="mailto:?" + urlencode({"subject": headline, "body": f"{headline}\r\n\r\n{url}"}, quote_via=quote),
        networks=[
            ("Bluesky", "https://bsky.app/intent/compose?" + urlencode({"text": both}, quote_via=quote)),
            ("LinkedIn", "https://www.linkedin.com/sharing/share-offsite/?" + urlencode({"url": url})),
            ("WhatsApp", "https://wa.me/?" + urlencode({"text": both}, quote_via=quote)),
        ],
    )
