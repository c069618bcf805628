"""The list of page types is true: each row leads where it says."""

from __future__ import annotations

import pytest

from tests.pages import PAGES, PageType, Publication

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_page_type_answers_as_the_list_says(page: PageType, library: Publication) -> None:
    assert library.show(page).html.startswith("<!doctype html>")
