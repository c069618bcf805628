"""Which addresses are the admin's."""

from __future__ import annotations

from functools import cache

from django.urls import reverse


@cache
def admin_root() -> str:
    """The path below which all pages of the admin stand."""
    return reverse("admin:index")


def is_admin_path(path: str) -> bool:
    return path.startswith(admin_root())
