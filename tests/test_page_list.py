"""The list of page types is true: each row leads where it says."""

from __future__ import annotations

import re

import pytest

from tests.pages import PAGES, PageType, Publication, Shown

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_page_type_answers_as_the_list_says(page: PageType, library: Publication) -> None:
    assert library.show(page).html.startswith("<!doctype html>")


@pytest.mark.parametrize("page", [page for page in PAGES if page.of], ids=str)
def test_a_state_has_the_template_and_the_sheets_of_its_type(page: PageType, library: Publication) -> None:
    (kind,) = (each for each in PAGES if each.name == page.of)
    state, whole = library.show(page), library.show(kind)
    assert state.template == whole.template != ""
    assert sheets(state) == sheets(whole) != []


def sheets(shown: Shown) -> list[str]:
    return re.findall(r'<link rel="stylesheet"[^>]*>', shown.html)
