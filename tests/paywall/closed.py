"""A premium article with those who may not read it and one who may, for the tests of attacks: a refusal counts only
where the same address shows the text to a subscriber.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from articles.models import Article
from paywall.meters.meter import spend
from tests import make

FREE_READS = 5  # of a registered reader, as the plan comes


@dataclass
class Closed:
    article: Article
    subscriber: Client
    refused: dict[str, Client] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return self.article.get_absolute_url()

    @property
    def word(self) -> str:
        return self.article.sentinel

    def everybody(self) -> Iterator[tuple[str, Client]]:
        yield from self.refused.items()
        yield "subscriber", self.subscriber

    def assert_read_by_the_subscriber_alone(self, path: str = "", **headers: str) -> None:
        """At the article's own page, or at another spelling of it that shows the article."""
        for who, client in self.refused.items():
            assert self.word not in text_of(client.get(path or self.path, headers=headers)), (who, path, headers)
        assert self.word in text_of(self.subscriber.get(path or self.path, headers=headers)), (path, headers)

    def assert_nowhere_at(self, path: str, **headers: str) -> Any:
        """Not even for the subscriber, who reads it on its page. Says how a stranger was answered."""
        assert self.word in text_of(self.subscriber.get(self.path))
        for who, client in self.everybody():
            assert self.word not in text_of(client.get(path, headers=headers)), (who, path, headers)
        return self.refused["stranger"].get(path, headers=headers)


def text_of(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    told = "\n".join(f"{name}: {value}" for name, value in response.items())
    return told + content.decode("utf-8", "replace")


def with_nothing_left(client: Client, others: list[Article]) -> Client:
    """The reader's free articles are used up on others."""
    left = 1
    for other in others:
        left = spend(int(client.session["_auth_user_id"]), other.pk, timezone.now()).reads_left
    assert left == 0
    return client


def closed_article(**fields: Any) -> Closed:
    """One that stands in lists of every kind."""
    filed: dict[str, Any] = {
        "section": make.section(),
        "topics": [make.topic()],
        "authors": [make.author()],
        "series": make.series(),
    }
    now = timezone.now()
    subscriber, lapsed, holder = make.user(), make.user(), make.user()
    make.grant(subscriber)
    make.grant(lapsed, starts_at=now - timedelta(days=30), ends_at=now - timedelta(days=1))
    make.grant(holder, scope=f"article:{make.article().public_id}")
    others = [make.article(status="withdrawn", body="<p>Short.</p>") for _read in range(FREE_READS)]
    refused = {"stranger": Client()}
    for name, user in {"registered": make.user(), "lapsed": lapsed, "holder of another": holder}.items():
        refused[name] = with_nothing_left(make.logged_in(user), others)
    return Closed(make.article(**filed | fields), make.logged_in(subscriber), refused)
