"""What the demonstration sells beside the three options of the gate."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from django.test import Client

from newsroom.demo import PUBLICATION
from newsroom.demo_plans import CODE, load_plans, offer_code
from subscriptions.catalogue import sync_plans
from subscriptions.models import Plan
from tests import make
from tests.shop import Shop


def rows() -> list[dict[str, Any]]:
    return list(tomllib.loads((PUBLICATION / "publication.toml").read_text(encoding="utf-8"))["plans"])


@pytest.mark.django_db
def test_the_gate_keeps_its_three_options_and_the_link_shows_the_trial() -> None:
    article = make.article()
    before = Client().get(article.get_absolute_url()).content.decode()
    load_plans(rows())
    after = Client().get(article.get_absolute_url()).content.decode()
    for text in (before, after):
        assert text.count('name="plan" value="') - text.count('value="day-pass"') == 3
    assert "Student" not in Client().get("/subscribe/").content.decode()
    student = Client().get("/subscribe/", {"offer": "students-of-the-demonstration-read-for-less"}).content.decode()
    assert "14 days free, then $4 a month until you cancel." in student


@pytest.mark.django_db
def test_what_an_editor_has_changed_stays() -> None:
    load_plans(rows())
    Plan.objects.filter(key="student").update(amount_minor=300)
    load_plans(rows())
    assert Plan.objects.get(key="student").amount_minor == 300
    assert Plan.objects.filter(key__in=[row["key"] for row in rows()]).count() == 4


@pytest.mark.django_db(transaction=True)
def test_the_code_is_made_once_and_all_is_known_to_the_stand_in(shop: Shop) -> None:
    load_plans(rows())
    sync_plans()
    offer_code()
    offer_code()
    assert [one["code"] for one in shop.sandbox.objects("promotion_code")] == [CODE]
