"""The sentences that tell readers why, at the gate, above the text and on the account page."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from paywall.access import Access, MeterFacts, Reason
from paywall.models import MeteredRead
from paywall.reasons import allowance_sentence, sentence
from tests import make

DECEMBER = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("reason", "left", "allowance", "words"),
    [
        (Reason.METERED, 4, 5, "4 of 5 free articles left this month."),
        (Reason.METERED, 0, 1, "0 of 1 free article left this month."),
        (
            Reason.ALLOWANCE_USED,
            0,
            5,
            "You have read your 5 free articles of this month. The next ones come on 1 December.",
        ),
        (
            Reason.ALLOWANCE_USED,
            0,
            1,
            "You have read your 1 free article of this month. The next one comes on 1 December.",
        ),
        (Reason.READ_AVAILABLE, 2, 5, "You can open this article with one of your free articles of this month."),
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


@pytest.mark.parametrize("reason", list(Reason))
def test_no_reason_fails_to_be_told(reason: Reason) -> None:
    assert isinstance(sentence(Access(1, granted=False, reason=reason)), str)


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
