"""Groups of readers: case 80 of the billing specification, and what an owner does with invitations, over HTTP."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from subscriptions.groups import invitations
from subscriptions.mirroring.reconcile import reconcile
from subscriptions.models import Group, Plan, Seat, SeatState
from tests import make
from tests.shop import Shop
from tests.subscriptions.group_life import OWNER, group, invite, join, link_to, names, states, text_of
from tests.subscriptions.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)


# --- Buying ----------------------------------------------------------------------------------------------------------


def test_a_group_is_bought_with_seats_and_stripe_bills_each(shop: Shop, team: Plan, article: Any) -> None:
    browser = make.logged_in(make.user(OWNER))
    attempt = shop.seats_checkout(browser, 7)
    asked = next(call for call in reversed(shop.sandbox.calls) if call.path == "/v1/checkout/sessions")
    assert asked.params["line_items"][0]["quantity"] == "7"
    assert shop.sandbox.objects("checkout.session")[-1]["amount_total"] == 7 * team.amount_minor
    shop.pay(attempt)
    shop.settle()
    assert (group().seats, group().owner) == (7, User.objects.get(email=OWNER))
    assert reads(browser, article)
    assert list(reconcile()) == []


@pytest.mark.parametrize("typed", ["", "1", "21", "-3", "two", "5.5", "٥", "9" * 40])
def test_a_number_of_seats_that_is_not_sold_is_told_and_nothing_is_made(shop: Shop, team: Plan, typed: str) -> None:
    response = shop.start_with(Client(), "team", {"seats-team": typed})
    assert response.status_code == 400
    assert "from 2 to 20 seats" in text_of(response)
    assert 'name="seats-team"' in text_of(response)
    assert shop.sandbox.objects("checkout.session") == []
    assert shop.start_with(Client(), "team", {"seats-team": "20"}).status_code == 303


def test_seats_of_another_option_count_for_nothing(shop: Shop, team: Plan) -> None:
    assert shop.start_with(Client(), "annual", {"seats-team": "9", "seats-annual": "9"}).status_code == 303
    asked = next(call for call in reversed(shop.sandbox.calls) if call.path == "/v1/checkout/sessions")
    assert asked.params["line_items"][0]["quantity"] == "1"


def test_a_plan_for_groups_stands_on_the_page_of_plans_and_under_articles_only_if_editors_want(
    shop: Shop, team: Plan, article: Any
) -> None:
    assert 'name="seats-team"' in Client().get("/subscribe/").content.decode()
    assert "seats-team" not in Client().get(article.get_absolute_url()).content.decode()
    Plan.objects.filter(key="team").update(is_at_gate=True)
    assert "seats-team" in Client().get(article.get_absolute_url()).content.decode()


# --- Inviting and accepting ------------------------------------------------------------------------------------------


@pytest.mark.case(80)
def test_five_seats_are_taken_and_the_sixth_is_refused(shop: Shop, owner: Client, article: Any) -> None:
    *first, last = names(6)
    readers = join(owner, *first)
    assert all(reads(reader, article) for reader in readers)
    invite(owner, last)
    sixth = make.logged_in(make.user(last))
    refused = sixth.post(link_to(last))
    assert refused.status_code == 409
    assert "All 5 seats of a group are taken." in text_of(refused)
    assert states()[last] == SeatState.INVITED
    assert not reads(sixth, article)
    owner.post(f"/account/group/{group().pk}/seats/{Seat.objects.get(email=first[0]).pk}/free/")
    assert sixth.post(link_to(last)).status_code == 302
    assert reads(sixth, article)
    assert not reads(readers[0], article)


@pytest.mark.case(80)
def test_of_several_who_come_for_the_last_seat_one_gets_it(
    shop: Shop, owner: Client, article: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    *first, one, two, three = names(7)
    join(owner, *first)
    invite(owner, one, two, three)
    late = [(make.logged_in(make.user(email)), link_to(email)) for email in (one, two, three)]
    together = Barrier(len(late))
    refuse_reader = invitations.refuse_reader

    def refuse_together(*arguments: Any) -> None:
        """Two of them at the same place, if nothing keeps the second from it."""
        refuse_reader(*arguments)
        with suppress(BrokenBarrierError):
            together.wait(timeout=2)

    monkeypatch.setattr(invitations, "refuse_reader", refuse_together)

    def take(reader: tuple[Client, str]) -> int:
        try:
            return int(reader[0].post(reader[1]).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(late)) as pool:
        answers = sorted(pool.map(take, late))
    assert answers == [302, 409, 409]
    assert Seat.objects.filter(state=SeatState.TAKEN).count() == 5
    assert sum(reads(reader, article) for reader, _link in late) == 1


def test_an_invitation_is_for_its_address_alone(shop: Shop, owner: Client, article: Any) -> None:
    invite(owner, "invited@example.net")
    link = link_to("invited@example.net")
    other = make.logged_in(make.user("other@example.net"))
    shown = other.get(link)
    assert shown.status_code == 200
    assert "This invitation is for another address than yours." in text_of(shown)
    assert "invited@example.net" not in text_of(shown)
    refused = other.post(link)
    assert refused.status_code == 409
    assert "This invitation is for another address than yours." in text_of(refused)
    assert states() == {"invited@example.net": SeatState.INVITED}
    assert not reads(other, article)
    invited = make.logged_in(make.user("invited@example.net"))
    assert invited.post(link).status_code == 302
    assert reads(invited, article)


def test_a_stranger_is_sent_a_code_to_the_invited_address_and_then_takes_the_seat(
    shop: Shop, owner: Client, article: Any
) -> None:
    invite(owner, "invited@example.net")
    link = link_to("invited@example.net")
    browser = Client()
    page = browser.get(link)
    assert "no-store" in page["Cache-Control"]
    assert "invited@example.net" in text_of(page)
    sent = browser.post(link)
    assert sent.status_code == 302
    assert f"next={link.replace('/', '%2F')}" in sent["Location"]
    make.run_tasks()
    assert mail.outbox[-1].to == ["invited@example.net"]
    code = re.findall(r"^\d{6}$", str(mail.outbox[-1].body), re.MULTILINE)[0]
    entered = browser.post(sent["Location"], {"code": code, "next": link})
    assert entered["Location"] == link
    assert states() == {"invited@example.net": SeatState.INVITED}  # logging in alone takes nothing
    assert browser.post(link).status_code == 302
    assert reads(browser, article)


def test_the_secret_stands_in_the_mail_and_nowhere_in_the_database(shop: Shop, owner: Client) -> None:
    invite(owner, "invited@example.net")
    secret = link_to("invited@example.net").split("/")[-2]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE %s', [f"%{secret}%"])
            assert cursor.fetchone() == (0,), table


def test_used_withdrawn_late_and_invented_invitations_are_answered_alike(shop: Shop, owner: Client) -> None:
    used, withdrawn, late, again = (f"{name}@example.net" for name in ("used", "withdrawn", "late", "again"))
    invite(owner, used, withdrawn, late, again)
    links = {email: link_to(email) for email in (used, withdrawn, late, again)}
    reader = make.logged_in(make.user(used))
    assert reader.post(links[used]).status_code == 302
    seats = f"/account/group/{group().pk}/seats"
    owner.post(f"{seats}/{Seat.objects.get(email=withdrawn).pk}/free/")
    Seat.objects.filter(email=late).update(expires_at=timezone.now() - timedelta(seconds=1))
    Seat.objects.filter(email=again).update(invited_at=timezone.now() - timedelta(hours=2))
    owner.post(f"{seats}/{Seat.objects.get(email=again).pk}/again/")
    make.run_tasks()
    dead = [*links.values(), f"/group/invitation/{'a' * 43}/", "/group/invitation/x/"]
    for method in ("get", "post"):
        answers = [getattr(Client(), method)(link) for link in dead]
        assert {answer.status_code for answer in answers} == {404}
    assert Client().get(link_to(again)).status_code == 200
    assert reader.post(links[used]).status_code == 404
    assert Seat.objects.filter(state=SeatState.TAKEN).count() == 1


def test_all_that_is_wrong_with_a_list_is_told_at_once_and_nothing_is_lost(shop: Shop, owner: Client) -> None:
    join(owner, "has@example.net")
    invite(owner, "invited@example.net")
    sent = len(mail.outbox)
    typed = ["good@example.net", "no address", "has@example.net", "INVITED@example.net", OWNER, "a@b@c"]
    answer = text_of(invite(owner, *typed, status=400))
    for sentence in (
        "no address: Please give one address only, without a name and without spaces.",
        "has@example.net: This address has a seat already.",
        "INVITED@example.net: This address is invited already.",
        f"{OWNER}: This is the address of who pays.",
        "a@b@c: There is more than one @ in this address.",
    ):
        assert sentence in answer
    for address in typed:
        assert address in answer.partition("<textarea")[2].partition("</textarea>")[0]
    assert len(mail.outbox) == sent
    assert set(states()) == {"has@example.net", "invited@example.net"}


def test_an_owner_cannot_write_to_the_whole_world(shop: Shop, owner: Client) -> None:
    thousands = [f"stranger{number}@example.net" for number in range(2000)]
    answer = text_of(invite(owner, *thousands, status=400))
    assert "You may invite 15 more just now." in answer
    assert not Seat.objects.exists()
    for _round in range(5):
        seat = Seat.objects.filter(email="one@example.net", state=SeatState.INVITED).first()
        if seat is not None:
            owner.post(f"/account/group/{group().pk}/seats/{seat.pk}/free/")
        owner.post(f"/account/group/{group().pk}/invite/", {"addresses": "one@example.net"})
    make.run_tasks()
    assert sum(letter.to == ["one@example.net"] for letter in mail.outbox) == 3


def test_inviting_and_withdrawing_without_end_stops_for_the_day(shop: Shop, owner: Client, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"subscription": "1000/m/key"}
    for number in range(30):
        owner.post(f"/account/group/{group().pk}/invite/", {"addresses": f"stranger{number}@example.net"})
        seat = Seat.objects.filter(state=SeatState.INVITED).first()
        if seat is not None:
            owner.post(f"/account/group/{group().pk}/seats/{seat.pk}/free/")
    make.run_tasks()
    assert sum(letter.to[0].startswith("stranger") for letter in mail.outbox) == 20  # twice the seats, and ten


def test_an_invitation_is_not_sent_again_without_end(shop: Shop, owner: Client) -> None:
    invite(owner, "invited@example.net")
    seat = Seat.objects.get()
    again = f"/account/group/{group().pk}/seats/{seat.pk}/again/"
    assert "less than an hour ago" in text_of(owner.post(again, follow=True))
    for _time in range(6):
        Seat.objects.update(invited_at=timezone.now() - timedelta(hours=2))
        owner.post(again)
    make.run_tasks()
    assert sum(letter.to == ["invited@example.net"] for letter in mail.outbox) == 5


@pytest.mark.parametrize("door", ["", "name/", "invite/", "members.csv", "seats/?seats=3"])
def test_a_group_is_there_for_its_owner_alone(shop: Shop, owner: Client, door: str) -> None:
    join(owner, "reader@example.net")
    address = f"/account/group/{group().pk}/{door}" if door else f"/account/group/?group={group().pk}"
    for other in (make.logged_in(User.objects.get(email="reader@example.net")), make.logged_in(make.user())):
        for method in ("get", "post"):
            answer = getattr(other, method)(address, {"addresses": "x@example.net", "name": "Mine"})
            assert answer.status_code in ((404,) if door else (200, 405))
            assert OWNER not in answer.content.decode()
            assert "reader@example.net" not in answer.content.decode().partition("<main")[2]
    assert group().name == ""
    assert set(states()) == {"reader@example.net"}


def test_seats_of_another_group_are_not_touched_by_their_numbers(shop: Shop, owner: Client) -> None:
    (reader,) = join(owner, "reader@example.net")
    seat = Seat.objects.get()
    rival = make.logged_in(make.user("rival@example.org"))
    own = Group.objects.create(
        subscription=make.subscription(User.objects.get(email="rival@example.org")),
        owner=User.objects.get(email="rival@example.org"),
        seats=3,
    )
    for deed in ("free", "again"):
        rival.post(f"/account/group/{own.pk}/seats/{seat.pk}/{deed}/")
    assert rival.post(f"/account/seat/{seat.pk}/leave/").status_code == 404
    seat.refresh_from_db()
    assert seat.state == SeatState.TAKEN
    assert reader.post(f"/account/seat/{seat.pk}/leave/").status_code == 302
    seat.refresh_from_db()
    assert seat.state == SeatState.ENDED


def test_a_removed_reader_reads_no_more_from_that_moment_and_is_told(shop: Shop, owner: Client, article: Any) -> None:
    (reader,) = join(owner, "reader@example.net")
    assert reads(reader, article)
    door = f"/account/group/{group().pk}/seats/{Seat.objects.get().pk}/free/"
    assert "reader@example.net" in text_of(owner.get(door))
    assert reads(reader, article)  # it was only asked
    owner.post(door)
    assert not reads(reader, article)
    make.run_tasks()
    assert mail.outbox[-1].to == ["reader@example.net"]
    assert "taken back by who pays" in str(mail.outbox[-1].body)


@pytest.mark.parametrize(
    ("typed", "is_kept"),
    [
        ("Harbour Office", True),
        ("St. Mary’s Library, 2nd floor", True),
        ("Büro für Häfen", True),
        ("", True),
        ("free money at evil.example", False),
        ("https://evil.example", False),
        ("[secret]", False),
        ("{secret}", False),
        ("me@evil.example", False),
        ("<b>", False),
        ("x" * 61, False),
        ("evil。com", False),
        ("Please call 0800 123456", False),
        ("Your account is closed. Write to us at once, or lose it!", False),
    ],
)
def test_the_name_of_a_group_leads_nobody_astray(shop: Shop, owner: Client, typed: str, is_kept: bool) -> None:
    answer = owner.post(f"/account/group/{group().pk}/name/", {"name": typed})
    assert answer.status_code == (303 if is_kept else 400)
    assert group().name == (typed if is_kept else "")


def test_the_members_are_a_table_for_a_spreadsheet(shop: Shop, owner: Client) -> None:
    join(owner, "=sum@example.net")
    invite(owner, "invited@example.net")
    answer = owner.get(f"/account/group/{group().pk}/members.csv")
    assert answer["Content-Type"].startswith("text/csv")
    assert "no-store" in answer["Cache-Control"]
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert '"\'=sum@example.net","taken"' in "\n".join(lines)
    assert '"invited@example.net","invited"' in "\n".join(lines)


def test_who_reads_by_a_seat_is_told_by_whom_and_who_pays_twice_how_to_end_one(
    shop: Shop, owner: Client, article: Any
) -> None:
    owner.post(f"/account/group/{group().pk}/name/", {"name": "Harbour Office"})
    (reader,) = join(owner, "reader@example.net")
    account = text_of(reader.get("/account/"))
    assert f"You read with a seat in Harbour Office, which {OWNER} pays for." in account
    assert "paid for twice" not in account
    why = text_of(reader.get("/access/", {"article": article.slug}))
    assert "You are reading this with Harbour Office." in why
    assert "1 of 5 seats are taken." in text_of(owner.get("/account/"))
    make.subscription(User.objects.get(email="reader@example.net"))
    assert "paid for twice" in text_of(reader.get("/account/"))
