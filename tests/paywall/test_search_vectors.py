"""Whose search looks into bodies, and that nobody else's tells anything of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from articles.models import Article
from paywall import bodies
from paywall.access import (
    RIGHTS,
    ArticleFacts,
    MeterFacts,
    ReaderFacts,
    Reason,
    Right,
    decide,
    opens_every_premium,
    withheld,
)
from paywall.meters.periods import period_of
from paywall.models import ArticleTerms, MeteredRead
from paywall.search import closed_by_plan
from paywall.terms import TermsFacts
from subscriptions.models import CheckoutAttempt, Lead
from subscriptions.selling.passes import add_pass
from tests import make

pytestmark = pytest.mark.django_db

NOTED = re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]*')
OWN_HEADERS = {"ETag", "X-Request-ID", "X-Accel-Expires"}  # of one answer or one second


def client_of(article: Article, **granted: Any) -> Client:
    user = make.user()
    if granted:
        make.grant(user, **granted)
    return make.logged_in(user)


def who_has_read_it(article: Article) -> Client:
    client = make.logged_in(make.user())
    assert 'data-reason="metered"' in client.get(article.get_absolute_url()).content.decode()
    return client


def who_has_none_left(article: Article) -> Client:
    user = make.user()
    for slot in range(1, settings.MONTHLY_ALLOWANCE + 1):
        other = make.article(status="withdrawn")
        MeteredRead.objects.create(user=user, article=other, period=period_of(timezone.now()), slot=slot)
    return make.logged_in(user)


def while_it_is_free(article: Article) -> Client:
    ArticleTerms.objects.create(article=article, free_until=timezone.now() + timedelta(hours=1))
    assert 'data-access="granted"' in Client().get(article.get_absolute_url()).content.decode()
    return Client()


def who_paid(article: Article, *, ago: timedelta = timedelta()) -> Client:
    """A browser that paid so long ago and has not logged in."""
    row = make.subscription(None)
    lead = Lead.objects.create(email="payer@example.org", plan=row.plan)
    names = {"lead": lead, "price": make.plan_price(), "customer": row.customer, "subscription": row}
    attempt = CheckoutAttempt.objects.create(
        **names, session_id=f"cs_{uuid4().hex}", state="paid", paid_at=timezone.now() - ago
    )
    response = HttpResponse()
    add_pass(RequestFactory().get("/"), response, attempt.uuid)
    client = Client()
    client.cookies[settings.PASS_COOKIE_NAME] = response.cookies[settings.PASS_COOKIE_NAME].value
    return client


def who_subscribes(article: Article) -> Client:
    user = make.user()
    make.subscription(user)
    return make.logged_in(user)


def staff_as(chosen: str) -> Callable[[Article], Client]:
    def client(article: Article) -> Client:
        editor = make.logged_in(make.editor())
        assert editor.post("/admin/read-as/", {"chosen": chosen}).status_code == 302
        return editor

    return client


def whose_library_closed(article: Article) -> Client:
    now = timezone.now()
    return client_of(article, starts_at=now - timedelta(days=30), ends_at=now)


OPEN_ALONE: dict[str, Callable[[Article], Client]] = {
    "stranger": lambda article: Client(),
    "stranger, while it is free": while_it_is_free,
    "registered": client_of,
    "registered, has read it": who_has_read_it,
    "registered, has none left": who_has_none_left,
    "bought this one": lambda article: client_of(article, scope=f"article:{article.public_id}"),
    "lapsed": whose_library_closed,
    "library begins tomorrow": lambda article: client_of(article, starts_at=timezone.now() + timedelta(days=1)),
    "pass that is over": lambda article: who_paid(article, ago=timedelta(hours=25)),
    "staff without their second factor": lambda article: make.by_code_only(make.editor()),
    **{f"staff as {name}": staff_as(name) for name in ("stranger", "registered", "used_up", "lapsed")},
}
WITH_BODIES: dict[str, Callable[[Article], Client]] = {
    "granted the library": lambda article: client_of(article, scope="library"),
    "subscriber": who_subscribes,
    "pass of this browser": who_paid,
    "staff": lambda article: make.logged_in(make.editor()),
    "staff as subscriber": staff_as("subscriber"),
}
# Each with the word that stands in the gated part of one body alone, and with as many letters that stand nowhere.
QUESTIONS = ["{}", "harbour {}", "harbour -{}", '"They hid {}"', "{} or harbour", "{} -harbour", "story -{}"]

NARROWED = [{"sort": "date"}, {"section": "security"}, {"topic": "ports"}, {"author": "ilse-marchetti"}]


@pytest.fixture
def article() -> Article:
    """A premium article among others, filed under names that nothing else has."""
    for number in range(2):
        make.article(section=make.section("Trade"), headline=f"Another story {number}")
    filed = {"section": make.section(), "topics": [make.topic()], "authors": [make.author()]}
    return make.article(headline="The one story", **filed)


def answer(client: Client, words: str, **parameters: str) -> HttpResponse:
    return client.get("/search/", {"q": words, **parameters})


def told(response: Any, word: str) -> tuple[Any, ...]:
    """All that an answer tells, the word itself apart."""
    text = NOTED.sub(r"\1", response.content.decode()).replace(word, "")
    headers = {name: value for name, value in response.items() if name not in OWN_HEADERS}
    return response.status_code, len(text), text, headers


@pytest.mark.attack("L14")
@pytest.mark.parametrize("who", OPEN_ALONE)
def test_a_word_of_a_gated_body_is_answered_as_one_that_nobody_wrote(who: str, at_noon: None, article: Article) -> None:
    client, word = OPEN_ALONE[who](article), article.sentinel
    nonsense = "q" * (len(word) - 1) + "x"
    client.get("/search/?q=island")
    asked = [(question, {}) for question in QUESTIONS] + [("story or {}", parameters) for parameters in NARROWED]
    for question, parameters in asked:
        answers, numbers = [], []
        for each in (word, nonsense):
            with CaptureQueriesContext(connection) as queries:
                answers.append(told(answer(client, question.format(each), **parameters), each))
            numbers.append(len(queries))
        assert answers[0] == answers[1], (question, parameters)
        assert numbers[0] == numbers[1], (question, parameters)


@pytest.mark.attack("L14")
@pytest.mark.parametrize("who", OPEN_ALONE)
def test_the_order_of_results_knows_no_body(who: str, article: Article) -> None:
    """Of equal hits the newer comes first, also where the older's body has the word a hundred times."""
    older = make.article(
        headline="Lanterns",
        body=make.long_body(0) + "<p>Lanterns again.</p>" * 100,
        published_at=timezone.now() - timedelta(days=9),
    )
    newer = make.article(headline="Lanterns", body=make.long_body(0))
    assert "Lanterns again" not in older.teaser
    text = answer(OPEN_ALONE[who](article), "lanterns").content.decode()
    assert 0 < text.index(newer.get_absolute_url()) < text.index(older.get_absolute_url())


@pytest.mark.attack("L13")
@pytest.mark.parametrize("who", OPEN_ALONE)
def test_no_snippet_shows_a_gated_word(who: str, article: Article) -> None:
    client = OPEN_ALONE[who](article)
    for words in ("harbour", "lamps clerks", "story", "hid", article.sentinel, f"harbour or {article.sentinel}"):
        text = answer(client, words).content.decode()
        assert f"<mark>{article.sentinel}" not in text, words
        assert "They hid" not in text, words
        assert article.sentinel in words or article.sentinel not in text, words
    assert "<mark>harbour</mark>" in answer(client, "harbour").content.decode()


@pytest.mark.parametrize("who", WITH_BODIES)
def test_who_may_read_everything_finds_it_by_any_word(who: str, article: Article) -> None:
    client = WITH_BODIES[who](article)
    make.article(
        section=make.section("Rivers"), topics=[make.topic("Rivers")], body=f"<p>Open. {article.sentinel}.</p>"
    )
    response = answer(client, article.sentinel)
    text = response.content.decode()
    assert f"They hid <mark>{article.sentinel}</mark> by berth" in text
    assert "2 articles for" in text
    assert re.search(r">Security</a> <span>1<", text)
    assert "We search whole articles." in text
    assert response["Cache-Control"] == "private, no-store"
    assert "Surrogate-Key" not in response
    assert article.get_absolute_url() not in answer(client, f"story -{article.sentinel}").content.decode()
    assert article.get_absolute_url() in answer(client, "story -nothing").content.decode()


@pytest.mark.parametrize("who", WITH_BODIES)
def test_they_find_nothing_that_is_not_out(who: str) -> None:
    soon = {"published_at": timezone.now() + timedelta(minutes=5)}
    hidden = [make.article(**state) for state in ({"status": "draft"}, {"status": "withdrawn"}, soon)]
    client = WITH_BODIES[who](hidden[0])
    for each in hidden:
        text = answer(client, each.sentinel).content.decode()
        assert "No article for" in text
        assert "They hid" not in text


def test_a_hit_in_the_headline_comes_before_any_number_of_them_in_a_body(subscriber: Client) -> None:
    body = make.article(headline="Lamps", body=make.long_body(0) + "<p>A lantern, a lantern.</p>" * 200)
    headline = make.article(headline="The lantern", published_at=timezone.now() - timedelta(days=9))
    text = answer(subscriber, "lantern").content.decode()
    assert 0 < text.index(headline.get_absolute_url()) < text.index(body.get_absolute_url())


def test_the_caps_of_both_vectors_are_one(subscriber: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    moments = [now - timedelta(hours=hours) for hours in range(12, 0, -1)]  # the oldest has the lowest key
    made = [
        make.article(headline="Lantern" if number % 2 else "Lamp", published_at=moment)
        for number, moment in enumerate(moments)
    ]
    for number, each in enumerate(made):
        if number % 2 == 0:
            each.save_with_body(make.OPENING + "<p>Some more of it here, and here.</p><p>A lantern.</p>" * 3)
    monkeypatch.setattr("articles.search.MOST_CANDIDATES", 4)
    text = answer(subscriber, "lantern").content.decode()
    assert "More than 4 articles for" in text
    shown = set(re.findall(r'class="result__headline"[^>]*><a href="([^"]+)"', text))
    assert shown == {each.get_absolute_url() for each in made[-4:]}


@pytest.mark.attack("L13")
def test_a_piece_of_a_body_is_shown_only_where_the_decision_opens_that_body(
    subscriber: Client, article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by its body all the same: who may ask the vector is another question, and has one answer for all."""
    other = make.article(body=make.OPENING + f"<p>One more before.</p><p>They hid {article.sentinel} twice.</p>" * 2)

    def sceptical(facts: ArticleFacts, *others: Any, **policy: Any) -> Any:
        return withheld(facts.article_id) if facts.article_id == article.pk else decide(facts, *others, **policy)

    monkeypatch.setattr(bodies, "decide", sceptical)
    text = answer(subscriber, article.sentinel).content.decode()
    assert article.get_absolute_url() in text
    assert other.get_absolute_url() in text
    assert "by berth" not in text
    assert f"They hid <mark>{article.sentinel}</mark> twice." in text


def test_markup_in_a_body_stays_text_in_its_snippet(subscriber: Client) -> None:
    make.article(
        body=make.OPENING + "<p>More of it.</p><p>A lantern &lt;script&gt;alert(1)&lt;/script&gt; <b>x</b></p>"
    )
    text = answer(subscriber, "lantern").content.decode()
    assert "<mark>lantern</mark>" in text
    assert "<script>alert" not in text


def test_a_stranger_gets_a_page_that_caches_may_keep_and_a_reader_with_a_cookie_never(article: Article) -> None:
    for who, make_client in {**OPEN_ALONE, **WITH_BODIES}.items():
        ArticleTerms.objects.all().delete()
        client = make_client(article)
        response = answer(client, "harbour")
        assert ("public" in response["Cache-Control"]) is (not client.cookies), who
        assert ("no-store" in response["Cache-Control"]) is bool(client.cookies), who


def test_an_answer_from_bodies_is_private_whatever_the_request_shows(
    article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if a reader were known by something else than a cookie of ours."""
    monkeypatch.setattr("paywall.search_views.opens_every_premium", lambda *_facts: True)
    monkeypatch.setattr("paywall.search.opens_every_premium", lambda *_facts: True)
    for words in ("harbour", ""):
        assert answer(Client(), words)["Cache-Control"] == "private, no-store"


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOMETIMES = st.none() | st.sampled_from([NOW - timedelta(seconds=1), NOW, NOW + timedelta(seconds=1)])
HELD = st.builds(
    Right,
    st.sampled_from(RIGHTS),
    until=SOMETIMES,
    article_id=st.sampled_from([None, 1, 2]),
    plan_id=st.sampled_from([None, 1, 2, 3]),
)
READERS = st.builds(
    ReaderFacts, is_registered=st.booleans(), is_staff=st.booleans(), rights=st.lists(HELD, max_size=3).map(tuple)
)
METERS = st.builds(MeterFacts, allowance=st.integers(0, 3), used=st.integers(0, 3), has_read_this=st.booleans())
PLANS = st.frozensets(st.sampled_from([1, 2, 3]))


@given(READERS, METERS)
def test_the_body_is_searched_for_whom_every_premium_article_is_open_by_a_right_that_is_for_all(
    reader: ReaderFacts, meter: MeterFacts
) -> None:
    unheard_of = ArticleFacts(99, "premium", published_at=NOW)
    access = decide(unheard_of, reader, NOW, meter=meter)
    assert opens_every_premium(reader, NOW) is (access.granted and access.reason is not Reason.METERED)


@given(READERS, PLANS)
def test_bodies_are_left_out_for_whom_the_decision_keeps_them_closed_by_their_plans(
    reader: ReaderFacts, plan_ids: frozenset[int]
) -> None:
    article = ArticleFacts(99, "free", published_at=NOW, plan_ids=plan_ids)
    terms = {99: TermsFacts(plan_ids=plan_ids)}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("paywall.search.terms_now", lambda: terms)
        is_searched = opens_every_premium(reader, NOW) and not closed_by_plan(reader, NOW)
    if plan_ids:
        assert is_searched is decide(article, reader, NOW).granted
    else:
        assert is_searched is opens_every_premium(reader, NOW)
