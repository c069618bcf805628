"""What the group `editors` opens in admin, and what stays closed to it and to everybody else."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from articles.editors import PERMISSIONS, ensure_editors_group
from articles.models import Topic
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
    assert {permission.partition(".")[0] for permission in user.get_all_permissions()} == {"articles"}


def test_the_address_of_a_list_page_is_made_once(editor: Client) -> None:
    fields = {"name": "Ports", "slug": "ports", "description": ""}
    assert editor.post("/admin/articles/topic/add/", fields).status_code == 302
    topic = Topic.objects.get(slug="ports")
    changed = {"name": "Harbours", "slug": "harbours", "description": ""}
    assert editor.post(f"/admin/articles/topic/{topic.pk}/change/", changed).status_code == 302
    topic.refresh_from_db()
    assert (topic.name, topic.slug) == ("Harbours", "ports")


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


def test_the_group_holds_exactly_its_list() -> None:
    held = set(Group.objects.get(name="editors").permissions.values_list("codename", flat=True))
    assert held == PERMISSIONS
    assert {codename for codename in held if codename.startswith("delete")} == {"delete_article", "delete_byline"}
    assert {codename for codename in held if codename.endswith("redirect")} == {"view_articleredirect"}


def test_a_lost_group_comes_back_with_the_next_migration_and_a_changed_one_stays() -> None:
    Group.objects.get(name="editors").delete()
    call_command("migrate", verbosity=0)
    group = Group.objects.get(name="editors")
    assert group.permissions.count() == len(PERMISSIONS)
    group.permissions.remove(Permission.objects.get(codename="publish_article"))
    call_command("migrate", verbosity=0)
    assert group.permissions.count() == len(PERMISSIONS) - 1


def test_a_half_migrated_database_gets_no_half_group(monkeypatch: pytest.MonkeyPatch) -> None:
    Group.objects.get(name="editors").delete()
    Permission.objects.get(codename="publish_article").delete()
    monkeypatch.setattr("articles.editors.create_permissions", lambda *_args, **_options: None)
    ensure_editors_group(apps.get_app_config("articles"), using="default")
    assert not Group.objects.filter(name="editors").exists()
