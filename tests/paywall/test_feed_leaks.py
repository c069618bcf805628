"""The feeds that everybody may ask for hold no sentence of a gated body, in no format, for nobody."""

from __future__ import annotations

import pytest
from django.test import Client

from articles.models import Article
from articles.page_store import PageStore
from tests import make
from tests.articles.test_feeds import FORMS, STEMS, belonging

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

READERS = ["stranger", "registered", "lapsed", "subscriber", "editor"]


def texts(client: Client, form: str) -> dict[str, str]:
    """What each feed of this format says."""
    return {stem: client.get(f"/{stem}.{FORMS[form]}").content.decode() for stem in STEMS}


@pytest.mark.attack("L04")
@pytest.mark.parametrize("who", READERS)
@pytest.mark.parametrize("form", ["rss", "atom"])
def test_rss_and_atom_of_every_list_stop_at_the_teaser(form: str, who: str, request: pytest.FixtureRequest) -> None:
    articles = [belonging(tier=tier) for tier in ("free", "registered", "premium")]
    for stem, text in texts(request.getfixturevalue(who), form).items():
        assert "The ferry left before dawn" in text, stem
        assert make.SENTINEL not in text, (stem, articles)
        assert "content:encoded>" not in text


@pytest.mark.attack("L05")
@pytest.mark.parametrize("who", READERS)
def test_json_feeds_of_every_list_stop_at_the_teaser(who: str, request: pytest.FixtureRequest) -> None:
    for tier in ("free", "registered", "premium"):
        belonging(tier=tier)
    for stem, text in texts(request.getfixturevalue(who), "json").items():
        assert "The ferry left before dawn" in text, stem
        assert make.SENTINEL not in text, stem


@pytest.mark.attack("L38")
@pytest.mark.parametrize("form", FORMS)
def test_what_was_free_leaves_no_copy_and_no_mark_in_a_feed_once_it_costs(
    form: str, stranger: Client, kept_pages: PageStore
) -> None:
    """The process that keeps the pages hears of the change by the key of the article, as in test_purging."""
    article = belonging(tier="free")
    before = texts(stranger, form)
    assert all("Free to read." in text for text in before.values())
    Article.objects.filter(pk=article.pk).update(tier="premium")
    kept_pages.purge([f"article-{article.pk}"])
    for stem, text in texts(stranger, form).items():
        assert "For subscribers." in text, stem
        assert "Free to read." not in text
        assert article.sentinel not in text
        assert article.public_id.urn in text
