"""The demonstration publication: what it holds, and that loading it again leaves everything as it stands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.models import User
from articles.models import Article, Author, FrontPage, FrontPick, Page, Section, Series, Topic
from newsletters.models import DailyMail, Follow
from newsroom import demo
from subscriptions.entitlements import entitlement_of
from tests import make
from tests.pages import committed

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def publication(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Loaded once; each test changes it in a transaction that is rolled back."""
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")), committed():
        call_command("load_demo", verbosity=0)
        yield


@pytest.mark.usefixtures("publication")
def test_it_has_six_sections_eight_authors_two_series_and_stories_of_all_lengths() -> None:
    articles = list(Article.objects.with_card())
    assert len(articles) >= 24
    assert Section.objects.count() == 6
    assert Author.objects.exclude(biography="").filter(portrait__isnull=False).count() == 8
    assert Series.objects.count() == 2
    lengths = sorted(article.word_count for article in articles)
    assert 300 <= lengths[0] < 400
    assert 2000 < lengths[-1] < 2700
    for article in articles:
        assert article.standfirst, article
        assert article.byline_authors, article
        assert 0 < article.teaser_word_count < article.word_count, article
        assert article.is_out(timezone.now()), article
        if article.photo:
            assert all([article.photo.alt, article.photo.caption, article.photo.credit]), article
    assert sum(article.photo is not None for article in articles) >= 24
    assert {article.tier for article in articles} == {"free", "registered", "premium"}

    before = list(Article.objects.order_by("pk").values("pk", "headline", "published_at", "modified_at"))
    Article.objects.filter(slug="counting-hulls").update(headline="Mended by an editor")
    call_command("load_demo", verbosity=0)
    assert len(before) == Article.objects.count()
    assert Article.objects.get(slug="counting-hulls").headline == "Mended by an editor"
    assert User.objects.count() == 5
    now = timezone.now()
    held = {user.email: entitlement_of(user.pk, now) for user in User.objects.all()}
    assert [email for email, entitlement in held.items() if entitlement.has_library] == [demo.SUBSCRIBER]
    assert [email for email, entitlement in held.items() if entitlement.has_lapsed] == [demo.LAPSED]
    editor = make.logged_in(User.objects.get(email=demo.EDITOR))
    assert editor.get("/admin/articles/article/").status_code == 200
    publisher = make.logged_in(User.objects.get(email=demo.PUBLISHER))
    figures = "/admin/subscriptions/dashboard/"
    assert [client.get(figures, follow=True).status_code for client in (editor, publisher)] == [403, 200]
    assert Client().get("/").status_code == 200


@pytest.mark.usefixtures("publication")
def test_the_pages_of_the_house_are_its_own_and_stay_as_editors_left_them() -> None:
    assert not Page.objects.filter(is_as_delivered=True).exists()
    assert "demonstration" in Client().get("/about/").content.decode()
    Page.objects.filter(slug="about").update(html="<p>By an editor</p>")
    call_command("load_demo", verbosity=0)
    assert Page.objects.get(slug="about").html == "<p>By an editor</p>"


@pytest.mark.usefixtures("publication")
def test_the_subscriber_follows_somebody_and_has_saved_something_until_they_take_it_back() -> None:
    user = User.objects.get(email=demo.SUBSCRIBER)
    reader = make.logged_in(user)
    assert "Ilse Marchetti" in reader.get("/account/following/").content.decode()
    assert reader.get("/account/saved/").content.decode().count('class="own-list__row"') == 2
    user.follows.all().delete()
    user.saved_articles.all().delete()
    call_command("load_demo", verbosity=0)
    assert not user.follows.exists()
    assert not user.saved_articles.exists()


@pytest.mark.usefixtures("publication")
def test_it_starts_again_without_what_editors_renamed_or_deleted() -> None:
    user = User.objects.get(email=demo.SUBSCRIBER)
    for model in (FrontPick, FrontPage, Follow, DailyMail):
        model.objects.all().delete()
    Article.objects.filter(slug="counting-hulls").update(slug="hulls")
    Topic.objects.filter(slug="ports").update(slug="harbours")
    Section.objects.filter(slug="security").update(slug="safety")
    Series.objects.filter(pk=Series.objects.values("pk")[:1]).update(title="Another title")
    call_command("load_demo", verbosity=0)
    assert FrontPick.objects.exists()
    assert not FrontPick.objects.filter(article__slug="hulls").exists()
    assert not Topic.objects.filter(slug="ports").exists()
    assert not Section.objects.filter(slug="security").exists()
    assert Series.objects.count() == 2
    assert [str(row.author) for row in user.follows.all()] == ["Ilse Marchetti"]
