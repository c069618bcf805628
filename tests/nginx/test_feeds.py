"""Feeds as feed readers meet them: through nginx and two web processes, with the headers that say what they have."""

from __future__ import annotations

import pytest
from django.utils import timezone

from articles.models import Article
from paywall.feed_keys import FeedKey
from tests import make
from tests.edge import needs_nginx
from tests.newsroom.waiting import eventually
from tests.nginx.conftest import Served
from tests.servers import by_each_worker

pytestmark = [needs_nginx, pytest.mark.django_db(transaction=True)]

FEEDS = [f"/{stem}.{suffix}" for stem in ("feeds/latest", "sections/quay/feed") for suffix in ("xml", "atom", "json")]


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_reader_that_has_it_is_told_so_by_tag_and_by_date(path: str, served: Served) -> None:
    make.article(section=make.section("Quay"))
    for server in served.doors.values():
        feed = server.get(path)
        assert feed.status == 200
        etag, moment = feed.headers["etag"], feed.headers["last-modified"]
        for headers in ({"If-None-Match": etag}, {"If-Modified-Since": moment}):
            again = server.get(path, headers=headers)
            assert (again.status, again.body) == (304, b""), headers
        head = server.get(path, method="HEAD")
        assert (head.status, head.headers["etag"], head.headers["last-modified"]) == (200, etag, moment)
        assert head.headers["content-type"] == feed.headers["content-type"]
        assert server.get(path, headers={"If-None-Match": '"other"'}).status == 200


@pytest.mark.attack("L38")
def test_no_worker_and_no_cache_goes_on_saying_that_an_article_is_free(served: Served) -> None:
    def say(words: str) -> bool:
        answers = [answer for path in FEEDS for answer in by_each_worker(served.granian, path)]
        return all(words in answer.text for answer in (*answers, *map(served.edge.get, FEEDS)))

    article = make.article(section=make.section("Quay"), tier="free")
    assert eventually(lambda: say("Free to read."))  # nginx may hold the feed of an earlier test to the end of a second
    Article.objects.filter(pk=article.pk).update(tier="premium")
    assert eventually(lambda: say("For subscribers."))
    for path in FEEDS:
        for answer in (*by_each_worker(served.granian, path), served.edge.get(path)):
            assert "Free to read." not in answer.text
            assert article.sentinel not in answer.text


@pytest.mark.attack("L37")
def test_a_private_feed_is_kept_by_nobody_and_ends_at_once(served: Served) -> None:
    article, reader = make.article(), make.user()
    make.grant(reader)
    path = f"/feeds/private/{FeedKey.objects.make_for(reader.pk, timezone.now())}/feed.xml"
    for server in served.doors.values():
        feed = server.get(path)
        assert article.sentinel in feed.text
        assert feed.headers["cache-control"] == "private, no-store"
        assert feed.headers["x-robots-tag"].startswith("noindex")
        assert feed.headers["referrer-policy"] == "no-referrer"
        assert feed.headers.get("x-cache", "") == ""
        assert server.get(path, headers={"If-None-Match": feed.headers["etag"]}).status == 304
    FeedKey.objects.all().delete()
    for server in served.doors.values():
        gone = server.get(path)
        assert gone.status == 404
        assert article.sentinel not in gone.text
