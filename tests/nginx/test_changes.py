"""What is changed, by a person or by the clock, is seen by both workers and behind nginx. Every answer is judged by the
moments between which it was made, so a slow machine makes these tests longer and not different.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from paywall.models import ArticleTerms
from tests import make
from tests.edge import needs_nginx
from tests.newsroom.waiting import eventually
from tests.nginx.conftest import Served
from tests.servers import Answer, by_each_worker, run_command

pytestmark = [needs_nginx, pytest.mark.django_db(transaction=True)]

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Sight:
    began: datetime
    ended: datetime
    is_shown: bool


def looked(ask: Callable[[], Answer], word: str) -> Sight:
    began = timezone.now()
    answer = ask()
    return Sight(began, timezone.now(), word in answer.text)


def watched(places: dict[str, tuple[Callable[[], Answer], str]], is_over: Callable[[], bool]) -> dict[str, list[Sight]]:
    """What was seen at each place, asked in turns until it is over: whether its word stood in the answer."""
    sights: dict[str, list[Sight]] = {place: [] for place in places}

    def go_round() -> bool:
        for place, (ask, word) in places.items():
            sights[place].append(looked(ask, word))
        return is_over()

    assert eventually(go_round, within=60.0)
    return sights


def places_of(served: Served, path: str, word: str) -> dict[str, tuple[Callable[[], Answer], str]]:
    return {f"{door} {path}": ((lambda server=server: server.get(path)), word) for door, server in served.doors.items()}


def test_an_article_made_premium_in_another_process_is_withheld_by_both_workers_within_a_second(
    served: Served,
) -> None:
    article = make.article(tier="free")
    path = article.get_absolute_url()
    for _prime in range(2):
        assert all(article.sentinel in answer.text for answer in by_each_worker(served.granian, path))
        assert article.sentinel in served.edge.get(path).text
    bare_save = f"a = Article.objects.get(pk={article.pk}); a.tier = 'premium'; a.save()"

    def change() -> datetime:
        run_command(served.environment, "shell", "-v", "0", "-c", f"from articles.models import Article; {bare_save}")
        return timezone.now()

    with ThreadPoolExecutor(1) as pool:
        changed = pool.submit(change)
        sights = watched(
            places_of(served, path, article.sentinel),
            lambda: changed.done() and timezone.now() > changed.result() + 2.5 * SECOND,
        )
    each = by_each_worker(served.granian, path)
    # nginx keeps what it got to the end of that second.
    for place, allowed in ((f"granian {path}", SECOND), (f"nginx {path}", 2 * SECOND)):
        assert sights[place][0].is_shown
        assert not any(sight.is_shown for sight in sights[place] if sight.began > changed.result() + allowed), place
    assert all('data-access="withheld"' in answer.text and article.sentinel not in answer.text for answer in each)


def test_an_article_appears_and_another_is_withheld_at_its_moment_and_no_page_outlives_it(served: Served) -> None:
    section = make.section("Moments")
    far = timezone.now() + timedelta(hours=1)
    coming = make.article(published_at=far, section=section, headline="The lamps come on at the quay")
    going = make.article(section=section)
    terms = ArticleTerms.objects.create(article=going, free_until=far)
    appearing: dict[str, tuple[Callable[[], Answer], str]] = {}
    for path in (coming.get_absolute_url(), "/", section.get_absolute_url(), "/feeds/latest.xml"):
        appearing |= places_of(served, path, coming.headline)
    ending = places_of(served, going.get_absolute_url(), going.sentinel)
    sights = watched(appearing | ending, lambda: True)  # the moments are set when each place has been seen once
    opening = timezone.now() + 4 * SECOND
    closing = opening + 1.3 * SECOND  # apart, so that the one cannot end the pages that the other has to end
    coming.published_at, terms.free_until = opening, closing
    coming.save()
    terms.save()
    later = watched(appearing | ending, lambda: timezone.now() > closing + 1.5 * SECOND)
    sights = {place: seen + later[place] for place, seen in sights.items()}
    for place in appearing:
        before, after = around(opening, sights[place], place)
        assert not any(sight.is_shown for sight in before), f"too early: {place}"
        assert all(sight.is_shown for sight in after), f"too late: {place}"
    for place in ending:
        before, after = around(closing, sights[place], place)
        assert all(sight.is_shown for sight in before), f"not free: {place}"
        assert not any(sight.is_shown for sight in after), f"outlived: {place}"
    for path, word in ((going.get_absolute_url(), going.sentinel), (coming.get_absolute_url(), coming.sentinel)):
        assert not any(word in answer.text for answer in by_each_worker(served.granian, path))


def around(moment: datetime, sights: list[Sight], place: str) -> tuple[list[Sight], list[Sight]]:
    """What was seen surely before the moment, and surely at or after it."""
    before = [sight for sight in sights if sight.ended < moment]
    after = [sight for sight in sights if sight.began >= moment]
    assert before, place
    assert after, place
    return before, after


def test_an_answer_that_is_not_found_is_not_kept(served: Served) -> None:
    path = "/articles/the-story-that-comes-later/"
    for _again in range(2):
        for server in served.doors.values():
            assert server.get(path).status == 404
    make.article(slug="the-story-that-comes-later")
    for server in served.doors.values():
        assert server.get(path).status == 200


@pytest.mark.attack("L23")
@pytest.mark.parametrize("door", ["granian", "nginx"])
def test_an_edit_of_the_gated_part_alone_cannot_be_seen_from_outside(door: str, served: Served) -> None:
    """An edit that leaves the number of words as it is; fifty of them more would be told, by choice."""
    article = make.article()
    path, server = article.get_absolute_url(), served.doors[door]
    before = server.get(path)
    body = make.long_body(0).replace(make.sentinel(0), article.sentinel)
    article.save_with_body(body.replace(f"hid {article.sentinel} by berth 12", f"kept {article.sentinel} at berth 99"))
    # Addresses that nobody has asked for yet are made anew.
    after = [server.get(f"{path}?{number}") for number in range(3)] + [server.get(path)]
    assert "berth 12" not in before.text
    for answer in after:
        assert comparable(answer, before) == comparable(before, before)


def comparable(answer: Answer, like: Answer) -> tuple[object, ...]:
    names = ("content-length", "last-modified", "content-type", "surrogate-key")
    return (answer.status, answer.headers["etag"], answer.body, *(answer.headers.get(name) for name in names))
