"""The three roles of staff: what each may do with every kind of row that the admin shows."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import User
from newsroom.roles import ROLES, ensure_groups
from subscriptions.models import Grant, SyncJob
from tests import make

pytestmark = pytest.mark.django_db

WHO = ("editors", "publishers", "support", "superuser")
# v(iew), a(dd), c(hange), d(elete), as the admin decides where no certain row is meant.
MATRIX = {
    "account.emailaddress": ("", "", "", "vacd"),
    "accounts.staffaction": ("", "v", "", "v"),
    "accounts.user": ("", "v", "vc", "vac"),
    "articles.article": ("vacd", "vacd", "", "vacd"),
    "articles.articleredirect": ("v", "v", "", "v"),
    "articles.author": ("vac", "vacd", "", "vacd"),
    "articles.frontpage": ("vc", "vc", "", "vc"),
    "articles.page": ("vac", "vacd", "", "vacd"),
    "articles.listredirect": ("v", "v", "", "v"),
    "articles.photo": ("vac", "vacd", "", "vacd"),
    "articles.section": ("vac", "vacd", "", "vacd"),
    "articles.series": ("vac", "vacd", "", "vacd"),
    "articles.topic": ("vac", "vacd", "", "vacd"),
    "auth.group": ("", "", "", "vacd"),
    "django_tasks_database.dbtaskresult": ("", "", "", "v"),
    "mfa.authenticator": ("", "", "", "vd"),
    "paywall.crawler": ("", "vacd", "", "vacd"),
    "paywall.institution": ("", "vac", "v", "vacd"),
    "paywall.meter": ("", "vc", "", "vc"),
    "paywall.opening": ("vacd", "vacd", "", "vacd"),
    "paywall.rule": ("vacd", "vacd", "", "vacd"),
    "paywall.giftlink": ("", "v", "v", "v"),
    "paywall.funnelcount": ("", "v", "", "v"),
    "subscriptions.agreement": ("", "v", "v", "v"),
    "subscriptions.alert": ("", "v", "v", "v"),
    "subscriptions.checkoutattempt": ("", "v", "", "v"),
    "subscriptions.dashboard": ("", "v", "", "v"),
    "subscriptions.declaration": ("", "v", "v", "v"),
    "subscriptions.gift": ("", "v", "v", "v"),
    "subscriptions.dispute": ("", "v", "v", "v"),
    "subscriptions.grant": ("", "vac", "vac", "vac"),
    "subscriptions.group": ("", "vc", "vc", "vc"),
    "subscriptions.invoice": ("", "v", "v", "v"),
    "subscriptions.lead": ("", "v", "v", "v"),
    "subscriptions.outgoingmail": ("", "v", "v", "v"),
    "subscriptions.plan": ("", "vac", "", "vacd"),
    "subscriptions.purchase": ("", "v", "v", "v"),
    "subscriptions.stripecustomer": ("", "v", "v", "v"),
    "subscriptions.stripeevent": ("", "v", "", "v"),
    "subscriptions.subscription": ("", "v", "v", "v"),
    "usersessions.usersession": ("", "", "", "vd"),
}
# Those that rows may be looked at and acted upon: what each action is to whom.
ACTIONS = {
    "articles.article": ("publish_selected", ("editors", "publishers", "superuser")),
    "paywall.opening": ("close_selected", ("editors", "publishers", "superuser")),
    "paywall.giftlink": ("revoke", ("publishers", "support", "superuser")),
    "subscriptions.alert": ("acknowledge", ("publishers", "support", "superuser")),
    "subscriptions.declaration": ("settle", ("publishers", "support", "superuser")),
    "subscriptions.grant": ("revoke", ("publishers", "support", "superuser")),
    "subscriptions.outgoingmail": ("send_again", ("publishers", "superuser")),
    "subscriptions.stripecustomer": ("sync_now", ("publishers", "support", "superuser")),
    "subscriptions.subscription": ("sync_now", ("publishers", "support", "superuser")),
}
NO_ADDRESSES = {"emailaddress_set-TOTAL_FORMS": "0", "emailaddress_set-INITIAL_FORMS": "0"}


def member(role: str) -> User:
    if role == "superuser":
        return User.objects.create_superuser("root@example.org")
    user = make.user(f"{role}@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def support() -> Client:
    return make.logged_in(member("support"))


def request_of(user: User) -> Any:
    request = RequestFactory().get("/admin/")
    request.user = user
    return request


def verbs(model_admin: admin.ModelAdmin[Any], user: User) -> str:
    allowed = model_admin.get_model_perms(request_of(user))
    return "".join(verb[0] for verb in ("view", "add", "change", "delete") if allowed[verb])


@pytest.mark.parametrize("role", WHO)
def test_each_role_opens_what_its_column_says(role: str) -> None:
    user = member(role)
    found = {model._meta.label_lower: verbs(model_admin, user) for model, model_admin in admin.site._registry.items()}
    assert found == {label: row[WHO.index(role)] for label, row in MATRIX.items()}


@pytest.mark.parametrize("role", WHO)
def test_each_role_reaches_the_lists_of_its_column_and_no_other(role: str) -> None:
    client = make.logged_in(member(role))
    found = {label: client.get(f"/admin/{label.replace('.', '/')}/", follow=True).status_code for label in MATRIX}
    assert found == {label: 200 if row[WHO.index(role)] else 403 for label, row in MATRIX.items()}


@pytest.mark.parametrize("role", WHO)
def test_each_role_has_the_actions_that_are_its_own(role: str) -> None:
    user = member(role)
    for label, (action, roles) in ACTIONS.items():
        offered = admin.site._registry[apps.get_model(label)].get_actions(request_of(user))
        assert (action in offered) == (role in roles), label


def test_each_role_may_read_as_somebody() -> None:
    assert all(member(role).has_perm("accounts.read_as") for role in WHO)
    assert not make.user().has_perm("accounts.read_as")


# --- Support ---------------------------------------------------------------------------------------------------------


def test_support_switches_a_reader_off_and_gives_a_grant(support: Client) -> None:
    reader = make.user("reader@example.org")
    assert support.post(f"/admin/accounts/user/{reader.pk}/change/", {"name": "", **NO_ADDRESSES}).status_code == 302
    reader.refresh_from_db()
    assert not reader.is_active
    now = timezone.localtime()
    form = {
        "user": reader.pk,
        "scope": "library",
        "starts_at_0": now.strftime("%Y-%m-%d"),
        "starts_at_1": now.strftime("%H:%M:%S"),
        "ends_at_0": "",
        "ends_at_1": "",
        "reason": "Paid by cheque.",
    }
    refused = support.post("/admin/subscriptions/grant/add/", {**form, "reason": ""})
    assert refused.context["adminform"].form.errors.keys() == {"reason"}
    assert support.post("/admin/subscriptions/grant/add/", form).status_code == 302
    assert Grant.objects.get().reason == "Paid by cheque."


def test_support_asks_for_a_sync(support: Client) -> None:
    customer = make.stripe_customer(make.user())
    before = SyncJob.objects.get(customer=customer).generation
    data = {"action": "sync_now", "_selected_action": [customer.pk]}
    support.post("/admin/subscriptions/stripecustomer/", data)
    assert SyncJob.objects.get(customer=customer).generation == before + 1


@pytest.mark.parametrize("whose", ["support@example.org", "colleague@example.org", "boss@example.org"])
def test_support_raises_nobody_and_leaves_staff_alone(support: Client, whose: str) -> None:
    make.editor("colleague@example.org")
    User.objects.create_superuser("boss@example.org")
    user = User.objects.get(email=whose)
    rights = {"is_staff": "on", "is_superuser": "on", "groups": [Group.objects.get(name="publishers").pk]}
    form = {"email": "mine@example.org", "name": "New", "is_active": "on", **rights, **NO_ADDRESSES}
    before = (user.email, user.name, user.is_superuser, sorted(user.groups.values_list("name", flat=True)))
    assert support.post(f"/admin/accounts/user/{user.pk}/change/", form).status_code == 403
    user.refresh_from_db()
    assert (user.email, user.name, user.is_superuser, sorted(user.groups.values_list("name", flat=True))) == before


def test_support_makes_no_staff_out_of_a_reader(support: Client) -> None:
    reader = make.user("reader@example.org")
    rights = {"is_staff": "on", "is_superuser": "on", "groups": [Group.objects.get(name="support").pk]}
    form = {"email": "mine@example.org", "name": "New", "is_active": "on", **rights, **NO_ADDRESSES}
    assert support.post(f"/admin/accounts/user/{reader.pk}/change/", form).status_code == 302
    reader.refresh_from_db()
    assert (reader.name, reader.email, reader.is_staff, reader.is_superuser) == (
        "New",
        "reader@example.org",
        False,
        False,
    )
    assert not reader.groups.exists()
    assert support.post("/admin/accounts/user/add/", form).status_code == 403


def test_support_reads_no_more_than_it_has_a_right_to(support: Client) -> None:
    article, draft = make.article(), make.article(status="draft")
    page = support.get(article.get_absolute_url()).content.decode()
    assert "You are reading this as a member of staff" not in page
    assert support.get(draft.get_absolute_url()).status_code == 404
    assert support.get(f"/admin/articles/article/{article.pk}/preview/subscriber/").status_code == 403


# --- The groups ------------------------------------------------------------------------------------------------------


def held(name: str) -> set[str]:
    permissions = Group.objects.get(name=name).permissions
    return {f"{label}.{codename}" for label, codename in permissions.values_list("content_type__app_label", "codename")}


@pytest.mark.parametrize("name", ROLES)
def test_a_group_holds_exactly_its_list(name: str) -> None:
    assert held(name) == ROLES[name]


def test_what_an_editor_deletes_is_drafts_choices_openings_and_rules_alone() -> None:
    assert {name for name in held("editors") if ".delete_" in name} == {
        "articles.delete_article",
        "articles.delete_byline",
        "articles.delete_frontpick",
        "paywall.delete_opening",
        "paywall.delete_rule",
    }


@pytest.mark.parametrize("name", ROLES)
def test_a_lost_group_comes_back_with_the_next_migration_and_a_changed_one_stays(name: str) -> None:
    Group.objects.get(name=name).delete()
    call_command("migrate", verbosity=0)
    group = Group.objects.get(name=name)
    assert held(name) == ROLES[name]
    group.permissions.remove(Permission.objects.get(codename="read_as"))
    call_command("migrate", verbosity=0)
    assert held(name) == ROLES[name] - {"accounts.read_as"}


def test_a_half_migrated_database_gets_no_half_group(monkeypatch: pytest.MonkeyPatch) -> None:
    Group.objects.all().delete()
    Permission.objects.get(codename="publish_article").delete()
    monkeypatch.setattr("newsroom.roles.create_permissions", lambda *_args, **_options: None)
    ensure_groups(apps.get_app_config("accounts"), using="default")
    assert list(Group.objects.values_list("name", flat=True)) == ["support"]


@pytest.mark.parametrize(
    ("role", "group"), [("editor", "editors"), ("publisher", "publishers"), ("support", "support")]
)
def test_the_command_gives_each_role(role: str, group: str) -> None:
    call_command("make_editor", "new@example.org", role=role, stdout=io.StringIO())
    user = User.objects.get()
    assert user.is_staff
    assert list(user.groups.values_list("name", flat=True)) == [group]


def test_the_command_knows_no_other_role() -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("make_editor", "new@example.org", "--role", "superuser")
    assert not User.objects.exists()
