"""One form for each address, and a sentence for what is none."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.addresses import LONGEST_ADDRESS, AddressRefused, normalise

CANONICAL = {
    "reader@example.org": "reader@example.org",
    "  Reader@Example.ORG ": "reader@example.org",
    "admin+x@example.net": "admin+x@example.net",
    "first.last@sub.example.net": "first.last@sub.example.net",
    "admin@exämple.net": "admin@xn--exmple-cua.net",
    "ADMIN@EXÄMPLE.NET": "admin@xn--exmple-cua.net",
    "admin@exa\u0308mple.net": "admin@xn--exmple-cua.net",
    "admin@XN--EXMPLE-CUA.net": "admin@xn--exmple-cua.net",
    "x@straße.de": "x@xn--strae-oqa.de",
    "a@пример.рф": "a@xn--e1afmkfd.xn--p1ai",
    "a@рос.рф": "a@xn--n1ade.xn--p1ai",
    "a@пример.com": "a@xn--e1afmkfd.com",
    "a@例え.jp": "a@xn--r8jz45g.jp",
    "a@παράδειγμα.gr": "a@xn--hxajbheg2az3al.gr",
    "a" * 64 + "@example.org": "a" * 64 + "@example.org",
}
REFUSED = [
    "",
    "   ",
    "nobody",
    "nobody@",
    "@example.org",
    "a@b@example.org",
    "a@example.net,b@evil.example",
    "a@example.net;b@evil.example",
    "a@example.net b@evil.example",
    "a@example.net\nBcc: x@evil.example",
    "a@example.net\r\n",
    "a@example.net\x00",
    "a@example.net\u2028",
    "a\u200d@example.net",
    "a@ex\u00adample.net",
    '"q" <a@example.net>',
    '"q"@example.net',
    "A Name <a@example.net>",
    "<script>@example.net",
    "ａｄｍｉｎ@example.net",
    "admın@example.net",
    "аdmin@example.net",  # the first letter is Cyrillic
    "ß@example.net",
    "a@exаmple.org",  # with one Cyrillic letter
    "a@xn--exmple-4nf.org",  # the same, as the DNS knows it
    "a@exαmple.org",  # with one Greek letter
    "a@mail.exаmple.org",
    "a@сосо.com",  # all of it Cyrillic
    "a@ｅｘａｍｐｌｅ.net",
    ".a@example.net",
    "a..b@example.net",
    "a.@example.net",
    "a@example",
    "a@localhost",
    "a@example.net.",
    "a@.example.net",
    "a@-example.net",
    "a@exa_mple.net",
    "a@[192.0.2.1]",
    "a@192.0.2.1",
    "a@xn--a.net",
    "a" * 65 + "@example.org",
    "a@" + "b" * 64 + ".org",
    "a@" + ".".join(["b" * 60] * 5) + ".org",
    "x" * 300 + "@example.org",
    "\ud800@example.org",
]


@pytest.mark.attack("A12")
@pytest.mark.parametrize(("typed", "stored"), CANONICAL.items())
def test_spellings_of_one_address_have_one_form(typed: str, stored: str) -> None:
    assert normalise(typed) == stored


@pytest.mark.attack("A12")
@pytest.mark.parametrize("typed", REFUSED)
def test_what_is_no_single_plain_address_is_refused_in_a_sentence(typed: str) -> None:
    with pytest.raises(AddressRefused, match=r"[A-Z].* .*\.$"):
        normalise(typed)


@given(st.text(max_size=300))
def test_no_text_breaks_it_and_what_it_accepts_stays_as_it_is(typed: str) -> None:
    try:
        address = normalise(typed)
    except AddressRefused:
        return
    assert normalise(address) == address
    assert address.isascii()
    assert address == address.lower()
    assert len(address) <= LONGEST_ADDRESS


@pytest.mark.attack("A12")
@given(st.from_regex(r"[a-zA-Z0-9._+-]{1,70}@[a-zA-Z0-9äöéßı.-]{1,80}\.[a-z]{2,5}", fullmatch=True))
def test_case_makes_no_other_address(typed: str) -> None:
    try:
        address = normalise(typed)
    except AddressRefused:
        return
    assert address.partition("@")[0] == typed.partition("@")[0].lower()


@pytest.mark.attack("A12")
def test_the_hostile_member_list_yields_one_account_per_mailbox(shared: Path) -> None:
    accepted = []
    with (shared / "exports/hostile/members-hostile.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                accepted.append(normalise(row["email"]))
            except AddressRefused:
                continue
    assert set(accepted) == {
        "ok@example.net",
        "admin@example.net",
        "admin+x@example.net",
        "admin@xn--exmple-cua.net",
        "x@example.net",
    }
