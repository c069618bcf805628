"""The list of rules in admin: moving, switching and deleting, each with its effect first, and the places after it."""

from __future__ import annotations

import pytest
from django.test import Client

from paywall.models import Rule
from tests import make
from tests.paywall.rule_forms import ADD, LIST, address, do, hidden, places, publisher_client, rule, save, three_rules

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


@pytest.fixture
def publisher() -> Client:
    return publisher_client()


@pytest.fixture
def three() -> list[Rule]:
    return three_rules()


@pytest.mark.parametrize(
    ("name", "deed", "order"),
    [
        ("Second", "up", ["Second", "First", "Third"]),
        ("Second", "down", ["First", "Third", "Second"]),
        ("First", "up", ["First", "Second", "Third"]),
        ("Third", "down", ["First", "Second", "Third"]),
        ("First", "delete", ["Second", "Third"]),
    ],
)
def test_after_each_deed_the_places_are_numbered_without_a_gap(
    publisher: Client, three: list[Rule], name: str, deed: str, order: list[str]
) -> None:
    assert do(publisher, Rule.objects.get(name=name), deed).status_code == 302
    assert places() == {name: place for place, name in enumerate(order, start=1)}


def test_a_new_rule_stands_last_and_mends_places_that_were_given_twice(publisher: Client) -> None:
    for name in ("One", "Two", "Three"):
        rule(name, 7)
    assert save(publisher, ADD, name="Four").status_code == 302
    assert places() == {"One": 1, "Two": 2, "Three": 3, "Four": 4}


def test_a_move_shows_its_effect_and_does_nothing_by_being_looked_at(publisher: Client) -> None:
    make.article(headline="The tide tables")
    rule("Open", 1, ask="open")
    plan = rule("Plan", 2)
    page = publisher.get(address(plan, "up")).content.decode()
    assert "This changes what 1 published article asks for." in page
    assert "“Open” will never decide: “Plan” stands before it and fits whatever it fits." in page
    assert places() == {"Open": 1, "Plan": 2}
    assert publisher.post(address(plan, "up")).status_code == 200
    assert places() == {"Open": 1, "Plan": 2}


@pytest.mark.parametrize("deed", ["up", "switch-off", "delete"])
def test_a_deed_that_was_looked_at_before_something_changed_is_shown_afresh(publisher: Client, deed: str) -> None:
    rule("Open", 1, ask="open", tier="registered")
    plan = rule("Plan", 2)
    make.article()
    sent = hidden(publisher.get(address(plan, deed)).content.decode(), "previewed")
    Rule.objects.filter(name="Open").update(tier="")
    answer = publisher.post(address(plan, deed), sent)
    assert answer.status_code == 200
    assert "Rules or articles have changed since you looked." in answer.content.decode()
    assert Rule.objects.filter(pk=plan.pk, is_active=True, position=2).exists()


def test_a_rule_is_switched_off_and_on(publisher: Client, three: list[Rule]) -> None:
    first = three[0]
    for deed, is_active in (("switch-off", False), ("switch-on", True)):
        assert do(publisher, first, deed).status_code == 302
        first.refresh_from_db()
        assert first.is_active is is_active
    assert places() == {"First": 1, "Second": 2, "Third": 3}


def test_the_list_has_plain_buttons_that_belong_to_a_form(publisher: Client, three: list[Rule]) -> None:
    page = publisher.get(LIST).content.decode()
    assert '<form id="rule-deeds" method="get"></form>' in page
    offered = {
        (rule.name, deed)
        for rule in three
        for deed in ("up", "down", "switch-off", "switch-on")
        if f'form="rule-deeds" formaction="{address(rule, deed)}"' in page
    }
    assert offered == {
        ("First", "down"), ("Second", "up"), ("Second", "down"), ("Third", "up"),
        ("First", "switch-off"), ("Second", "switch-off"), ("Third", "switch-off"),
    }  # fmt: skip
    assert 'aria-label="Up: Second"' in page
    assert "delete_selected" not in page


def test_the_list_stands_in_order_whatever_its_address_asks_for(publisher: Client) -> None:
    for name, position in (("A", 2), ("B", 3), ("C", 1)):
        rule(name, position)
    for query in ("", "?o=2", "?o=-2"):
        page = publisher.get(LIST + query).content.decode()
        assert page.index(">C</a>") < page.index(">A</a>") < page.index(">B</a>")
