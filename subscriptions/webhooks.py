"""The door at which Stripe delivers events. It verifies, stores and answers; the work is done by the queue."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from subscriptions.mirroring.events import book
from subscriptions.stripe_gateway import UntrustedEvent, read_event

logger = logging.getLogger(__name__)

MOST_BYTES = 1_000_000  # events have some kilobytes; Stripe names no limit


@csrf_exempt  # Stripe signs each delivery instead
@never_cache
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """200 once the event is stored, 400 for what Stripe has not signed; on any error 500, and Stripe sends it again."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MOST_BYTES:
        return HttpResponse("The body is too long for an event.", status=413, content_type="text/plain")
    try:
        event = read_event(request.body, request.headers.get("Stripe-Signature", ""))
    except UntrustedEvent as error:
        logger.warning("webhook refused: %s", error)
        return HttpResponse(f"Refused: {error}.", status=400, content_type="text/plain")
    return HttpResponse(book(event), content_type="text/plain")
