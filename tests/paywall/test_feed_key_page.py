"""Where a subscriber makes, renews and ends the address of their own feed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.adapter import RECENT_LOGIN
from accounts.models import User
from paywall.feed_keys import FeedKey
from paywall.reading_as import SESSION_KEY, ReaderClass
from subscriptions.models import Grant
from tests import make
from tests.articles.test_feeds import belonging
from tests.paywall.test_private_feed import END, MAKE, SITE, ask, bodies
from tests.paywall.test_private_feed import held as held
from tests.paywall.test_private_feed import reader as reader
from tests.paywall.test_private_feed import token as token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


def account(client: Client) -> str:
    text = client.get("/account/").content.decode()
    return re.search(r"<h2>Full-text feed</h2>(.*?)</section>", text, re.DOTALL)[1]  # type: ignore[index]


def made_token(page: Any) -> str:
    (found,) = re.findall(rf"{SITE}/feeds/private/([\w-]+)/feed\.xml</textarea>", page.content.decode())
    return str(found)


def test_a_subscriber_makes_an_address_sees_it_once_renews_and_ends_it(reader: User, held: Grant) -> None:
    client, article = make.logged_in(reader), belonging()
    assert f'href="{MAKE}"' in account(client)
    first = made_token(client.post(MAKE))
    assert article.sentinel in bodies(first)[0]
    assert first not in client.get(MAKE).content.decode()
    assert "last asked for on 23 November 2026" in account(client)
    second = made_token(client.post(MAKE))
    assert ask(first).status_code == 404
    assert ask(second).status_code == 200
    assert f'action="{END}"' in account(client)
    assert client.post(END)["Location"] == "/account/"
    assert ask(second).status_code == 404


def test_who_has_lapsed_is_told_that_the_feed_is_asleep_and_makes_none(token: str, reader: User, held: Grant) -> None:
    held.revoked_at = timezone.now()
    held.save()
    client = make.logged_in(reader)
    assert "It is asleep" in account(client)
    before = FeedKey.objects.get().token_hash
    assert "/feeds/private/" not in client.post(MAKE).content.decode()
    assert FeedKey.objects.get().token_hash == before


def test_who_never_subscribed_is_told_whose_it_is(registered: Client) -> None:
    assert "Subscribers can read every new article in full" in account(registered)
    assert "<form" not in account(registered)


def test_an_old_login_makes_no_address_but_ends_one(token: str, reader: User) -> None:
    client = make.logged_in(reader, ago=timedelta(seconds=RECENT_LOGIN + 5))
    for response in (client.get(MAKE), client.post(MAKE)):
        assert response.status_code == 403
        assert "/feeds/private/" not in response.content.decode()
    assert client.post(END).status_code == 302
    assert not FeedKey.objects.exists()


def test_no_other_site_makes_or_ends_one(reader: User, token: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = make.logged_in(reader).cookies
    for path in (MAKE, END):
        assert client.post(path).status_code == 403
        assert client.get(END).status_code == 405
    assert ask(token).status_code == 200


def test_a_stranger_is_asked_to_log_in(stranger: Client) -> None:
    for response in (stranger.get(MAKE), stranger.post(MAKE), stranger.post(END)):
        assert response.status_code == 302
        assert response["Location"].startswith("/account/login/")


def test_staff_who_read_as_a_subscriber_make_no_address(superuser: Client) -> None:
    session = superuser.session
    until = (timezone.now() + timedelta(minutes=30)).timestamp()
    session[SESSION_KEY] = {"class": ReaderClass.SUBSCRIBER.value, "until": until}
    session.save()
    for path in (MAKE, END):
        assert superuser.post(path).status_code == 403
    assert not FeedKey.objects.exists()


def test_one_account_makes_ten_an_hour(reader: User, held: Grant) -> None:
    client = make.logged_in(reader)
    assert [client.post(MAKE).status_code for _ in range(11)] == [200] * 10 + [429]
