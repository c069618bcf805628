"""Dates and numbers as each language writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import translation

from tests import make

WRITTEN = Template(
    "{% load humanize %}"
    '{{ moment|date:"DATE_FORMAT" }}|{{ moment|date:"YEAR_MONTH_FORMAT" }}|{{ moment|date:"MONTH_DAY_FORMAT" }}'
    "|{{ number|intcomma }}"
)


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en-gb", "20 August 2026|August 2026|20 August|10,412"),
        ("en-au", "20 August 2026|August 2026|20 August|10,412"),
        ("en", "August 20, 2026|August 2026|August 20|10,412"),
        ("de", "20. August 2026|August 2026|20. August|10.412"),
        ("fr", "20 août 2026|août 2026|20 août|10\u202f412"),
        ("ja", "2026年8月20日|2026年8月|8月20日|10,412"),
        ("ar", "20 أغسطس، 2026|أغسطس 2026|20 أغسطس|10412"),
    ],
)
def test_dates_and_numbers_are_written_as_the_language_does(language: str, written: str) -> None:
    with translation.override(language):
        text = WRITTEN.render(Context({"moment": datetime(2026, 8, 20, 9, tzinfo=UTC), "number": 10412}))
    assert text.replace("\xa0", "\u202f") == written


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "day", "month"),
    [("en-gb", "20 August 2025", "August"), ("de", "20. August 2025", "August"), ("ja", "2025年8月20日", "8月")],
)
def test_pages_write_dates_in_their_language(
    language: str, day: str, month: str, stranger: Client, settings: Any
) -> None:
    settings.LANGUAGE_CODE = language
    article = make.article(section=make.section(), published_at=datetime(2025, 8, 20, 9, tzinfo=UTC))
    for url in (article.get_absolute_url(), "/sections/security/", "/archive/2025/08/"):
        text = stranger.get(url).content.decode()
        assert day in text, url
        assert f'<html lang="{language}"' in text
    assert f">{month}</a>" in stranger.get("/archive/").content.decode()
