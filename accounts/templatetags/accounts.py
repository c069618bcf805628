"""Tags and filters of the account pages."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString, mark_safe

from accounts import devices

register = template.Library()

register.filter("device_name", devices.device_name)


@register.simple_tag
def passkey_form(action: str, **ids: str) -> SafeString:
    """Tells allauth's script by which ids it finds the parts of a passkey form: data, which no browser runs."""
    opening = format_html('<script data-allauth-onload="allauth.webauthn.forms.{}"', action)
    return mark_safe(json_script({"ids": ids}).replace("<script", opening, 1))  # noqa: S308 (both halves are escaped)
