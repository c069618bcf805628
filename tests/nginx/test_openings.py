"""A section that is opened for a few seconds, seen from both workers and from behind nginx: by which second it opens
and closes, and what was kept of it after that.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from paywall.models import Opening
from tests import make
from tests.edge import needs_nginx
from tests.nginx.conftest import Served
from tests.nginx.test_changes import SECOND, around, places_of, watched
from tests.servers import by_each_worker

pytestmark = [needs_nginx, pytest.mark.django_db(transaction=True)]

LINE = "The quay is open to everybody"


@pytest.mark.attack("L27")
@pytest.mark.attack("L38")
def test_an_opening_begins_and_ends_everywhere_at_its_very_second(served: Served) -> None:
    section = make.section("Quays that open")
    article = make.article(section=section)
    pages = {article.get_absolute_url(): article.sentinel, section.get_absolute_url(): LINE}
    places = {}
    for path, word in pages.items():
        places |= places_of(served, path, word)
    before = watched(places, lambda: True)  # all are kept now, with an end that knows nothing of an opening
    begins = timezone.now() + 3 * SECOND
    ends = begins + 3 * SECOND
    opening = Opening.objects.create(section=section, starts_at=begins, ends_at=ends, banner=LINE)
    later = watched(places, lambda: timezone.now() > ends + 1.5 * SECOND)
    for place, seen in later.items():
        closed, rest = around(begins, before[place] + seen, place)
        assert not any(sight.is_shown for sight in closed), f"too early: {place}"
        running, over = around(ends, rest, place)
        assert all(sight.is_shown for sight in running), f"not open: {place}"
        assert not any(sight.is_shown for sight in over), f"outlived: {place}"
    for path, word in pages.items():
        assert not any(word in answer.text for answer in by_each_worker(served.granian, path))
    assert opening.ends_at == ends


@pytest.mark.attack("L38")
def test_close_now_is_heard_by_both_workers_within_a_second(served: Served) -> None:
    section = make.section("Moles that close")
    article = make.article(section=section)
    path, now = article.get_absolute_url(), timezone.now()
    opening = Opening.objects.create(section=section, starts_at=now, ends_at=now + timedelta(hours=6))
    for _prime in range(2):
        watched({"open": ((lambda: served.granian.get(path)), article.sentinel)}, lambda: True)
    opened = watched(places_of(served, path, article.sentinel), lambda: timezone.now() > now + 2.5 * SECOND)
    assert all(seen[-1].is_shown for seen in opened.values())
    Opening.objects.update(ends_at=timezone.now())
    closed_at = timezone.now()
    sights = watched(places_of(served, path, article.sentinel), lambda: timezone.now() > closed_at + 3.5 * SECOND)
    for place, allowed in ((f"granian {path}", SECOND), (f"nginx {path}", 2 * SECOND)):
        assert not any(sight.is_shown for sight in sights[place] if sight.began > closed_at + allowed), place
    assert not any(article.sentinel in answer.text for answer in by_each_worker(served.granian, path))
    assert opening.pk
