"""What one reader alone may read is never marked as everybody's, also where nothing about the request told of it."""

from __future__ import annotations

import pytest
from django.test import Client

from articles.page_store import PageStore
from paywall import readers
from paywall.access import Reason, Right
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


@pytest.mark.parametrize(
    ("tier", "right", "is_public"),
    [
        ("premium", None, True),
        ("premium", Right(Reason.SUBSCRIBER), False),
        ("premium", Right(Reason.INSTITUTION, via="City Library"), False),
        ("premium", Right(Reason.CRAWLER), False),
        ("free", None, True),
        ("free", Right(Reason.SUBSCRIBER), False),
    ],
)
def test_an_unexpected_right_makes_the_page_private(
    monkeypatch: pytest.MonkeyPatch, kept_pages: PageStore, tier: str, right: Right | None, is_public: bool
) -> None:
    article = make.article(tier=tier)
    with monkeypatch.context() as patched:
        if right is not None:
            patched.setattr(readers, "rights_at", lambda *_arguments: (right,))
        response = Client().get(article.get_absolute_url())
        assert (article.sentinel in response.content.decode()) is (right is not None or tier == "free")
        assert response["Cache-Control"].startswith("public" if is_public else "private, no-store")
    after = Client().get(article.get_absolute_url())
    assert (article.sentinel in after.content.decode()) is (tier == "free")
