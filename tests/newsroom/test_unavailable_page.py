"""The page that nginx shows where the site does not answer: whole in itself, and its policy lets its style through."""

from __future__ import annotations

import base64
import hashlib
import re

from tests.servers import PROJECT

PAGE = (PROJECT / "deploy" / "unavailable.html").read_text(encoding="utf-8")
CONFIGURATION = (PROJECT / "deploy" / "nginx.conf").read_text(encoding="utf-8")


def test_the_policy_names_the_style_of_the_page() -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", PAGE, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    location = CONFIGURATION.split("location = /unavailable.html {")[1].split("}")[0]
    assert f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'" in location


def test_the_page_asks_for_nothing_else() -> None:
    assert not re.search(r"\b(?:src|href|style)=|url\(|@import|<script", PAGE)
