"""The body's table: one door, and no other way from an article to its text."""

from __future__ import annotations

import pytest
from django.core import serializers
from django.core.exceptions import FieldError
from django.test import Client, RequestFactory

from articles import bodies
from articles.article_page import make_page
from articles.bodies import BodyWithheld
from articles.models import Article
from articles.responses import ArticleResponse
from articles.templatetags.articles import MissingContext
from paywall.access import Access, Reason
from tests import make

pytestmark = pytest.mark.django_db


def granted(article_id: int) -> Access:
    return Access(article_id, granted=True, reason=Reason.SUBSCRIBER)


def test_the_door_opens_with_an_access_for_this_article() -> None:
    article = make.article()
    assert article.sentinel in article.body_for(granted(article.pk))


@pytest.mark.parametrize("case", ["withheld", "another article", "truthy but not true"])
def test_the_door_stays_shut_without_one(case: str) -> None:
    article, other = make.article(), make.article()
    access = {
        "withheld": Access(article.pk, granted=False, reason=Reason.SUBSCRIPTION_NEEDED),
        "another article": granted(other.pk),
        "truthy but not true": Access(article.pk, granted="yes", reason=Reason.SUBSCRIBER),
    }[case]
    with pytest.raises(BodyWithheld):
        article.body_for(access)


def test_the_door_for_several_hands_out_what_each_access_opens_and_no_other() -> None:
    first, second, other = make.article(), make.article(), make.article()
    found = Article.bodies_for([granted(first.pk), granted(second.pk)])
    assert found.keys() == {first.pk, second.pk}
    assert first.sentinel in found[first.pk]
    assert second.sentinel in found[second.pk]
    assert not any(other.sentinel in html or 'id="continue"' in html for html in found.values())
    assert Article.bodies_for([]) == {}


@pytest.mark.parametrize("granted_as", [False, "yes", None])
def test_the_door_for_several_stays_shut_for_all_if_one_access_opens_nothing(granted_as: object) -> None:
    first, second = make.article(), make.article()
    shut = Access(second.pk, granted=granted_as, reason=Reason.SUBSCRIPTION_NEEDED)
    for accesses in ([granted(first.pk), shut], [shut], [granted(first.pk), Access(None, True, Reason.STAFF)]):
        with pytest.raises(BodyWithheld):
            Article.bodies_for(accesses)


def test_no_attribute_of_an_article_leads_to_the_body() -> None:
    article = make.article()
    loaded = Article.objects.with_card().get(pk=article.pk)
    assert article.sentinel not in repr(vars(loaded))
    assert not any("body" in field.name for field in Article._meta.get_fields())
    assert article.sentinel not in serializers.serialize("json", [loaded])
    for lookup in ("body__html__startswith", "body__search_vector", "Body__html"):
        with pytest.raises(FieldError):
            Article.objects.filter(**{lookup: "x"}).exists()


def test_the_continuation_is_marked_where_the_teaser_stopped() -> None:
    article = make.article()
    body = article.body_for(granted(article.pk))
    before, after = body.split('<span id="continue"')
    assert article.sentinel not in before
    assert article.sentinel in after


def test_the_article_template_refuses_to_render_without_the_decision() -> None:
    response = ArticleResponse(RequestFactory().get("/"), make_page(make.article()))
    with pytest.raises(MissingContext):
        response.render()


def test_an_article_without_a_body_row_is_withheld(subscriber: Client) -> None:
    article = make.article()
    bodies.Body.objects.all().delete()
    with pytest.raises(bodies.BodyMissing):
        article.body_for(granted(article.pk))
    response = subscriber.get(article.get_absolute_url())
    assert response.status_code == 503  # who may have paid is not shown the gate for a fault of ours
    assert article.sentinel not in response.content.decode()
