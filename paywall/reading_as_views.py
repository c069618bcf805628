"""Where staff choose a class of reader to read as, and the button that ends it."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.next_path import local_path_or_none
from paywall import reading_as


class ClassForm(forms.Form):
    """What a session reads as from now on."""

    chosen = forms.TypedChoiceField(
        label=gettext_lazy("Which reader?"),
        choices=reading_as.ReaderClass.choices,
        coerce=reading_as.ReaderClass,
        widget=forms.RadioSelect,
    )


@admin.site.admin_view
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    if not reading_as.may_read_as(request):
        raise PermissionDenied
    now_as = reading_as.chosen_class(request, timezone.now())
    form = ClassForm(request.POST or None, initial={"chosen": now_as or reading_as.ReaderClass.STRANGER})
    if form.is_valid():
        try:
            limits.consume(request, "read_as", str(request.user.pk))
        except limits.LimitReached as reached:
            return limits.refuse(request, reached.wait, has_code=False)
        reading_as.start(request, form.cleaned_data["chosen"])
        return redirect("articles:front")
    context = {**admin.site.each_context(request), "title": _("Read as"), "form": form, "now_as": now_as}
    return TemplateResponse(request, "admin/read_as.html", context, status=400 if request.method == "POST" else 200)


@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    if reading_as.end(request, _("Stopped.")):
        messages.info(request, _("You are reading as yourself again."))
    return redirect(local_path_or_none(request.POST.get("next", "")) or "articles:front")
