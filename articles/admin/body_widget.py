"""The editor of article bodies: a textarea that static/admin-editor/ turns into one.

Nothing of it is inline, so that it works under our policy.
"""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django_prose_editor.widgets import prose_editor_admin_media
from js_asset import ImportMap, Media, Script

MODULES = ("footnotes", "marked-blocks", "paywall-cut", "pull-quote", "kept-block", "pasting")
EDITOR_MEDIA: forms.Media = prose_editor_admin_media + Media(
    importmap=ImportMap({f"newsroom/{name}": f"admin-editor/{name}.js" for name in MODULES}),
    css={"all": ["django_prose_editor/overrides.css", "admin-editor/body-editor.css"]},  # ours after theirs
    js=[Script("admin-editor/body-editor.js", type="module")],
)


class BodyWidget(forms.Textarea):
    """Without a script it is what it looks like: a field of HTML."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["data-body-editor"] = json.dumps(self.words())
        return context

    def words(self) -> dict[str, str]:
        return editor_words()

    @property
    def media(self) -> forms.Media:
        return EDITOR_MEDIA


def editor_words() -> dict[str, str]:
    """What the editor says, in the language of the page."""
    return {
        "body": _("Body"),
        "cut": _("Paywall: what stands above is free to read"),
        "insert": _("Put the paywall cut here"),
        "remove": _("Remove the paywall cut"),
        "up": _("Move the cut up"),
        "down": _("Move the cut down"),
        "open": _("Open to everybody"),
        "subscribers": _("For subscribers alone"),
        "markOpen": _("Mark as open to everybody"),
        "markSubscribers": _("Mark as for subscribers alone"),
        "unmark": _("Take the mark away"),
        "link": _("Link"),
        "address": _("Address"),
        "kept": _(
            "Kept as a whole: it can be moved or deleted. A table of mere words opens with the button for tables"
        ),
        "pull": _("Pull quote"),
        "note": _("Footnote"),
        "table": _("Table"),
        "caption": _("Caption"),
        "rows": _("Rows"),
        "rowsHelp": _("A line for each row, its cells parted by bars (|) or tabs. The first line is the head."),
    }
