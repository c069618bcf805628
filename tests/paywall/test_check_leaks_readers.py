"""The readers of manage.py check_leaks: nobody's, of every class, and gone after it however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from articles.models import Article
from paywall.leaks import check as checking
from paywall.leaks import readers, routes
from paywall.leaks.samples import Sample
from paywall.models import ArticleTerms, Institution, Meter, MeteredRead
from paywall.terms import asking_now
from tests import make, servers
from tests.newsroom.waiting import eventually
from tests.paywall.checked_site import Plant, adding, filed, rows, run

committed = pytest.mark.django_db(transaction=True)
BLOCK = "The ferryman’s second ledger names all eleven captains who paid him in silver that winter."
PLAN = "The harbour board voted twice in secret before the clerk burned both of the papers."


def made_for(articles: list[Article]) -> readers.Readers:
    now = timezone.now()
    return readers.make_all([Sample(article, asking_now(article, now)) for article in articles], now)


# --- nothing stays --------------------------------------------------------------------------------------------------


@committed
@pytest.mark.usefixtures("brief")
def test_an_interrupted_check_leaves_nothing(
    site_url: str, closed_two: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, during = rows(), {}

    def interrupted(*_arguments: object) -> None:
        during.update(rows())
        raise KeyboardInterrupt

    monkeypatch.setattr(checking.Check, "what_pages_lead_to", interrupted)
    monkeypatch.setattr(checking, "READ", {"articles:article": routes.of_articles})
    with pytest.raises(KeyboardInterrupt):
        run(site_url)
    assert during["accounts_user"] == before["accounts_user"] + 5
    assert rows() == before


@committed
def test_a_check_that_is_ended_from_outside_leaves_nothing(site_url: str, closed_two: list[Article]) -> None:
    """By a real signal to a real process, while it asks."""
    before = rows()
    environment = os.environ | {"DATABASE_URL": servers.test_database_url(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "manage.py", "check_leaks", "--base-url", site_url, "--rate", "2"]
    with subprocess.Popen(
        command, cwd=servers.PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        is_at_work = eventually(
            lambda: MeteredRead.objects.exists() or process.poll() is not None, within=servers.START_LIMIT
        )
        process.send_signal(signal.SIGTERM)
        printed = process.communicate(timeout=servers.START_LIMIT)[0]
    assert is_at_work
    assert process.returncode == 2, printed
    assert "Checking" in printed
    assert "Could not check" not in printed
    assert rows() == before


@committed
def test_what_a_killed_check_left_goes_with_the_next_one(
    site_url: str, closed_two: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows()
    made_for(closed_two)
    assert rows() != before
    monkeypatch.setattr(checking, "run", lambda *_arguments: None)
    assert run(site_url).code == 0
    assert rows() == before


@pytest.mark.django_db
def test_the_readers_of_a_check_are_nobody() -> None:
    """No password, no address that mail reaches, no rights of staff; and they spend their own free articles alone."""
    articles = [make.article() for _number in range(2)]
    for _number in range(6):
        make.article(tier="free")
    made_for(articles)
    made = User.objects.filter(email__startswith=readers.ADDRESS_PREFIX)
    assert made.count() == 5
    assert not any(user.has_usable_password() or user.is_staff for user in made)
    assert all(user.email.endswith(".invalid") for user in made)
    assert MeteredRead.objects.exists()
    assert not MeteredRead.objects.exclude(user__in=made).exists()
    assert not MeteredRead.objects.filter(article__in=articles).exists()
    assert readers.remove_all() == 5
    assert not Session.objects.exists()


# --- every class ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_class_that_cannot_be_made_is_named(city_library: Institution) -> None:
    notes = "\n".join(made_for([make.article()]).notes)
    assert "a registered reader with nothing left: too few other articles" in notes
    assert "a subscriber of another plan: none of these articles is for certain plans alone" in notes
    assert "a stranger whose free articles are used up: strangers have none" in notes
    assert "links of letters that have ended: a second article is needed" in notes
    assert "visitors of institutions" in notes


def for_one_plan_and_with_a_block() -> tuple[Article, Article]:
    """Beside others on which readers, also strangers, can spend their free articles."""
    Meter.objects.create(anonymous_allowance=2)
    fields = filed()
    for _number in range(6):
        make.article(tier="free", **fields)
    of_a_plan = make.article(body=f"{make.long_body(1)}<p>{PLAN}</p>", **fields)
    ArticleTerms.objects.create(article=of_a_plan).plans.set([make.plans()["annual"]])
    with_block = make.article(
        tier="free", body=f'<p>Open.</p><section class="block-subscribers"><p>{BLOCK}</p></section>', **fields
    )
    return of_a_plan, with_block


@committed
@pytest.mark.usefixtures("brief")
def test_an_article_for_one_plan_and_a_block_for_subscribers_are_looked_for_as_everybody(
    site_url: str, planted: dict[str, Plant], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also as a subscriber of another plan, and as a stranger who has used the free articles up."""
    monkeypatch.setattr(checking, "READ", {"articles:article": routes.of_articles})
    of_a_plan, with_block = for_one_plan_and_with_a_block()
    before = rows()
    ended = run(site_url)
    assert ended.code == 0, ended.text
    assert "2 articles" in ended.text
    assert "Not looked at" not in ended.text
    assert rows() == before

    def given_away(request: HttpRequest, response: Any) -> None:
        if request.method == "GET":
            adding(f"<p>{PLAN if request.path == of_a_plan.get_absolute_url() else BLOCK}</p>")(request, response)

    planted |= {article.get_absolute_url(): given_away for article in (of_a_plan, with_block)}
    ended = run(site_url)
    assert ended.code == 1, ended.text
    found = {(at, who) for at, who, where, _sentence in ended.leaks if where == "body"}
    other = next(who for _at, who in found if who.startswith("a subscriber of another plan"))
    nobody = {
        readers.STRANGER,
        "a stranger whose free articles are used up",
        "a registered reader with nothing left",
        "a reader whose subscription has ended",
    }
    assert {(of_a_plan.get_absolute_url(), who) for who in nobody | {other}} <= found
    assert {(with_block.get_absolute_url(), who) for who in nobody} <= found
    assert (with_block.get_absolute_url(), other) not in found  # a subscriber of any plan reads a block
    assert not any(who == "a subscriber" for _at, who in found)
    assert rows() == before
