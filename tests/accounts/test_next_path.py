"""Where a login may lead: paths of this site and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.next_path import NextRefused, local_path, local_path_or_none

LOCAL = [
    "/",
    "/articles/story/#continue",
    "/search/?q=a%20b&page=2",
    "/search/?q=https://elsewhere.example/",
    "/sections/s%C3%A9curit%C3%A9/",
    "/sections/sécurité/",
    "/%2f/elsewhere.example",
]
ELSEWHERE = [
    "",
    "articles/story/",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/articles/..\\evil",
    "/.//evil.example",
    "/..//evil.example",
    "/articles//evil.example/",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https://evil.example",
    "http://testserver/",
    "http://localhost/",
    "HTTP://EVIL.EXAMPLE",
    "javascript:alert(1)",
    "data:text/html,x",
    "mailto:x@evil.example",
    "/a\r\nLocation: https://evil.example",
    "/a\nb",
    "/a\tb",
    "\t/a",
    " /a",
    "/a b",
    "/a\x00",
    "/\u2028evil",
    "/\u200b/evil.example",
    "?next=/",
    "#continue",
    "/" + "x" * 2000,
    "/" + "é" * 300,
]


@pytest.mark.parametrize("raw", LOCAL)
def test_a_path_of_this_site_is_kept_as_it_is(raw: str) -> None:
    assert local_path(raw) == raw


@pytest.mark.attack("A13")
@pytest.mark.parametrize("raw", ELSEWHERE)
def test_what_may_lead_elsewhere_is_refused(raw: str) -> None:
    with pytest.raises(NextRefused):
        local_path(raw)
    assert local_path_or_none(raw) == ""


@pytest.mark.attack("A13")
@given(st.text(alphabet="/\\:?#@.%ahtpsevil \t\n", max_size=40))
def test_no_accepted_text_names_a_host(raw: str) -> None:
    if accepted := local_path_or_none(raw):
        assert accepted[0] == "/"
        assert accepted[1:2] not in ("/", "\\")
        assert not set(accepted) & set("\\\t\n ")
