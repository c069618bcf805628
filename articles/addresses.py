"""Addresses as they are told outside of this site."""

from __future__ import annotations

from django.conf import settings


def absolute(path: str) -> str:
    """An address on this site's canonical origin, whatever host the request named."""
    return path if path.startswith("https://") else f"{settings.SITE_URL}{path}"
