"""The allowance of plans: what registration gives, and plans that are paid for and count articles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from paywall.meters.meter import terms_of_meter
from paywall.models import MeteredRead
from subscriptions.entitlements import entitlement_by_pass, entitlement_of
from subscriptions.models import CheckoutAttempt, Lead, Plan
from subscriptions.selling.plans import offered_plans
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


@pytest.fixture(autouse=True)
def one_read(settings: Any) -> None:
    settings.MONTHLY_ALLOWANCE = 1


def light(allowance: int = 2, key: str = "light") -> Plan:
    fields = {"name": "Light", "amount_minor": 300, "interval": "month", "button": "Choose", "allowance": allowance}
    return Plan.objects.get_or_create(key=key, defaults=fields | {"position": 9})[0]


def light_reader(allowance: int = 2, **fields: Any) -> User:
    user = make.user()
    light(allowance)
    make.subscription(user, plan="light", **fields)
    return user


def pages_of(client: Client, number: int) -> list[tuple[bool, str]]:
    found = []
    for _ in range(number):
        article = make.article()
        page = client.get(article.get_absolute_url()).content.decode()
        found.append((article.sentinel in page, page))
    return found


def test_registration_gives_what_its_plan_says_and_else_what_the_settings_say(registered: Client) -> None:
    assert terms_of_meter().allowance == 1
    Plan.objects.filter(key="free").update(allowance=3)
    assert terms_of_meter().allowance == 3
    assert [is_open for is_open, _page in pages_of(registered, 4)] == [True, True, True, False]
    Plan.objects.filter(key="free").update(allowance=0)
    assert terms_of_meter().allowance == 0
    assert "free article" not in registered.get("/account/").content.decode()


@pytest.mark.parametrize(("allowance", "words"), [(None, "1 article every month"), (3, "3 articles every month")])
def test_the_words_of_the_option_follow_its_allowance(stranger: Client, allowance: int | None, words: str) -> None:
    Plan.objects.filter(key="free").update(allowance=allowance)
    assert words in next(plan for plan in offered_plans() if plan.is_free).lines
    assert words in stranger.get("/subscribe/").content.decode()


def test_a_plan_without_a_number_opens_the_library_and_meters_nobody(settings: Any) -> None:
    settings.MONTHLY_ALLOWANCE = 0
    assert set(Plan.objects.values_list("allowance", flat=True)) == {None}
    user = make.user()
    make.subscription(user)
    assert all(is_open for is_open, _page in pages_of(make.logged_in(user), 3))
    nobodys = make.user()
    make.subscription(nobodys).__class__.objects.filter(user=nobodys).update(plan=None)
    assert all(is_open for is_open, _page in pages_of(make.logged_in(nobodys), 3))
    assert not MeteredRead.objects.exists()


def test_a_light_plan_gives_so_many_articles_and_then_names_the_bigger_ones() -> None:
    found = pages_of(make.logged_in(light_reader()), 3)
    assert [is_open for is_open, _page in found] == [True, True, False]
    assert "1 of 2 articles of your plan left this month, renews on 1 December." in found[0][1]
    gate = found[2][1]
    assert "You have read the 2 articles that your plan has this month. The next ones come on 1 December." in gate
    offered = [plan.name for plan in offered_plans() if not plan.is_free and not plan.is_light]
    assert offered
    assert f"open the whole library: {', '.join(offered)}." in gate
    assert "has ended" not in gate


def test_the_account_page_counts_the_articles_of_a_light_plan() -> None:
    client = make.logged_in(light_reader())
    page = client.get("/account/").content.decode()
    assert "2 of 2 articles of your plan are left this month" in page
    assert "The whole library is open to you" not in page


@pytest.mark.parametrize(("of_plan", "opened"), [(1, 3), (4, 4)])
def test_the_allowance_is_the_largest_that_is_held(settings: Any, of_plan: int, opened: int) -> None:
    settings.MONTHLY_ALLOWANCE = 3
    found = pages_of(make.logged_in(light_reader(of_plan)), 5)
    assert sum(is_open for is_open, _page in found) == opened


def test_whoever_also_holds_the_library_is_not_counted() -> None:
    user = light_reader()
    make.grant(user)
    assert all(is_open for is_open, _page in pages_of(make.logged_in(user), 4))
    assert not MeteredRead.objects.exists()


def test_a_light_plan_that_has_ended_gives_what_registration_gives() -> None:
    user = light_reader(5, status="canceled", ended_at=timezone.now() - timedelta(days=1))
    held = entitlement_of(user.pk, timezone.now())
    assert (held.allowance, held.has_lapsed) == (None, True)


def test_who_has_a_light_plan_after_a_larger_one_is_not_asked_before_each_read() -> None:
    user = light_reader()
    make.grant(user, starts_at=timezone.now() - timedelta(days=9), ends_at=timezone.now() - timedelta(days=1))
    assert not entitlement_of(user.pk, timezone.now()).has_lapsed
    assert pages_of(make.logged_in(user), 1)[0][0]


def test_a_light_plan_is_no_library_for_feed_and_search() -> None:
    user = light_reader()
    client = make.logged_in(user)
    assert not entitlement_of(user.pk, timezone.now()).has_library
    assert "It is for subscribers" in client.get("/account/feed/").content.decode()
    article = make.article()
    assert article.headline not in client.get("/search/", {"q": article.sentinel}).content.decode()


def test_a_light_plan_costs_no_query_more(django_assert_num_queries: Any) -> None:
    user = light_reader()
    with django_assert_num_queries(1):
        assert entitlement_of(user.pk, timezone.now()).allowance == 2


@pytest.mark.parametrize("returned", [False, True])
def test_the_pass_of_a_light_plan_opens_nothing_and_asks_to_log_in(stranger: Client, returned: bool) -> None:
    now = timezone.now()
    user = light_reader(returned_at=now if returned else None, **({"status": "canceled"} if returned else {}))
    lead = Lead.objects.create(email=user.email, plan=light(), consent_version="1")
    attempt = CheckoutAttempt.objects.create(
        lead=lead,
        price=make.plan_price("light"),
        next_path="/",
        session_id="cs_light",
        state="paid",
        paid_at=now,
        customer=user.subscriptions.get().customer,
        subscription=user.subscriptions.get(),
    )
    held = entitlement_by_pass([attempt.uuid], now)
    assert held.scopes == ()
    assert held.allowance == (None if returned else 2)


@pytest.mark.parametrize(("fields", "is_refused"), [({"allowance": 0}, True), ({"allowance": 1}, False), ({}, False)])
def test_what_is_paid_for_opens_at_least_one_article(fields: dict[str, int], is_refused: bool) -> None:
    plan = Plan.objects.get(key="annual")
    plan.allowance = fields.get("allowance")
    if not is_refused:
        plan.save()
        return
    with pytest.raises(ValidationError):
        plan.full_clean()
    with pytest.raises(IntegrityError):
        plan.save()


def test_publishers_set_the_allowance_on_the_plan() -> None:
    client = make.logged_in(User.objects.create_superuser("boss@example.org"))
    plan = Plan.objects.get(key="annual")
    page = client.get(f"/admin/subscriptions/plan/{plan.pk}/change/")
    form = {**page.context["adminform"].form.initial, "allowance": "0"}
    rows = ("prices", "amounts")
    prefix = {f"{name}-{count}_FORMS": "0" for name in rows for count in ("TOTAL", "INITIAL")}
    refused = client.post(f"/admin/subscriptions/plan/{plan.pk}/change/", {**form, **prefix})
    assert refused.context["adminform"].form.errors.keys() == {"allowance"}
    client.post(f"/admin/subscriptions/plan/{plan.pk}/change/", {**form, **prefix, "allowance": "20"})
    plan.refresh_from_db()
    assert plan.allowance == 20
