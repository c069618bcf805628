"""Articles that need a plan, in the search of a reader who subscribes to another: their bodies are as if they were
empty.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from articles.models import Article
from paywall.models import ArticleTerms
from tests import make
from tests.paywall.test_search_vectors import NARROWED, QUESTIONS, WITH_BODIES, answer, told
from tests.paywall.test_search_vectors import article as article

pytestmark = pytest.mark.django_db


def of_plan(*keys: str) -> Client:
    """A reader whose subscriptions are to these plans."""
    user = make.user()
    for key in keys:
        make.subscription(user, plan=key)
    return make.logged_in(user)


def needs_plan(article: Article, key: str) -> None:
    terms, _is_new = ArticleTerms.objects.get_or_create(article=article)
    terms.plans.add(make.plans()[key])


@pytest.mark.attack("L14")
def test_who_subscribes_to_another_plan_learns_nothing_of_a_body_that_needs_one(
    at_noon: None, article: Article
) -> None:
    """No hit, no number, no facet, no place in the order, no piece; with a minus it hides nothing either."""
    needs_plan(article, "annual")
    client, word = of_plan("monthly"), article.sentinel
    nonsense = "q" * (len(word) - 1) + "x"
    client.get("/search/?q=island")
    asked = [(question, {}) for question in QUESTIONS] + [("story or {}", parameters) for parameters in NARROWED]
    for question, parameters in asked:
        assert told(answer(client, question.format(word), **parameters), word) == told(
            answer(client, question.format(nonsense), **parameters), nonsense
        ), (question, parameters)


@pytest.mark.attack("L14")
def test_a_body_that_needs_another_plan_moves_its_article_up_no_list(article: Article) -> None:
    body = make.long_body(0) + "<p>Lanterns again.</p>" * 100
    older = make.article(headline="Lanterns", body=body, published_at=timezone.now() - timedelta(hours=9))
    newer = make.article(headline="Lanterns", body=make.long_body(0))
    client = of_plan("monthly")
    text = answer(client, "lanterns").content.decode()
    assert 0 < text.index(older.get_absolute_url()) < text.index(newer.get_absolute_url())
    needs_plan(older, "annual")
    text = answer(client, "lanterns").content.decode()
    assert 0 < text.index(newer.get_absolute_url()) < text.index(older.get_absolute_url())
    assert "Lanterns</mark> again" not in text


@pytest.mark.parametrize("keys", [["annual"], ["monthly", "annual"]])
def test_who_holds_the_plan_finds_its_articles_by_any_word(keys: list[str], article: Article) -> None:
    needs_plan(article, "annual")
    text = answer(of_plan(*keys), article.sentinel).content.decode()
    assert f"They hid <mark>{article.sentinel}</mark> by berth" in text


def test_who_has_another_plan_still_finds_what_needs_none(article: Article) -> None:
    needs_plan(make.article(), "annual")
    text = answer(of_plan("monthly"), article.sentinel).content.decode()
    assert f"They hid <mark>{article.sentinel}</mark> by berth" in text


@pytest.mark.parametrize("who", ["granted the library", "staff", "staff as subscriber"])
def test_a_right_without_a_plan_counts_as_any(who: str, article: Article) -> None:
    client = WITH_BODIES[who](article)
    needs_plan(article, "annual")
    assert f"<mark>{article.sentinel}</mark>" in answer(client, article.sentinel).content.decode()
