"""What the daily mail of each reader holds: articles of those whom they follow that arrived since their last one.

For each reader the arrivals that are told, the next day on which a mail is due, and the letter change together or not
at all, under a lock on the reader's row: whoever repeats the round, however often, finds nothing left to do. What is
said in a letter, and sending it, is the business of newsletters/letters.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.tasks import TaskResultStatus, task
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from articles.models import Article, Byline, Status
from newsletters.arrivals import WINDOW, note_arrivals
from newsletters.follows import MORNING
from newsletters.letters import BEHIND_OTHER_TASKS, confirmed, queue_letters
from newsletters.models import Arrival, DailyMail, Follow, Letter

BATCH = 200  # readers
MOST_ARRIVALS = 1000  # a reader is told of the newest so many at most; what is beyond is in the archive
MOST_ARTICLES = 30  # named in one letter


@dataclass(slots=True)
class News:
    """The arrivals that some reader of a batch may be told of, the newest first."""

    numbers: dict[int, int] = field(default_factory=dict)  # of arrivals, by article
    by_author: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_topic: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))


def queue_letters_of_today() -> None:
    """Have today's letters written, once it is morning and while there are any to write."""
    now = timezone.localtime()
    if now.hour < MORNING or not due(now).exists():
        return
    if not DBTaskResult.objects.filter(task_path=write_letters.module_path, status=TaskResultStatus.READY).exists():
        write_letters.enqueue()


def due(now: datetime) -> QuerySet[DailyMail]:
    """Whose mail is on and has not been looked at today, and who may get any: active, with a confirmed address."""
    mails = DailyMail.objects.filter(is_on=True, due_on__lte=timezone.localtime(now).date(), user__is_active=True)
    return mails.filter(confirmed())


@task(priority=BEHIND_OTHER_TASKS)
def write_letters() -> None:
    """Write the letters of one batch of readers, and queue the next batch. Several workers may do this at once."""
    now = timezone.localtime()
    if now.hour < MORNING:
        return  # it was queued yesterday and waited over midnight; the next round of the morning does it
    if write_batch(now) == BATCH:
        write_letters.enqueue()


@transaction.atomic
def write_batch(now: datetime) -> int:
    """The number of readers that were looked at. Its queries are as many for two readers as for BATCH."""
    last = note_arrivals(now)
    readers = list(due(now).order_by("due_on", "user_id").select_for_update(of=("self",), skip_locked=True)[:BATCH])
    if not readers:
        return 0
    news = news_since(min(reader.told_up_to for reader in readers), last, now)
    follows = follows_of([reader.pk for reader in readers], news)
    today = now.date()
    letters = []
    for reader in readers:
        told = news_for(follows[reader.pk], news, reader.told_up_to)
        if told:
            chosen, others = told[:MOST_ARTICLES], max(0, len(told) - MOST_ARTICLES)
            letters.append(Letter(user_id=reader.pk, day=today, article_ids=chosen, others=others))
    queue_letters(Letter.objects.bulk_create(letters))
    DailyMail.objects.filter(pk__in=[reader.pk for reader in readers]).update(
        told_up_to=last, due_on=today + timedelta(days=1)
    )
    return len(readers)


def news_since(number: int, last: int, now: datetime) -> News:
    """Arrivals after `number`, up to `last`, whose articles are out now. None is older than WINDOW: who could not be
    reached for longer is told of the last days alone.
    """
    arrivals = Arrival.objects.filter(pk__gt=number, pk__lte=last, arrived_at__gt=now - WINDOW)
    out = arrivals.filter(article__status=Status.PUBLISHED, article__published_at__lte=now)
    news = News()
    for arrival, article in out.order_by("-pk").values_list("pk", "article_id")[:MOST_ARRIVALS]:
        news.numbers[article] = arrival
    for article, author in Byline.objects.filter(article__in=news.numbers).values_list("article_id", "author_id"):
        news.by_author[author].append(article)
    through = Article.topics.through.objects.filter(article__in=news.numbers)
    for article, topic in through.values_list("article_id", "topic_id"):
        news.by_topic[topic].append(article)
    return news


def follows_of(readers: list[int], news: News) -> dict[int, list[Follow]]:
    """Of these readers, the follows that any news is about."""
    found: dict[int, list[Follow]] = defaultdict(list)
    own = Follow.objects.filter(user__in=readers)
    for follow in own.filter(author__in=news.by_author) | own.filter(topic__in=news.by_topic):
        found[follow.user_id].append(follow)
    return found


def news_for(follows: Iterable[Follow], news: News, told_up_to: int) -> list[int]:
    """The articles for one reader, each once, the newest first."""
    told = set()
    for follow in follows:
        articles = news.by_author[follow.author_id] if follow.author_id else news.by_topic[follow.topic_id or 0]
        told |= {article for article in articles if news.numbers[article] > max(told_up_to, follow.since)}
    return sorted(told, key=lambda article: news.numbers[article], reverse=True)
