"""The sentences that tell readers why, at the gate, above the text and on the account page."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from paywall.access import Access, MeterFacts, Reason
from paywall.asking import Ask, Asking, Origin
from paywall.gate import login_url
from paywall.meters.words import allowance_sentence
from paywall.models import Meter, MeteredRead
from paywall.telling.next_steps import next_steps
from paywall.telling.reasons import asked_sentence, sentence, until_sentence, why
from tests import make

DECEMBER = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("reason", "left", "allowance", "words"),
    [
        (Reason.METERED, 4, 5, "4 of 5 free articles left this month, renews on 1 December."),
        (Reason.METERED, 0, 1, "0 of 1 free article left this month, renews on 1 December."),
        (
            Reason.ALLOWANCE_USED,
            0,
            5,
            "You have read your 5 free articles this month. The next ones come on 1 December.",
        ),
        (
            Reason.ALLOWANCE_USED,
            0,
            1,
            "You have read your 1 free article this month. The next one comes on 1 December.",
        ),
        (Reason.READ_AVAILABLE, 2, 5, "You can open this article with one of your free articles this month."),
        (Reason.REGISTRATION_NEEDED, None, None, "This article is open to everyone who has given an e-mail address."),
        (Reason.STAFF, None, None, "You are reading this as a member of staff."),
        (Reason.SUBSCRIBER, None, None, ""),
        (Reason.FREE, None, None, ""),
        (Reason.SUBSCRIPTION_NEEDED, None, None, ""),
    ],
)
def test_a_reason_has_its_sentence(reason: Reason, left: int | None, allowance: int | None, words: str) -> None:
    access = Access(1, granted=False, reason=reason, reads_left=left, allowance=allowance, renews_on=DECEMBER)
    assert sentence(access) == words


WITHHOLDING = (
    Reason.REGISTRATION_NEEDED,
    Reason.SUBSCRIPTION_NEEDED,
    Reason.PLAN_NEEDED,
    Reason.READ_AVAILABLE,
    Reason.ALLOWANCE_USED,
    Reason.NOT_PUBLISHED,
    Reason.UNDECIDED,
)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("reason", list(Reason))
def test_no_reason_fails_to_be_told(reason: Reason) -> None:
    access = Access(1, granted=reason not in WITHHOLDING, reason=reason)
    assert isinstance(sentence(access), str)
    assert why(access).endswith(".")
    assert why(access) != why(Access(1, granted=False, reason=Reason.UNDECIDED)) or reason is Reason.UNDECIDED


@pytest.mark.parametrize(
    ("access", "words"),
    [
        (Access(1, True, Reason.INSTITUTION, via="City Library"), "You are reading this with City Library."),
        (Access(1, True, Reason.INSTITUTION), "You are reading this with your institution."),
        (Access(1, True, Reason.GIFT, via="Ada"), "This article is a gift from Ada."),
        (Access(1, True, Reason.GIFT), "This article is a gift."),
        (Access(1, True, Reason.MAIL_LINK), "You are reading this with the link in our mail to you."),
        (Access(1, True, Reason.SUBSCRIBER), "You are reading this as a subscriber."),
        (Access(1, True, Reason.FREE), "It is free to read, for everybody."),
        (Access(1, True, Reason.FREE, NOW), "It is free to read until 23 November 2026, 12:00 UTC."),
        (
            Access(1, True, Reason.FREE, NOW, asking=Asking(Ask.OPEN, Origin.OPENING, NOW, 1, "The flood")),
            "It is open to everybody until 23 November 2026, 12:00 UTC.",
        ),
        (Access(1, False, Reason.SUBSCRIPTION_NEEDED), "This article is for subscribers."),
        (Access(1, False, Reason.PLAN_NEEDED), "This article is for subscribers of another plan than yours."),
        (Access(1, False, Reason.NOT_PUBLISHED), "This article is not published."),
    ],
)
def test_why_is_told_in_a_sentence(access: Access, words: str) -> None:
    assert why(access) == words


def test_plans_that_are_needed_are_named() -> None:
    for reason in (Reason.PLAN_NEEDED, Reason.SUBSCRIPTION_NEEDED):
        access = Access(1, False, reason)
        assert why(access, plan_names=("Gold",)) == "This article is for subscribers of the plan Gold."
        assert sentence(access, plan_names=("Gold",)) == why(access, plan_names=("Gold",))
        several = "This article is for subscribers of one of these plans: Gold, Silver."
        assert why(access, plan_names=("Gold", "Silver")) == several


def test_no_sentence_names_a_rule() -> None:
    for reason in Reason:
        asking = Asking(Ask.PLAN, Origin.RULE, NOW, 1, "Secret campaign")
        access = Access(1, reason not in WITHHOLDING, reason, NOW, asking=asking)
        assert "Secret" not in f"{why(access)} {sentence(access)} {asked_sentence(access)} {until_sentence(access)}"


def test_an_end_is_named_unless_it_is_the_day_of_a_renewal() -> None:
    held = Access(1, True, Reason.SUBSCRIBER, NOW)
    assert until_sentence(held) == "It stays open to you until 23 November 2026, 12:00 UTC."
    assert until_sentence(held, has_subscription=True) == ""
    assert until_sentence(Access(1, True, Reason.SUBSCRIBER)) == ""
    assert until_sentence(Access(1, False, Reason.SUBSCRIPTION_NEEDED, NOW)) == ""


METERED = Asking(Ask.METER, Origin.TIER)


@pytest.mark.django_db
@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("reason", WITHHOLDING)
def test_every_refusal_has_a_next_step_with_a_link_that_leads_somewhere(
    reason: Reason, is_known: bool, stranger: Client
) -> None:
    path = make.article().get_absolute_url()
    access = Access(1, False, reason, renews_on=DECEMBER, asking=METERED)
    steps = next_steps(access, path, NOW, is_known=is_known, opens_at=NOW)
    assert steps[-1].words == "Or wait: from 23 November 2026, 12:00 UTC everybody can read it."
    assert len(steps) > 1
    for step in steps:
        assert step.words.endswith(".")
        assert step.label
        assert stranger.get(step.url).status_code in (200, 302), step
    assert (login_url(path + "#continue") in {step.url for step in steps}) is (
        not is_known and reason not in (Reason.UNDECIDED, Reason.NOT_PUBLISHED)
    )


@pytest.mark.django_db
def test_each_refusal_names_the_way_that_is_its_own() -> None:
    def words(
        reason: Reason, *, is_known: bool = True, plan_names: tuple[str, ...] = (), is_plans: bool = False
    ) -> list[str]:
        access = Access(1, False, reason, renews_on=DECEMBER, asking=METERED, is_plans=is_plans)
        return [step.words for step in next_steps(access, "/x/", NOW, is_known=is_known, plan_names=plan_names)]

    assert words(Reason.REGISTRATION_NEEDED) == ["Give your e-mail address. It costs nothing."]
    assert words(Reason.ALLOWANCE_USED)[0] == "Wait until 1 December, when the next free article comes."
    assert words(Reason.READ_AVAILABLE)[0] == "Open it with one of your free articles."
    assert (
        words(Reason.ALLOWANCE_USED, is_plans=True)[0]
        == "Wait until 1 December, when the next article of your plan comes."
    )
    assert words(Reason.READ_AVAILABLE, is_plans=True)[0] == "Open it with one of the articles of your plan."
    assert words(Reason.PLAN_NEEDED, plan_names=("Gold",)) == ["Change to a plan that includes it: Gold."]
    assert words(Reason.SUBSCRIPTION_NEEDED, plan_names=("Gold",)) == ["Subscribe to a plan that includes it: Gold."]
    assert words(Reason.UNDECIDED) == ["Load the article again in a moment."]
    assert (
        "5 articles for subscribers are free for you every month"
        in words(Reason.SUBSCRIPTION_NEEDED, is_known=False)[0]
    )
    assert next_steps(Access(1, True, Reason.FREE), "/x/", NOW, opens_at=NOW) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("allowance", "anonymous", "whose"),
    [
        (5, 0, "a subscription, or {}one of the free articles of a registered reader."),
        (5, 3, "a subscription, or {}one of the free articles that every reader has."),
        (0, 3, "a subscription, or {}one of the free articles of a reader without an account."),
        (0, 0, "a subscription."),
    ],
)
def test_free_articles_are_told_of_those_alone_who_have_some(
    settings: Any, stranger: Client, allowance: int, anonymous: int, whose: str
) -> None:
    settings.MONTHLY_ALLOWANCE = allowance
    Meter.objects.create(anonymous_allowance=anonymous)
    access = Access(1, False, Reason.SUBSCRIPTION_NEEDED, asking=METERED)
    assert asked_sentence(access) == f"It asks for {whose.format('for ')}"
    assert whose.format("").capitalize() in stranger.get("/access/").text


@pytest.mark.django_db
def test_the_way_by_an_institution_is_shown_where_one_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access(1, False, Reason.SUBSCRIPTION_NEEDED, asking=METERED)

    def urls() -> set[str]:
        return {step.url for step in next_steps(access, "/articles/x/", NOW)}

    assert "/access/institution/?next=%2Farticles%2Fx%2F" not in urls()
    monkeypatch.setattr("paywall.telling.next_steps.has_live_institution", lambda _now: True)
    assert "/access/institution/?next=%2Farticles%2Fx%2F" in urls()


@pytest.mark.parametrize(
    ("allowance", "used", "words"),
    [
        (5, 4, "1 of 5 free articles are left this month; the count starts again on 1 December."),
        (1, 0, "1 of 1 free article is left this month; the count starts again on 1 December."),
        (0, 0, ""),
    ],
)
def test_the_month_has_its_sentence(allowance: int, used: int, words: str) -> None:
    assert allowance_sentence(MeterFacts(allowance=allowance, used=used, renews_on=DECEMBER)) == words


def account_page(client: Client) -> str:
    return client.get("/account/").content.decode()


@pytest.mark.django_db
def test_the_account_page_says_what_each_reader_may_read(
    registered: Client, subscriber: Client, lapsed: Client, editor: Client
) -> None:
    assert "5 of 5 free articles are left this month" in account_page(registered)
    assert "See the plans" in account_page(registered)
    assert "The whole library is open to you." in account_page(subscriber)
    assert "See the plans" not in account_page(subscriber)
    assert "Your access to the whole library has ended." in account_page(lapsed)
    assert "You read everything as a member of staff." in account_page(editor)


@pytest.mark.django_db
def test_the_account_page_counts_reads_and_names_the_day_on_which_a_grant_ends() -> None:
    with time_machine.travel(datetime(2026, 11, 23, 12, tzinfo=UTC), tick=False):
        reader = make.user()
        MeteredRead.objects.create(user=reader, article=make.article(), period=date(2026, 11, 1), slot=1)
        assert "4 of 5 free articles are left" in account_page(make.logged_in(reader))
        make.grant(reader, ends_at=datetime(2026, 12, 24, 12, tzinfo=UTC))
        assert "open to you until 24 December 2026." in account_page(make.logged_in(reader))


@pytest.mark.django_db
def test_without_an_allowance_the_account_page_counts_nothing(settings: Any, registered: Client) -> None:
    settings.MONTHLY_ALLOWANCE = 0
    assert "free article" not in account_page(registered)
