"""Rules, a publisher, and what a browser sends from the pages of the rules in admin."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import Client

from paywall.models import Rule
from tests import make
from tests.articles.admin_forms import moment

ADD = "/admin/paywall/rule/add/"
LIST = "/admin/paywall/rule/"


def address(rule: Rule, page: str = "change") -> str:
    return f"/admin/paywall/rule/{rule.pk}/{page}/"


def publisher_client() -> Client:
    user = make.user("publisher@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name="publishers"))
    return make.logged_in(user)


def rule(name: str, position: int, **fields: Any) -> Rule:
    fields.setdefault("ask", "plan")
    return Rule.objects.create(name=name, position=position, **fields)


def three_rules() -> list[Rule]:
    return [rule(name, place) for place, name in enumerate(("First", "Second", "Third"), start=1)]


def places() -> dict[str, int]:
    return dict(Rule.objects.order_by("position").values_list("name", "position"))


def rule_fields(**said: Any) -> dict[str, Any]:
    """The form, with ages as pairs such as (365, "days")."""
    starts_at, ends_at = said.pop("starts_at", None), said.pop("ends_at", None)
    fields = {
        "name": "The rule",
        "is_active": "on",
        "ask": "plan",
        **dict.fromkeys(("section", "topic", "series", "author", "tier"), ""),
        **age("older_than_hours", *said.pop("older", ("", "days"))),
        **age("younger_than_hours", *said.pop("younger", ("", "days"))),
        **moment("starts_at", starts_at),
        **moment("ends_at", ends_at),
        **said,
    }
    return {name: value for name, value in fields.items() if value is not None}


def age(name: str, count: int | str, unit: str) -> dict[str, Any]:
    return {f"{name}_count": count, f"{name}_unit": unit}


def hidden(page: str, name: str) -> dict[str, str]:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    return {name: found[1]} if found is not None else {}


def previewed(client: Client, url: str, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The page after “Preview” was pressed, and what its button “Save” then sends."""
    opened = hidden(client.get(url).content.decode(), "opened_as")
    page = client.post(url, {**fields, **opened, "_preview": "Preview"}).content.decode()
    token = hidden(page, "previewed")
    assert token, page
    return page, {**fields, **opened, **token, "_save": "Save"}


def save(client: Client, url: str, **said: Any) -> HttpResponse:
    """Look first, then save."""
    _page, sent = previewed(client, url, rule_fields(**said))
    return client.post(url, sent)


def do(client: Client, rule: Rule, deed: str) -> HttpResponse:
    """Press the button in the list, look, and confirm."""
    url = address(rule, deed)
    return client.post(url, hidden(client.get(url).content.decode(), "previewed"))
