"""Actions of lists and pages that ask for a word of whoever acts."""

from __future__ import annotations

from django import forms
from django.contrib.admin.helpers import ActionForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

LONGEST_WORD = 300


class NotedActionForm(ActionForm):
    note = forms.CharField(label=_("Note"), max_length=LONGEST_WORD, required=False)


class ReasonedActionForm(ActionForm):
    """Only some of its actions need the reason, so each looks for it itself."""

    why = forms.CharField(label=_("Reason of a revocation"), max_length=LONGEST_WORD, required=False)


def told_with(request: HttpRequest, name: str) -> str:
    """What was typed beside the action, on the list or on the page of one row."""
    typed = request.POST.get(name) or request.POST.get(f"CHANGE_FORM-{name}") or ""
    return " ".join(typed.split())[:LONGEST_WORD]
