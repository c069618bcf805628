"""Prices as each language writes them, of currencies with and without decimals."""

from __future__ import annotations

import pytest
from django.utils import translation

from subscriptions.models.plan import babel_locale, money


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en-gb", ["$89", "$8.50", "€1,234.50", "£9", "¥1,200", "KWD 1.250", "CHF 12"]),
        ("en", ["$89", "$8.50", "€1,234.50", "£9", "¥1,200", "KWD 1.250", "CHF 12"]),
        ("de", ["89 $", "8,50 $", "1.234,50 €", "9 £", "1.200 ¥", "1,250 KWD", "12 CHF"]),
        ("fr", ["89 $", "8,50 $", "1 234,50 €", "9 £", "1 200 ¥", "1,250 KWD", "12 CHF"]),
        ("ar", ["89 $", "8.50 $", "1,234.50 €", "9 £", "1,200 ¥", "1.250 KWD", "12 CHF"]),
        ("ja", ["$89", "$8.50", "€1,234.50", "£9", "¥1,200", "KWD 1.250", "CHF 12"]),
    ],
)
def test_a_price_is_written_as_the_language_does(language: str, texts: list[str]) -> None:
    prices = [(8900, "USD"), (850, "USD"), (123450, "EUR"), (900, "GBP"), (1200, "JPY"), (1250, "KWD"), (1200, "CHF")]
    with translation.override(language):
        written = [money(amount, currency) for amount, currency in prices]
    # Spaces that do not break, and marks of direction around them, are part of what a language asks for.
    plain = [text.translate({0xA0: " ", 0x202F: " ", 0x200F: "", 0x200E: "", 0x61C: ""}).strip() for text in written]
    assert plain == texts
    assert not any(" " in text for text in written)


def test_a_language_of_which_nothing_is_known_writes_prices_as_english_does() -> None:
    assert str(babel_locale("xx-nowhere")) == "en"
    assert str(babel_locale("pt-br")) == "pt_BR"
