"""Codes for one purpose: what fits, and what does not."""

from __future__ import annotations

import pytest

from accounts.own_codes import fits, new_code, seal


def test_a_code_has_six_digits() -> None:
    code = new_code()
    assert len(code) == 6
    assert code.isdigit()


@pytest.mark.parametrize(
    ("purpose", "subject", "typed", "is_right"),
    [
        ("leaving", "7", "123456", True),
        ("leaving", "7", "123 456", True),
        ("leaving", "7", "123-456", True),
        ("erasure", "7", "123456", False),
        ("leaving", "8", "123456", False),
        ("leaving", "7", "123457", False),
        ("leaving", "7", "", False),
    ],
)
def test_a_code_fits_its_purpose_and_subject_alone(purpose: str, subject: str, typed: str, is_right: bool) -> None:
    assert fits(seal("leaving", "7", "123456"), purpose, subject, typed) is is_right


def test_where_none_was_sent_none_fits() -> None:
    assert not fits("", "leaving", "7", "")
