"""The group `editors`: those who write and publish. It opens nothing about readers, money or the site itself."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import transaction

from accounts.models import EDITORS

PERMISSIONS = frozenset(
    {
        *(f"{verb}_{name}" for name in ("article", "byline") for verb in ("add", "change", "delete", "view")),
        *(
            f"{verb}_{name}"
            for name in ("photo", "section", "topic", "series", "author")
            for verb in ("add", "change", "view")
        ),
        "publish_article",
        "view_articleredirect",
    }
)


def ensure_editors_group(sender: AppConfig, using: str, apps: Apps = installed_apps, **options: Any) -> None:
    """Make the group if it is missing; one that exists is its publication's own business and stays as it is.

    After every migration, not in one: only then are the permissions there. A half migrated database is left alone.
    """
    try:
        groups = apps.get_model("auth", "Group")._default_manager.using(using)
        permissions = apps.get_model("auth", "Permission")._default_manager.using(using)
    except LookupError:
        return
    create_permissions(sender, verbosity=0, using=using, apps=apps)
    held = permissions.filter(content_type__app_label=sender.label, codename__in=PERMISSIONS)
    if len(held) < len(PERMISSIONS):
        return
    with transaction.atomic(using=using):
        group, is_new = groups.get_or_create(name=EDITORS)
        if is_new:
            group.permissions.set(held)
