"""What the group `editors` opens in admin, and what stays closed to it and to everybody else."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from articles.models import Topic
from newsroom.roles import ROLES
from tests import make
from tests.articles.admin_forms import LIST

pytestmark = pytest.mark.django_db

CLOSED = [
    "accounts/user",
    "auth/group",
    "subscriptions/plan",
    "subscriptions/lead",
    "subscriptions/grant",
    "account/emailaddress",
    "usersessions/usersession",
    "mfa/authenticator",
    "django_tasks_database/dbtaskresult",
]
OPEN = ["article", "photo", "section", "topic", "author", "series", "articleredirect"]


@pytest.mark.parametrize("model", OPEN)
def test_an_editor_works_with_the_library(editor: Client, model: str) -> None:
    assert editor.get(f"/admin/articles/{model}/").status_code == 200


@pytest.mark.parametrize("model", CLOSED)
def test_an_editor_gets_no_further(editor: Client, superuser: Client, model: str) -> None:
    assert superuser.get(f"/admin/{model}/").status_code == 200
    assert editor.get(f"/admin/{model}/").status_code == 403
    assert f"/admin/{model}/" not in editor.get("/admin/").content.decode()


def test_an_editor_cannot_make_themself_more_than_an_editor(editor: Client) -> None:
    user = User.objects.get(email="editor@example.org")
    address = f"/admin/accounts/user/{user.pk}/change/"
    assert (
        editor.post(
            address, {"email": user.email, "is_superuser": "on", "is_staff": "on", "is_active": "on"}
        ).status_code
        == 403
    )
    user.refresh_from_db()
    assert not user.is_superuser
    assert user.get_all_permissions() == ROLES["editors"]


def test_the_address_of_a_list_page_can_be_changed(editor: Client) -> None:
    fields = {"name": "Ports", "slug": "ports", "description": ""}
    assert editor.post("/admin/articles/topic/add/", fields).status_code == 302
    topic = Topic.objects.get(slug="ports")
    changed = {"name": "Harbours", "slug": "harbours", "description": ""}
    assert editor.post(f"/admin/articles/topic/{topic.pk}/change/", changed).status_code == 302
    topic.refresh_from_db()
    assert (topic.name, topic.slug) == ("Harbours", "harbours")


def test_redirects_are_looked_at_only(editor: Client) -> None:
    article = make.article(slug="first")
    article.slug = "second"
    article.save()
    redirect = article.redirects.get()
    assert editor.get("/admin/articles/articleredirect/add/").status_code == 403
    assert editor.post(f"/admin/articles/articleredirect/{redirect.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    "path",
    ["", "articles/article/", "articles/article/add/", "articles/article/1/change/", "articles/article/1/withdraw/"],
)
def test_a_stranger_is_sent_to_the_login(stranger: Client, path: str) -> None:
    response = stranger.get(f"/admin/{path}", follow=True)
    assert response.redirect_chain[-1][0].startswith("/account/login/")


@pytest.mark.attack("S01")
def test_the_admin_has_no_login_form_of_its_own(stranger: Client) -> None:
    desk = make.editor("desk@example.org")
    desk.set_password("a-long-password-indeed")
    desk.save()
    response = stranger.post("/admin/login/", {"username": "desk@example.org", "password": "a-long-password-indeed"})
    assert response["Location"].startswith("/account/login/")
    assert "_auth_user_id" not in stranger.session


def test_a_reader_without_staff_rights_is_turned_away(subscriber: Client) -> None:
    article = make.article()
    response = subscriber.get(f"{LIST}{article.pk}/change/", follow=True)
    assert response.status_code == 403
    assert article.sentinel not in response.content.decode()


@pytest.mark.parametrize("path", ["revisions/1/", "diff/1/", "versions/1/", "history/1/", "drafts/1/", "p/1/"])
def test_there_is_no_address_of_former_versions(stranger: Client, subscriber: Client, path: str) -> None:
    article = make.article(slug="sample")
    for client in (stranger, subscriber):
        for base in ("/", article.get_absolute_url()):
            assert client.get(base + path).status_code == 404
