"""The readers of a check: made for one run and removed after it, with all that hangs on them.

They have an address that no mail reaches and no password, follow nothing and are no staff. Their sessions are made
here, under keys that begin with a name of their own, so that the next run finds what a killed one left.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.utils import timezone

from accounts import limits
from accounts.models import User
from articles.models import Article
from paywall.asking import Ask
from paywall.feed_keys import FeedKey
from paywall.leaks import lent
from paywall.leaks.samples import Sample
from paywall.leaks.traces import Piece
from paywall.meters.meter import spend, terms_of_meter
from paywall.models import Institution
from subscriptions.models import LIBRARY_SCOPE, Grant, Plan, StripeCustomer, Subscription

SESSION_PREFIX = "checkleaks"
ADDRESS_PREFIX, ADDRESS_DOMAIN = "check-leaks-", "readers.invalid"  # RFC 2606: nobody ever has an address there
LIVE_FOR = timedelta(hours=2)  # longer than a run
REASON = "manage.py check_leaks"
LOCK = 0x6C65616B  # of PostgreSQL: two runs at once would remove each other's readers
BY_A_PERSON = {"Sec-Fetch-Dest": "document"}
BY_A_MACHINE = {"Sec-Fetch-Dest": "empty", "Sec-Purpose": "prefetch"}  # never spends a free article


class AnotherRun(Exception):
    """Somebody else checks this database just now."""


@dataclass(slots=True)
class Visitor:
    """A class of reader: how it asks, and what it may read. `held` is the one article that it holds, `plan_id` the plan
    by which it holds the library; `is_control` may read everything.
    """

    name: str
    user: User | None = None
    headers: dict[str, str] = field(default_factory=dict)
    held: int | None = None
    plan_id: int | None = None
    is_control: bool = False
    feed_token: str = ""

    def may_read(self, piece: Piece, sample: Sample) -> bool:
        """On the article's own page. Nobody ever may anywhere else."""
        if self.is_control:
            return True
        if self.held == piece.article_id:
            return self.user is not None or not piece.is_for_subscribers_alone
        if self.plan_id is not None:
            return not sample.asking.plan_ids or self.plan_id in sample.asking.plan_ids
        is_open = sample.asking.ask is Ask.OPEN or (self.user is not None and sample.asking.ask is Ask.REGISTRATION)
        return is_open and not piece.is_for_subscribers_alone

    def searches_bodies(self) -> bool:
        return self.is_control or self.plan_id is not None


STRANGER = "a stranger"


@dataclass(slots=True)
class Readers:
    """Those of one run, the control first. `ended`: addresses that opened one of the articles once. `notes`: what could
    not be set up, in words.
    """

    visitors: list[Visitor]
    ended: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@contextmanager
def readers_of_a_run(samples: list[Sample], now: datetime) -> Iterator[Readers]:
    """Whatever happens in the block, nothing of them is left. Raises AnotherRun."""
    with only_run():
        remove_all()
        try:
            yield make_all(samples, now)
        finally:
            if not connection.is_usable():  # else it stays, and with it the lock
                connection.close()
            remove_all()


@contextmanager
def only_run() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise AnotherRun
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@transaction.atomic
def make_all(samples: list[Sample], now: datetime) -> Readers:
    run = secrets.token_hex(4)
    articles = [sample.article for sample in samples]
    held, others = articles[0], others_than(articles, now)
    control = visitor("a subscriber", run, is_control=True)
    spent = visitor("a registered reader with nothing left", run)
    lapsed = visitor("a reader whose subscription has ended", run)
    holder = visitor("who holds another article alone", run, held=held.pk)
    ahead = visitor("a registered reader whose browser fetches ahead", run)
    grant(control, now, LIBRARY_SCOPE, ends_at=now + LIVE_FOR)
    grant(lapsed, now, LIBRARY_SCOPE, ends_at=now - timedelta(hours=1))
    grant(holder, now, f"article:{held.public_id}", ends_at=now + LIVE_FOR)
    ahead.headers |= BY_A_MACHINE
    made = Readers([control, spent, lapsed, holder, ahead])
    for reader in (spent, lapsed, holder):
        if not use_up(reader, others, now):
            reader.headers |= BY_A_MACHINE
            made.notes.append(f"{reader.name}: too few other articles to use the free ones up, so it fetches ahead")
    for reader in made.visitors[1:]:
        reader.feed_token = FeedKey.objects.make_for(user_of(reader).pk, now)
    add_other_plan(made, samples, run, now)
    add_lent(made, control, articles, others, now)
    if Institution.objects.live(now).exists():
        made.notes.append(
            "visitors of institutions: who asks from here is one where this machine is in their network, and none else"
        )
    return made


def add_lent(made: Readers, control: Visitor, articles: list[Article], others: list[int], now: datetime) -> None:
    """Who has no account but a gift of another article, or a meter that is used up."""
    if cookie := lent.gift_cookie(user_of(control), articles[0], now):
        made.visitors.append(
            Visitor("who was given another article", headers=cookie | BY_A_PERSON, held=articles[0].pk)
        )
    else:
        made.notes.append("who was given another article: a subscriber cannot give one")
    if cookie := lent.anonymous_cookie(others, now):
        made.visitors.append(Visitor("a stranger whose free articles are used up", headers=cookie | BY_A_PERSON))
    else:
        made.notes.append(
            "a stranger whose free articles are used up: strangers have none, or there are too few others"
        )
    made.ended += lent.ended_addresses(user_of(control), articles[1:], now)
    if not made.ended:
        made.notes.append("gift links and links of letters that have ended: a second article is needed")


def visitor(name: str, run: str, *, is_control: bool = False, held: int | None = None) -> Visitor:
    user = User.objects.create_user(f"{ADDRESS_PREFIX}{run}-{secrets.token_hex(3)}@{ADDRESS_DOMAIN}")
    cookie = f"{settings.SESSION_COOKIE_NAME}={make_session(user)}"
    return Visitor(name, user, {"Cookie": cookie} | BY_A_PERSON, held=held, is_control=is_control)


def make_session(user: User) -> str:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    key = f"{SESSION_PREFIX}{secrets.token_hex(11)}"
    data = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }
    Session.objects.create(session_key=key, session_data=store().encode(data), expire_date=timezone.now() + LIVE_FOR)
    return key


def user_of(reader: Visitor) -> User:
    if reader.user is None:
        raise TypeError(f"{reader.name} has no account")
    return reader.user


def grant(reader: Visitor, now: datetime, scope: str, *, ends_at: datetime) -> None:
    starts_at = min(now, ends_at) - timedelta(days=1)
    Grant.objects.create(user=user_of(reader), scope=scope, starts_at=starts_at, ends_at=ends_at, reason=REASON)


def others_than(articles: list[Article], now: datetime) -> list[int]:
    """Articles that are not looked at, for spending free reads on them: the meter counts no more than a thousand."""
    looked_at = [article.pk for article in articles]
    ids = Article.objects.published(now).exclude(pk__in=looked_at).order_by("pk").values_list("pk", flat=True)
    return list(ids[:1000])


def use_up(reader: Visitor, others: list[int], now: datetime) -> bool:
    """Spend the reader's own free articles on others; whether none is left."""
    for pk in others:
        if spend(user_of(reader).pk, pk, now).reads_left == 0:
            return True
    return terms_of_meter().allowance == 0


def add_other_plan(made: Readers, samples: list[Sample], run: str, now: datetime) -> None:
    """A subscriber of a plan that does not open one of the articles, where some are for certain plans alone."""
    asked = next((sample.asking.plan_ids for sample in samples if sample.asking.plan_ids), None)
    other = Plan.objects.exclude(pk__in=asked).exclude(interval="").order_by("pk").first() if asked else None
    if other is None:
        why = "there is none" if asked else "none of these articles is for certain plans alone"
        made.notes.append(f"a subscriber of another plan: {why}")
    else:
        made.visitors.append(subscriber_of(other, run, now))


def subscriber_of(other: Plan, run: str, now: datetime) -> Visitor:
    """By a subscription that Stripe does not know."""
    reader = visitor(f"a subscriber of another plan ({other.key})", run)
    reader.plan_id = other.pk
    name = f"{ADDRESS_PREFIX}{run}"
    customer = StripeCustomer.objects.create(
        stripe_id=f"cus_{name}", user=reader.user, livemode=settings.STRIPE_LIVEMODE, currency=other.currency
    )
    Subscription.objects.create(
        stripe_id=f"sub_{name}",
        customer=customer,
        user=reader.user,
        plan=other,
        price_id=f"price_{name}",
        status="active",
        known_status="active",
        currency=other.currency,
        amount_minor=other.amount_minor,
        interval=other.interval,
        started_at=now,
        period_end=now + LIVE_FOR,
        has_been_paid=True,
    )
    return reader


@transaction.atomic
def remove_all() -> int:
    """All readers of checks, of this run and of those that were killed; how many accounts."""
    users = User.objects.filter(email__startswith=ADDRESS_PREFIX, email__endswith=f"@{ADDRESS_DOMAIN}")
    for user in users:
        limits.forget("own_search", str(user.pk))
    lent.remove_meters()
    Session.objects.filter(session_key__startswith=SESSION_PREFIX).delete()
    Subscription.objects.filter(user__in=users).delete()
    StripeCustomer.objects.filter(user__in=users).delete()
    return users.delete()[1].get(User._meta.label, 0)
