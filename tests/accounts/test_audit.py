"""The log of what staff did: what feeds it, and that nobody changes it."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.db.models.signals import m2m_changed
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.audit import record
from accounts.models import StaffAction, StaffActionKind, User
from accounts.pruning import prune
from articles.models import Topic
from tests import make
from tests.accounts import doors
from tests.articles.admin_forms import LIST, change_url, fields_of
from tests.newsroom.test_roles import NO_ADDRESSES, member

pytestmark = pytest.mark.django_db

LOG = "/admin/accounts/staffaction/"


def actions(**narrowed: Any) -> list[StaffAction]:
    return list(StaffAction.objects.filter(**narrowed).order_by("pk"))


def only(**narrowed: Any) -> StaffAction:
    found = actions(**narrowed)
    assert len(found) == 1
    return found[0]


@pytest.fixture
def old_row() -> StaffAction:
    return StaffAction.objects.create(
        at=timezone.now() - timedelta(days=800), actor_name="old@example.org", action="changed", detail="Once."
    )


# --- What feeds it ---------------------------------------------------------------------------------------------------


def test_a_change_in_admin_is_told_with_who_what_when_and_from_where(superuser: Client) -> None:
    reader = make.user("reader@example.org")
    before = timezone.now()
    form = {"name": "Renamed", "is_active": "on", **NO_ADDRESSES}
    address = f"/admin/accounts/user/{reader.pk}/change/"
    assert superuser.post(address, form, REMOTE_ADDR="2001:db8:1:2:3::4").status_code == 302
    row = only(action="changed")
    assert (row.actor_name, row.actor_id) == ("root@example.org", User.objects.get(email="root@example.org").pk)
    assert (row.object_type, row.object_id, row.object_words) == ("accounts.user", str(reader.pk), "reader@example.org")
    assert row.detail == "Changed Name."
    assert row.network == "2001:db8:1:2::/64"
    assert before <= row.at <= timezone.now()


def test_what_is_added_and_deleted_is_told(superuser: Client) -> None:
    superuser.post("/admin/articles/topic/add/", {"name": "Ports", "slug": "ports", "description": ""})
    topic = Topic.objects.get()
    superuser.post(f"/admin/articles/topic/{topic.pk}/delete/", {"post": "yes"})
    assert (only(action="added").object_words, only(action="deleted").object_words) == ("Ports", "Ports")
    assert only(action="deleted").object_id == str(topic.pk)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_each_of_the_rows_deleted_at_once_is_told_once(count: int, superuser: Client) -> None:
    topics = [make.topic(f"Topic {number}") for number in range(count)]
    chosen = {"action": "delete_selected", "_selected_action": [topic.pk for topic in topics]}
    assert superuser.post("/admin/articles/topic/", chosen).status_code == 200  # the question
    assert actions(action="deleted") == []
    superuser.post("/admin/articles/topic/", {**chosen, "post": "yes"})
    assert not Topic.objects.exists()
    told = sorted(row.object_words for row in actions(action="deleted"))
    assert told == [f"Topic {number}" for number in range(count)]


def fail(**_fields: Any) -> None:
    raise RuntimeError("the row cannot be written")


@pytest.mark.parametrize("count", [1, 3])
def test_nothing_is_deleted_by_an_action_if_it_cannot_be_told(
    count: int, superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = [make.topic(f"Topic {number}") for number in range(count)]
    monkeypatch.setattr(StaffAction.objects, "create", fail)
    superuser.raise_request_exception = False
    form = {"action": "delete_selected", "_selected_action": [topic.pk for topic in topics], "post": "yes"}
    assert superuser.post("/admin/articles/topic/", form).status_code == 500
    assert Topic.objects.count() == count


def test_nobody_becomes_a_superuser_if_it_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StaffAction.objects, "create", fail)
    with pytest.raises(RuntimeError):
        call_command("createsuperuser", email="root@example.org", interactive=False, verbosity=0)
    assert not User.objects.exists()


def test_nothing_of_a_body_is_told(editor: Client) -> None:
    article = make.article(status="draft", section=make.section())
    body = f"<p>Before. {article.sentinel} after. More.</p>"
    saved = editor.post(change_url(article), fields_of(article, body))
    assert saved.status_code == 302, saved.context["adminform"].form.errors
    row = only(object_type="articles.article")
    assert "Body" in row.detail
    assert article.sentinel not in row.detail + row.object_words


def test_publishing_and_revoking_by_an_action_are_told(superuser: Client) -> None:
    article = make.article(status="draft", section=make.section())
    grant = make.grant(make.user())
    superuser.post(LIST, {"action": "publish_selected", "_selected_action": [article.pk]})
    superuser.post("/admin/subscriptions/grant/", {"action": "revoke", "why": "Left.", "_selected_action": [grant.pk]})
    assert only(object_type="articles.article").detail == "State: published."
    assert only(object_type="subscriptions.grant").detail == "Revoked."


def test_what_was_rolled_back_is_not_told(superuser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any) -> None:
        raise RuntimeError("after the row was written")

    monkeypatch.setattr("articles.admin.TopicAdmin.response_add", fail)
    superuser.raise_request_exception = False
    form = {"name": "Ports", "slug": "ports", "description": ""}
    assert superuser.post("/admin/articles/topic/add/", form).status_code == 500
    assert (Topic.objects.count(), actions(action="added")) == (0, [])


def test_staff_who_log_in_and_out_are_told_and_readers_are_not() -> None:
    make.editor("desk@example.org")
    make.user("reader@example.org")
    for email in ("desk@example.org", "reader@example.org"):
        doors.log_in(email).post("/account/logout/")
    assert [(row.action, row.actor_name, row.network) for row in actions(action__startswith="logged")] == [
        ("logged_in", "desk@example.org", "127.0.0.1"),
        ("logged_out", "desk@example.org", "127.0.0.1"),
    ]


def test_a_second_factor_of_staff_is_told_without_its_secret() -> None:
    desk = make.editor("desk@example.org")
    client = make.logged_in(desk)
    app = Authenticator.objects.get(user=desk, type="totp")
    assert client.post("/account/passkeys/totp/deactivate/").status_code == 302
    row = only(action="second_factor_changed")
    assert (row.actor_name, row.detail) == ("desk@example.org", "Removed: TOTP Authenticator.")
    assert app.data["secret"] not in f"{row.detail} {row.object_words}"


def test_a_second_factor_of_a_reader_is_not_told() -> None:
    reader = make.user("reader@example.org")
    TOTP.activate(reader, generate_totp_secret())
    make.logged_in(reader).post("/account/passkeys/totp/deactivate/")
    assert not Authenticator.objects.filter(user=reader).exists()
    assert actions(action="second_factor_changed") == []


def test_a_password_that_staff_set_is_told() -> None:
    client = make.logged_in(make.editor("desk@example.org"))
    form = {"password1": "a long password indeed", "password2": "a long password indeed"}
    assert client.post("/account/password/set/", form).status_code == 302
    row = only(action="login_changed")
    assert (row.actor_name, row.detail) == ("desk@example.org", "The password.")


def test_the_admin_changes_no_password_past_the_log() -> None:
    desk = make.editor("desk@example.org")
    desk.set_password("a long password indeed")
    desk.save()
    client = make.logged_in(desk)
    new = {
        "old_password": "a long password indeed",
        "new_password1": "quite another one",
        "new_password2": "quite another one",
    }
    assert client.post("/admin/password_change/", new)["Location"] == "/account/password/change/"
    desk.refresh_from_db()
    assert desk.check_password("a long password indeed")


def test_a_role_that_is_given_and_taken_is_told(superuser: Client) -> None:
    user = make.user("new@example.org")
    address = f"/admin/accounts/user/{user.pk}/change/"
    form = {"name": "", "is_active": "on", "is_staff": "on", **NO_ADDRESSES}
    superuser.post(address, {**form, "groups": [Group.objects.get(name="support").pk]})
    superuser.post(address, form)
    told = [(row.actor_name, row.object_words, row.detail) for row in actions(action="rights_changed")]
    assert told == [
        ("root@example.org", "new@example.org", "Given (groups): support."),
        ("root@example.org", "new@example.org", "Taken (groups): support."),
    ]


def test_a_right_that_a_role_gets_is_told(superuser: Client) -> None:
    group = Group.objects.get(name="support")
    right = Permission.objects.get(codename="view_article")
    held = list(group.permissions.values_list("pk", flat=True))
    superuser.post(f"/admin/auth/group/{group.pk}/change/", {"name": "support", "permissions": [*held, right.pk]})
    row = only(action="rights_changed")
    assert (row.object_type, row.object_words) == ("auth.group", "support")
    assert "Can view article" in row.detail


def test_who_is_refused_in_admin_is_told_and_cannot_fill_the_log(editor: Client) -> None:
    for _attempt in range(40):
        assert editor.get("/admin/auth/group/").status_code == 403
    told = actions(action="refused")
    assert len(told) == 30
    assert {(row.actor_name, row.detail) for row in told} == {
        ("editor@example.org", "Refused: GET /admin/auth/group/.")
    }


def test_a_reader_at_the_door_of_the_admin_is_told_and_a_stranger_is_not(registered: Client, stranger: Client) -> None:
    assert registered.get("/admin/login/").status_code == 403
    assert stranger.get("/admin/", follow=True).status_code == 200
    assert only(action="refused").actor_name == "registered@example.org"


def test_the_command_line_is_told_as_such() -> None:
    make.user("reader@example.org")
    for _time in range(2):
        call_command("make_editor", "reader@example.org", stdout=io.StringIO())
    call_command("createsuperuser", email="root@example.org", interactive=False, verbosity=0)
    told = [(row.action, row.object_words, row.detail, row.network, row.actor_id) for row in actions()]
    assert told == [
        ("rights_changed", "reader@example.org", "May enter the admin.", "command line", None),
        ("rights_changed", "reader@example.org", "Given (groups): editors.", "command line", None),
        ("added", "root@example.org", "A superuser.", "command line", None),
    ]


def test_a_second_factor_that_the_command_line_removes_is_told() -> None:
    make.logged_in(make.editor("desk@example.org"))
    call_command("remove_second_factor", "desk@example.org", stdout=io.StringIO())
    row = only(action="second_factor_changed")
    assert (row.object_words, row.detail, row.network) == ("desk@example.org", "All removed.", "command line")


def test_nobody_learns_of_a_password_by_narrowing_the_log(superuser: Client) -> None:
    assert superuser.get(f"{LOG}?actor__password__startswith=argon2").status_code == 400


def test_a_row_names_the_request_that_it_came_with(rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    vars(request)["request_id"] = "7f3a"
    assert record(request, StaffActionKind.REFUSED).request_id == "7f3a"
    assert record(rf.get("/admin/"), StaffActionKind.REFUSED).request_id == ""


# --- That it stays ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"actor_name": "other@example.org"}, {"detail": ""}, {"at": timezone.now()}])
def test_the_database_refuses_a_change(change: dict[str, Any], old_row: StaffAction) -> None:
    with pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
        StaffAction.objects.filter(pk=old_row.pk).update(**change)
    assert StaffAction.objects.filter(**{**change, "pk": old_row.pk}).exists() is False


def test_the_database_refuses_to_delete_what_is_younger_than_a_year(old_row: StaffAction) -> None:
    young = StaffAction.objects.create(at=timezone.now() - timedelta(days=364), action="changed")
    with pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
        young.delete()
    StaffAction.objects.filter(pk=old_row.pk).delete()
    assert [row.pk for row in actions()] == [young.pk]


def test_the_log_outlives_the_account(superuser: Client) -> None:
    superuser.post("/admin/articles/topic/add/", {"name": "Ports", "slug": "ports", "description": ""})
    User.objects.get(email="root@example.org").delete()
    row = only(action="added")
    assert (row.actor_id, row.actor_name) == (None, "root@example.org")


def test_pruning_removes_what_is_older_than_two_years(settings: Any, old_row: StaffAction) -> None:
    for days in (729, 731):
        StaffAction.objects.create(at=timezone.now() - timedelta(days=days), action="added", detail=str(days))
    assert prune()["old staff actions"] == 2
    assert only().detail == "729"
    settings.AUDIT_DAYS = 400
    assert prune()["old staff actions"] == 1


def test_pruning_keeps_what_the_database_would_not_let_go(settings: Any) -> None:
    """The least that AUDIT_DAYS may be is longer than the year that the trigger keeps."""
    settings.AUDIT_DAYS = 367
    StaffAction.objects.create(at=timezone.now() - timedelta(days=366), action="added")
    with time_machine.travel(timezone.now()):
        assert prune()["old staff actions"] == 0


def test_nobody_writes_in_the_log_by_admin(superuser: Client, old_row: StaffAction) -> None:
    assert superuser.get(f"{LOG}{old_row.pk}/change/").status_code == 200
    assert superuser.get(f"{LOG}add/").status_code == 403
    assert superuser.post(f"{LOG}{old_row.pk}/change/", {"detail": "x"}).status_code == 403
    assert superuser.post(f"{LOG}{old_row.pk}/delete/", {"post": "yes"}).status_code == 403
    superuser.post(LOG, {"action": "delete_selected", "_selected_action": [old_row.pk], "post": "yes"})
    assert StaffAction.objects.filter(pk=old_row.pk).exists()


def test_the_log_is_searched_and_narrowed(superuser: Client, old_row: StaffAction) -> None:
    found = superuser.get(f"{LOG}?q=old@example.org").context["cl"].result_list
    assert [row.pk for row in found] == [old_row.pk]
    assert list(superuser.get(f"{LOG}?q=nobody@example.org").context["cl"].result_list) == []
    narrowed = superuser.get(f"{LOG}?action__exact=changed").context["cl"].result_list
    assert {row.action for row in narrowed} == {"changed"}


def test_publishers_look_at_the_log_and_support_does_not() -> None:
    assert make.logged_in(member("publishers")).get(LOG).status_code == 200
    assert make.logged_in(member("support")).get(LOG).status_code == 403


def test_the_log_says_in_one_column_what_was_done_and_is_narrowed_by_kind(superuser: Client) -> None:
    record(None, StaffActionKind.CHANGED, ("articles.section", "7", "Harbours"), "Changed Name.")
    record(None, StaffActionKind.CHANGED, ("gone.thing", "1", "Old rows"))
    record(None, StaffActionKind.LOGGED_IN)
    text = superuser.get(LOG).content.decode()
    assert "changed: Harbours – Changed Name.</td>" in text
    assert ">logged in</td>" in text
    assert '<a href="?object_type=articles.section">Section</a>' in text
    assert '<a href="?object_type=gone.thing">gone.thing</a>' in text
    assert '?object_type="' not in text
    narrowed = superuser.get(f"{LOG}?object_type=articles.section").content.decode()
    assert "Harbours" in narrowed
    assert "Old rows" not in narrowed


def test_rights_that_name_nothing_are_no_row(db: None) -> None:
    m2m_changed.send(
        sender=User.groups.through, instance=make.user(), action="post_add", model=Group, pk_set={0}, using="default"
    )
    assert actions(action="rights_changed") == []
