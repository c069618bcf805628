"""The roles of staff: three groups, made after migrating, and what each opens in admin. Who has one, superusers say.

Nobody's body, price or right follows from a role alone: the admin's own rules stand before it.
"""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import transaction

from accounts.models import EDITORS, PUBLISHERS, SUPPORT

LOOK = ("view",)
WRITE = ("add", "change", "view")
ALL = (*WRITE, "delete")
ACT = ("change", "view")  # what may only be looked at, and its actions: sync, acknowledge, send again


def permissions(app: str, verbs: tuple[str, ...], *models: str) -> frozenset[str]:
    return frozenset(f"{app}.{verb}_{model}" for model in models for verb in verbs)


READ_AS = frozenset({"accounts.read_as"})
EDITOR = (
    READ_AS
    | permissions("articles", ALL, "article", "byline")
    | permissions("articles", WRITE, "photo", "section", "topic", "series", "author", "correction", "page")
    | permissions("articles", ACT, "frontpage")
    | permissions("articles", ALL, "frontpick")
    | permissions("articles", LOOK, "articleredirect", "listredirect")
    | permissions("paywall", ALL, "rule", "opening")
    | {"articles.publish_article"}
)
# What was sold and given, of use to both who sell and who answer readers.
SOLD = (
    permissions("subscriptions", WRITE, "grant")
    | permissions("subscriptions", LOOK, "lead", "invoice", "syncjob", "purchase", "gift")
    | permissions("subscriptions", ACT, "declaration", "group")
    | permissions("subscriptions", LOOK, "agreement", "dispute", "seat")
    | {"subscriptions.return_money"}
    | permissions("subscriptions", ACT, "stripecustomer", "subscription", "alert")
    | permissions("paywall", ACT, "giftlink")
    | permissions("paywall", LOOK, "institution")
)
ROLES: dict[str, frozenset[str]] = {
    EDITORS: EDITOR,
    PUBLISHERS: (
        EDITOR
        | SOLD
        | permissions("articles", ALL, "photo", "section", "topic", "series", "author", "correction", "page")
        | permissions("subscriptions", WRITE, "plan")
        | permissions("subscriptions", ALL, "planamount")
        | permissions("paywall", ACT, "meter")
        | permissions("paywall", WRITE, "institution")
        | permissions("paywall", ALL, "crawler")
        | permissions("subscriptions", LOOK, "planprice", "checkoutattempt", "stripeevent")
        | permissions("subscriptions", ACT, "outgoingmail")
        | permissions("paywall", LOOK, "funnelcount")
        | permissions("subscriptions", LOOK, "dashboard")
        | permissions("accounts", LOOK, "user", "staffaction")
    ),
    SUPPORT: (
        READ_AS | SOLD | permissions("subscriptions", LOOK, "outgoingmail") | permissions("accounts", ACT, "user")
    ),
}


def ensure_groups(sender: AppConfig, using: str, apps: Apps = installed_apps, **options: Any) -> None:
    """Make each group that is missing; one that exists is its publication's own business and stays as it is.

    After every migration, not in one: only then are the permissions there. A half migrated database is left alone.
    """
    try:
        groups = apps.get_model("auth", "Group")._default_manager.using(using)
        known = apps.get_model("auth", "Permission")._default_manager.using(using)
    except LookupError:
        return
    labels = {name.partition(".")[0] for role in ROLES.values() for name in role}
    for label in sorted(labels):
        create_permissions(installed_apps.get_app_config(label), verbosity=0, using=using, apps=apps)
    keys = {
        f"{label}.{codename}": key
        for key, label, codename in known.filter(content_type__app_label__in=labels).values_list(
            "pk", "content_type__app_label", "codename"
        )
    }
    for name, role in ROLES.items():
        if not role <= keys.keys():
            continue
        with transaction.atomic(using=using):
            group, is_new = groups.get_or_create(name=name)
            if is_new:
                group.permissions.set([keys[permission] for permission in role])
