"""Staff read as a class of reader: what they see, that nothing of it is stored but its beginning and end, and when it
stops.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import StaffAction, User
from articles.models import Article
from paywall.models import MeteredRead
from paywall.reading_as import ReaderClass
from subscriptions.models import CheckoutAttempt, Lead
from tests import make

pytestmark = pytest.mark.django_db

CHOOSE = "/admin/read-as/"
STOP = "/read-as/stop/"
BANNER = 'class="read-as"'
OWN = "You are reading this as a member of staff."


def start(client: Client, chosen: str) -> Any:
    return client.post(CHOOSE, {"chosen": chosen})


def page(client: Client, address: str = "/") -> str:
    response = client.get(address)
    assert response.status_code == 200
    return str(response.content.decode())


def rows() -> list[tuple[str, str]]:
    told = StaffAction.objects.filter(action__startswith="read_as").order_by("pk")
    return [(row.action, row.actor_name) for row in told]


@pytest.fixture
def article() -> Article:
    return make.article(tier="premium")


# --- What is seen ----------------------------------------------------------------------------------------------------

SEEN = {
    # class: free, registered, premium - whether the body is on the page
    "stranger": (True, False, False),
    "registered": (True, True, True),
    "used_up": (True, True, False),
    "subscriber": (True, True, True),
    "lapsed": (True, True, False),
}


@pytest.mark.parametrize("chosen", ReaderClass.values)
def test_each_class_opens_what_such_a_reader_opens(chosen: str, editor: Client) -> None:
    made = [make.article(tier=tier) for tier in ("free", "registered", "premium")]
    assert all(story.sentinel in page(editor, story.get_absolute_url()) for story in made)
    assert start(editor, chosen)["Location"] == "/"
    assert tuple(story.sentinel in page(editor, story.get_absolute_url()) for story in made) == SEEN[chosen]
    assert OWN not in page(editor, made[2].get_absolute_url())


@pytest.mark.parametrize("chosen", ReaderClass.values)
def test_the_page_of_a_class_is_the_page_of_such_a_reader(
    at_noon: None, chosen: str, editor: Client, article: Article
) -> None:
    """The sentence beside the text or at the gate is the one that the reader themself would see."""
    actor = Client() if chosen == "stranger" else make.logged_in(reader_of_class(chosen))
    expected = actor.get(article.get_absolute_url()).context
    start(editor, chosen)
    seen = editor.get(article.get_absolute_url()).context
    assert seen["access"].reason == expected["access"].reason
    assert seen["access"].reads_left == expected["access"].reads_left
    assert seen.get("access_sentence") == expected.get("access_sentence")
    assert getattr(seen.get("gate"), "sentence", None) == getattr(expected.get("gate"), "sentence", None)
    assert getattr(seen.get("gate"), "is_registered", None) == getattr(expected.get("gate"), "is_registered", None)


def reader_of_class(chosen: str) -> User:
    user = make.user(f"{chosen}@example.org")
    now = timezone.now()
    if chosen == "subscriber":
        make.grant(user)
    elif chosen == "lapsed":
        make.grant(user, starts_at=now - timedelta(days=30), ends_at=now - timedelta(days=1))
    elif chosen == "used_up":
        period = timezone.localdate().replace(day=1)
        for slot in range(1, 6):
            MeteredRead.objects.create(user=user, article=make.article(), period=period, slot=slot)
    return user


def test_a_lapsed_reader_who_asks_opens_the_article(editor: Client, article: Article) -> None:
    start(editor, "lapsed")
    assert article.sentinel in page(editor, f"{article.get_absolute_url()}?read=now")


@pytest.mark.parametrize("chosen", ["registered", "lapsed"])
def test_nothing_is_spent(chosen: str, editor: Client) -> None:
    start(editor, chosen)
    for _number in range(8):  # more than the allowance
        story = make.article()
        assert story.sentinel in page(editor, f"{story.get_absolute_url()}?read=now")
    assert not MeteredRead.objects.exists()


def test_without_an_allowance_a_registered_reader_meets_the_gate(
    editor: Client, article: Article, settings: Any
) -> None:
    settings.MONTHLY_ALLOWANCE = 0
    start(editor, "registered")
    assert article.sentinel not in page(editor, article.get_absolute_url())


@pytest.mark.parametrize("chosen", ReaderClass.values)
@pytest.mark.parametrize("state", [{"status": "draft"}, {"published_at": timezone.now() + timedelta(days=1)}])
def test_what_is_not_out_stays_away(chosen: str, state: dict[str, Any], editor: Client) -> None:
    story = make.article(**state)
    start(editor, chosen)
    assert editor.get(story.get_absolute_url()).status_code == 404


def test_a_payment_of_their_own_opens_nothing_for_the_class(editor: Client, article: Article) -> None:
    make.grant(User.objects.get(email="editor@example.org"))
    start(editor, "stranger")
    assert article.sentinel not in page(editor, article.get_absolute_url())


def test_in_admin_one_stays_oneself(editor: Client, article: Article) -> None:
    start(editor, "stranger")
    assert editor.get("/admin/articles/article/").status_code == 200
    preview = page(editor, f"/admin/articles/article/{article.pk}/preview/subscriber/")
    assert article.sentinel in preview
    assert BANNER not in preview
    assert BANNER not in editor.get("/admin/nothing-here/").content.decode()
    assert "You are reading as a stranger." in page(editor, CHOOSE)


# --- The banner ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", list(ReaderClass))
def test_every_page_says_as_whom_one_reads(chosen: ReaderClass, editor: Client, article: Article) -> None:
    addresses = ["/", article.get_absolute_url(), "/subscribe/", "/archive/", "/search/?q=story", "/account/"]
    assert all(BANNER not in page(editor, address) for address in addresses)
    start(editor, chosen.value)
    for address in addresses:
        response = editor.get(address)
        assert BANNER in response.content.decode()
        assert f"You are reading as {chosen.label}." in response.content.decode()
        assert response["Cache-Control"] == "private, no-store"
    assert BANNER in editor.get("/nothing-here/").content.decode()


def test_read_as_a_stranger_the_pages_know_of_no_login(editor: Client) -> None:
    login, account = '<a href="/account/login/">Log in</a>', '<a href="/account/">'
    assert (page(editor).count(login), page(editor).count(account)) == (0, 2)
    start(editor, "stranger")
    assert (page(editor).count(login), page(editor).count(account)) == (2, 0)
    start(editor, "registered")
    assert (page(editor).count(login), page(editor).count(account)) == (0, 2)


def test_the_others_see_no_banner(stranger: Client, registered: Client, editor: Client) -> None:
    start(editor, "subscriber")
    assert BANNER not in page(stranger)
    assert BANNER not in page(registered)


# --- Beginning and end -----------------------------------------------------------------------------------------------


def test_the_button_ends_it_and_both_are_told(editor: Client, article: Article) -> None:
    start(editor, "stranger")
    stopped = editor.post(STOP, {"next": article.get_absolute_url()})
    assert stopped["Location"] == article.get_absolute_url()
    shown = page(editor, article.get_absolute_url())
    assert BANNER not in shown
    assert OWN in shown
    assert rows() == [("read_as_started", "editor@example.org"), ("read_as_ended", "editor@example.org")]
    begun, ended = StaffAction.objects.filter(action__startswith="read_as").order_by("pk")
    assert begun.detail.startswith("As a stranger, until ")
    assert ended.detail == "As a stranger. Stopped."
    assert begun.network == "127.0.0.1"


def test_the_button_says_that_it_is_over_and_only_then(editor: Client) -> None:
    said = "You are reading as yourself again."
    start(editor, "stranger")
    editor.post(STOP, {"next": "/"})
    assert said in page(editor)
    editor.post(STOP, {"next": "/"})
    assert said not in page(editor)


def test_the_button_leads_back_to_the_page_with_what_was_asked_of_it(editor: Client) -> None:
    start(editor, "stranger")
    assert way_back(page(editor, "/search/?q=harbour&page=1")) == "/search/?q=harbour&amp;page=1"


@pytest.mark.parametrize(
    ("sent", "back"), [("/articles/story/", "/articles/story/"), ("//evil.example/", "/"), ("", "/")]
)
def test_from_a_refused_form_the_button_leads_to_where_it_stood(sent: str, back: str, editor: Client) -> None:
    """The address that a form is sent to opens no page."""
    start(editor, "stranger")
    form = {"email": "other@example.org", "plan": "free", "next": sent}
    refused = editor.post("/subscribe/start/", form, headers={"Sec-Fetch-Site": "same-origin"})
    assert "<h1>You are reading as somebody else</h1>" in refused.content.decode()
    assert way_back(refused.content.decode()) == back


def way_back(text: str) -> str:
    """Where the banner's button leads."""
    return text.split(BANNER)[1].split('name="next" value="')[1].split('"')[0]


def test_the_button_leads_nowhere_else(editor: Client) -> None:
    start(editor, "stranger")
    assert editor.post(STOP, {"next": "https://evil.example/"})["Location"] == "/"


def test_another_class_ends_the_former(editor: Client) -> None:
    start(editor, "stranger")
    start(editor, "subscriber")
    assert [action for action, _who in rows()] == ["read_as_started", "read_as_ended", "read_as_started"]


@pytest.mark.parametrize(("minutes", "goes_on"), [(59, True), (61, False)])
def test_it_ends_after_an_hour(minutes: int, goes_on: bool, editor: Client) -> None:
    start(editor, "stranger")
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        assert (BANNER in page(editor)) is goes_on
        page(editor)
    assert rows()[1:] == ([] if goes_on else [("read_as_ended", "editor@example.org")])


def test_it_ends_at_logout(editor: Client) -> None:
    start(editor, "stranger")
    editor.post("/account/logout/")
    assert rows()[1:] == [("read_as_ended", "editor@example.org")]
    assert BANNER not in page(editor)


@pytest.mark.parametrize("loss", ["role", "staff", "active"])
def test_it_ends_with_the_right(loss: str, editor: Client, article: Article) -> None:
    start(editor, "subscriber")
    assert article.sentinel in page(editor, article.get_absolute_url())
    user = User.objects.get(email="editor@example.org")
    if loss == "role":
        user.groups.remove(Group.objects.get(name="editors"))
    else:
        User.objects.filter(pk=user.pk).update(**{f"is_{loss}": False})
    shown = page(editor, article.get_absolute_url())
    assert BANNER not in shown
    assert article.sentinel not in shown or OWN not in shown
    assert [action for action, _who in rows()] == ["read_as_started", "read_as_ended"]


# --- Who may, and how ------------------------------------------------------------------------------------------------


def test_staff_without_the_permission_are_turned_away() -> None:
    client = make.logged_in(make.user("desk@example.org", is_staff=True))
    assert client.get(CHOOSE).status_code == 403
    assert start(client, "subscriber").status_code == 403
    assert "Read as" not in page(client, "/admin/")
    assert rows() == []


def test_readers_do_not_reach_it(stranger: Client, subscriber: Client, article: Article) -> None:
    assert start(stranger, "subscriber")["Location"].startswith("/admin/login/")
    for client in (stranger, subscriber):
        start(client, "subscriber")
        assert BANNER not in page(client)
    assert article.sentinel not in page(stranger, article.get_absolute_url())


def test_it_is_chosen_by_a_form_of_ours_alone(editor: Client) -> None:
    editor.get(f"{CHOOSE}?chosen=subscriber")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = editor.cookies
    assert start(strict, "subscriber").status_code == 403
    assert BANNER not in page(editor)
    start(editor, "subscriber")
    assert strict.post(STOP).status_code == 403
    assert editor.get(STOP).status_code == 405
    assert BANNER in page(editor)


@pytest.mark.parametrize("chosen", ["", "superuser", "staff"])
def test_there_is_no_other_class(chosen: str, editor: Client) -> None:
    assert start(editor, chosen).status_code == 400
    assert (BANNER in page(editor), rows()) == (False, [])


def test_the_present_class_is_the_chosen_one(editor: Client) -> None:
    for chosen in ("stranger", "lapsed"):
        assert f'value="{chosen}" required id="id_chosen' in page(editor, CHOOSE)
        start(editor, chosen)
        shown = page(editor, CHOOSE)
        assert shown.count(" checked>") == 1
        assert " checked>" in shown.split(f'value="{chosen}"')[1].split("<input")[0]


def test_staff_find_it_at_the_head_of_the_admin(editor: Client) -> None:
    assert f'<a href="{CHOOSE}">Read as</a>' in page(editor, "/admin/")
    assert all(f'value="{value}"' in page(editor, CHOOSE) for value in ReaderClass.values)


# --- What is closed meanwhile ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", ["free", "annual"])
@pytest.mark.parametrize("reads_as", [False, True])
def test_nobody_joins_as_somebody_else(plan: str, reads_as: bool, editor: Client) -> None:
    if reads_as:
        start(editor, "stranger")
    form = {"email": "other@example.org", "plan": plan, "next": "/"}
    response = editor.post("/subscribe/start/", form, headers={"Sec-Fetch-Site": "same-origin"})
    assert (response.status_code == 403) is reads_as
    assert ("So nothing was sent or stored." in response.content.decode()) is reads_as
    assert Lead.objects.exists() is not reads_as
    assert not CheckoutAttempt.objects.exists()
    assert not User.objects.filter(email="other@example.org").exists()


def test_a_subscription_of_their_own_stays_as_it_is(editor: Client) -> None:
    subscription = make.subscription(User.objects.get(email="editor@example.org"))
    start(editor, "stranger")
    for door in ("cancel", "keep", "portal"):
        assert editor.post(f"/account/subscription/{subscription.pk}/{door}/").status_code == 403


def test_a_stranger_makes_no_session_by_stopping(stranger: Client) -> None:
    assert stranger.post(STOP, {"next": "/archive/"})["Location"] == "/archive/"
    assert (rows(), Session.objects.count()) == ([], 0)


def test_no_hundreds_of_rows_come_into_the_log_by_choosing_again_and_again(editor: Client) -> None:
    answers = [start(editor, "subscriber").status_code for _time in range(40)]
    assert answers == [302] * 30 + [429] * 10
    assert StaffAction.objects.count() <= 61


@pytest.mark.parametrize("has_shown", [True, False])
def test_staff_read_bodies_and_as_others_once_they_have_shown_their_second_factor(has_shown: bool) -> None:
    article = make.article()
    user = make.editor()
    client = make.logged_in(user) if has_shown else make.by_code_only(user)
    assert ('data-reason="staff"' in page(client, article.get_absolute_url())) is has_shown
    start(client, "subscriber")
    assert (BANNER in page(client)) is has_shown


def test_reading_as_ends_with_the_second_factor(editor: Client) -> None:
    start(editor, "subscriber")
    assert BANNER in page(editor)
    Authenticator.objects.all().delete()
    assert BANNER not in page(editor)
