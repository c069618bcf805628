"""The public pages on which anybody declares that they leave, without logging in.

The form stands on a page that caches keep, so it has no CSRF token: it believes the browser's own word on where it was,
and a declaration changes nothing before the code that goes to the contract's own address.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts import limits
from accounts.addresses import AddressRefused, normalise
from accounts.codes import count_code_mail
from accounts.models import User
from accounts.origin import is_own_origin
from subscriptions.leaving import declarations as leaving
from subscriptions.leaving.deeds import carry_out_or_queue, outcomes_of, sentences_of
from subscriptions.leaving.reasons import LONGEST_COMMENT, Reason, printable, read_reason
from subscriptions.models import (
    CancelFeedback,
    Declaration,
    DeclarationKind,
    DeclarationState,
    DeclaredEnd,
    Plan,
    PlanKind,
)

# Characters; no longer ones are typed by hand.
LONGEST = {"name": 150, "email": 254, "reason": LONGEST_COMMENT, "message": 4000}
FIELDS = ("kind", "end", "contract", "feedback", *LONGEST)


class DeclarationRefused(Exception):
    """The form was not complete; `errors` has one sentence for each field in question."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


def form_page(
    request: HttpRequest, errors: dict[str, str] | None = None, typed: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    """The form, and with `errors` what was typed and what was wrong with it."""
    email = request.user.email if isinstance(request.user, User) else ""
    context: dict[str, Any] = {
        "errors": errors or {},
        "typed": typed or {"email": email, "kind": DeclarationKind.CANCEL, "end": DeclaredEnd.PERIOD_END},
        "plans": contracts_to_choose(),
        "kinds": DeclarationKind.choices,
        "feedbacks": CancelFeedback.choices,
        "ends": DeclaredEnd.choices if settings.REFUND_WHEN_LEAVING else (),
        "withdrawal_days": settings.WITHDRAWAL_DAYS,
        "has_account": bool(email),
    }
    return render(request, "subscriptions/leaving.html", context, status=status)


def contracts_to_choose() -> list[tuple[str, str]]:
    """By key and name. What is not offered to everybody is left out: its holders choose all that they have."""
    offered = Plan.objects.offered().filter(kind__in=(PlanKind.RECURRING, PlanKind.TRIAL))
    return list(offered.values_list("key", "name"))


def receive(request: HttpRequest) -> HttpResponse:
    """Keep what was declared and answer in the same words for everybody."""
    typed = {name: request.POST.get(name, "").strip()[: LONGEST.get(name, 60)] for name in FIELDS}
    if not is_own_origin(request):
        told = _(
            "This form was not sent from our own pages. Please look at what you typed, and send it again from here."
        )
        return form_page(request, {"form": told}, typed, status=403)
    try:
        declared = read_form(typed, read_reason(request.POST))
    except DeclarationRefused as refusal:
        return form_page(request, refusal.errors, typed, status=400)
    try:
        limits.consume(request, "gate")
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait)
    declaration = leaving.receive(declared, may_mail=may_mail(request, declared.email))
    return HttpResponseRedirect(leaving.address_of(declaration), status=303)


def may_mail(request: HttpRequest, email: str) -> bool:
    """Counts two mails as one code. What may not be mailed just now is kept all the same."""
    try:
        if email:
            count_code_mail(request, email)
    except limits.LimitReached:
        return False
    return True


def read_form(typed: dict[str, str], why: Reason) -> leaving.Declared:
    """Raises DeclarationRefused with every problem at once."""
    errors: dict[str, str] = {}
    email = typed["email"]
    try:
        email = normalise(email) if email else ""
    except AddressRefused as refusal:
        errors["email"] = str(refusal)
    if not email and not typed["name"]:
        errors["email"] = _("Please type the e-mail address of your contract or, if you do not know it, your name.")
    if typed["kind"] not in DeclarationKind.values:
        errors["kind"] = _("Please choose whether you cancel or withdraw.")
    end = typed["end"] if settings.REFUND_WHEN_LEAVING else ""
    if end not in ("", *DeclaredEnd.values):
        errors["end"] = _("Please choose when it is to end.")
    known = {key for key, _name in contracts_to_choose()}
    if typed["contract"] and typed["contract"] not in known:
        errors["contract"] = _("Please choose one of these contracts, or all.")
    if errors:
        raise DeclarationRefused(errors)
    return leaving.Declared(
        kind=typed["kind"],
        end=end or DeclaredEnd.PERIOD_END,
        contract=typed["contract"],
        name=printable(typed["name"]),
        email=email,
        why=why,
        message=typed["message"].replace("\x00", ""),
    )


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def declaration(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The receipt, to print and to save, and the field for the code. It says the same whoever is known by it."""
    row = get_object_or_404(Declaration, pk=uuid)
    if request.method != "POST":
        return receipt_to_keep(row) if "save" in request.GET else receipt(request, row)
    if not is_own_origin(request):
        return receipt(
            request, row, error=_("This form was not sent from our own pages. Please try again."), status=403
        )
    try:
        limits.consume(request, "gate")
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait)
    if request.POST.get("action") == "resend":
        return send_again(request, row)
    if not leaving.confirm(row, request.POST.get("code", "")[:40]):
        told = _("This is not the code, or it no longer works. Your declaration is kept in any case.")
        return receipt(request, row, error=told, status=400)
    if row.state == DeclarationState.CONFIRMED:
        carry_out_or_queue(row)
        row.refresh_from_db()
    context = leaving.told_of(row) | {
        "is_done": row.state == DeclarationState.DONE,
        "sentences": list(sentences_of(outcomes_of(row))),
    }
    return render(request, "subscriptions/leaving_done.html", context)


def send_again(request: HttpRequest, row: Declaration) -> HttpResponse:
    """Another code, where there is anybody to get one; the answer is the same."""
    try:
        limits.consume(request, "resend_login_code", f"leaving {row.pk}")
        if row.email:
            count_code_mail(request, row.email)
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait)
    leaving.ask_for_code(row)
    return receipt(request, row, told=_("If there is a contract, another code is on its way to its address."))


def receipt_to_keep(row: Declaration) -> HttpResponse:
    """As a file, with all that was declared."""
    context = leaving.told_of(row) | {"site_name": settings.SITE_NAME, "has_end": row.kind == DeclarationKind.CANCEL}
    text = render_to_string("subscriptions/leaving_receipt.txt", context)
    response = HttpResponse(text.strip() + "\n", content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="declaration-{row.pk}.txt"'
    return response


def receipt(
    request: HttpRequest, row: Declaration, *, error: str = "", told: str = "", status: int = 200
) -> HttpResponse:
    context = leaving.told_of(row) | {
        "error": error,
        "told": told,
        "has_end": row.kind == DeclarationKind.CANCEL,
        "can_pause": bool(settings.PAUSE_MONTHS),
    }
    return render(request, "subscriptions/leaving_received.html", context, status=status)
