"""The only door to Stripe. Answers are plain dictionaries in Stripe's own shape; every failure is one of four errors.

No call is ever made inside a database transaction, and none from a page that is merely read.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import stripe
from django.conf import settings

logger = logging.getLogger(__name__)

type Answer = dict[str, Any]

stripe.enable_telemetry = False

REQUEST_SECONDS = 5.0  # all calls of one web request together; after that the reader is told "processing"
CONNECT_SECONDS = 3.05
READ_SECONDS = 20.0
# Of the library, within one call. A second click meets 409 until the first is through; the queue tries again anyway.
REQUEST_RETRIES = 4
RETRIES = 1
SIGNATURE_SECONDS = 300  # how far a signature may lie in the past (Stripe's tolerance) and, here, in the future
PAGE = 100  # the most that Stripe hands out in one page


class StripeFailed(Exception):
    """Stripe did not do what it was asked for."""


class StripeAway(StripeFailed):
    """No answer in time, no connection, or an error of Stripe's own. Nothing is known of what was done."""


class StripeUnderWay(StripeAway):
    """Another request under the same key is still being carried out."""


class StripeBusy(StripeFailed):
    """Too many requests (429). `retry_after` is in seconds where Stripe said it."""

    def __init__(self, message: str, retry_after: int | None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StripeRefused(StripeFailed):
    """The request was understood and refused; `code` and `param` as Stripe spells them."""

    def __init__(self, message: str, code: str, param: str) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


class StripeMissing(StripeRefused):
    """The object is not there, or no longer."""


class UntrustedEvent(Exception):
    """The webhook is not signed by Stripe, or not now, or is no event."""


class PunctualClient(stripe.RequestsClient):
    """An HTTP client whose calls all have to end before one common moment."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.deadline = time.monotonic() + seconds

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> Any:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise stripe.APIConnectionError("no time is left for this call")  # type: ignore[no-untyped-call]
        self._timeout = (min(CONNECT_SECONDS, left), min(READ_SECONDS, left))
        return super().request(method, url, headers, post_data)


class Gateway:
    """Calls to Stripe. All of them end within `seconds` from now, where that is given; `in_request`, where a reader
    waits, within REQUEST_SECONDS.
    """

    def __init__(self, *, in_request: bool = False, seconds: float | None = None) -> None:
        self.seconds = REQUEST_SECONDS if in_request else seconds
        self._client = stripe.StripeClient(
            settings.STRIPE_SECRET_KEY,
            base_addresses={"api": settings.STRIPE_API_BASE},
            max_network_retries=REQUEST_RETRIES if in_request else RETRIES,
            http_client=PunctualClient(self.seconds)
            if self.seconds is not None
            else stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
        )
        self._v1 = self._client.v1

    # --- Customers and checkout -----------------------------------------------------------------------------------
    def create_customer(self, *, email: str, metadata: dict[str, str], key: str) -> Answer:
        return call(self._v1.customers.create, {"email": email, "metadata": metadata}, {"idempotency_key": key})

    def customer(self, stripe_id: str) -> Answer:
        """The customer; `{"deleted": True}` stands in it where Stripe has removed it."""
        return call(self._v1.customers.retrieve, stripe_id)

    def update_customer(self, stripe_id: str, params: Any) -> Answer:
        return call(self._v1.customers.update, stripe_id, params)

    def delete_customer(self, stripe_id: str) -> Answer:
        """Remove the customer for good. Subscriptions that run end at once; invoices stay at Stripe."""
        return call(self._v1.customers.delete, stripe_id)

    def promotion_codes(self, code: str) -> list[Answer]:
        """All codes that readers type so, whatever their case, active or not, each with its coupon. Newest first."""
        coupon, limits = "data.promotion.coupon", "data.restrictions.currency_options"
        expand = [coupon, f"{coupon}.applies_to", f"{coupon}.currency_options", limits]
        params: Any = {"code": code, "limit": PAGE, "expand": expand}
        return list(pages(self._v1.promotion_codes.list, params))

    def create_session(self, params: Any, *, key: str) -> Answer:
        return call(self._v1.checkout.sessions.create, params, {"idempotency_key": key})

    def session(self, stripe_id: str) -> Answer:
        """With its invoice and its payment, where it has them."""
        params: Any = {"expand": ["invoice", "payment_intent.latest_charge"]}
        return call(self._v1.checkout.sessions.retrieve, stripe_id, params)

    def expire_session(self, stripe_id: str) -> Answer:
        return call(self._v1.checkout.sessions.expire, stripe_id)

    def create_portal_session(self, customer_id: str, *, return_url: str, card_alone: bool = False) -> Answer:
        """Stripe's pages about everything or, `card_alone`, about the card, which lead back once it is changed."""
        params: Any = {"customer": customer_id, "return_url": return_url}
        if card_alone:
            after = {"type": "redirect", "redirect": {"return_url": return_url}}
            params["flow_data"] = {"type": "payment_method_update", "after_completion": after}
        return call(self._v1.billing_portal.sessions.create, params)

    # --- Subscriptions and money ----------------------------------------------------------------------------------
    def subscriptions_of(self, customer_id: str) -> list[Answer]:
        """All of a customer's subscriptions, those that have ended too, with what is taken off their prices."""
        expand = ["data.schedule", "data.discounts.source.coupon"]
        params: Any = {"customer": customer_id, "status": "all", "limit": PAGE, "expand": expand}
        return list(pages(self._v1.subscriptions.list, params))

    def subscriptions(self) -> Iterator[Answer]:
        """All subscriptions of the Stripe account, page by page; others than this site's may be among them. With what
        the nightly comparison looks at: schedule, customer, card and last invoice.
        """
        expand = ["data.schedule", "data.customer", "data.default_payment_method", "data.latest_invoice"]
        return pages(self._v1.subscriptions.list, {"status": "all", "limit": PAGE, "expand": expand})

    def subscription(self, stripe_id: str) -> Answer:
        """As it is now, with its schedule."""
        return call(self._v1.subscriptions.retrieve, stripe_id, {"expand": ["schedule"]})

    def update_subscription(self, stripe_id: str, params: Any, *, key: str = "") -> Answer:
        """Set what `params` says. Where doing it twice is as good as once, the library's own key for retries serves;
        what bills something has a `key`.
        """
        return call(self._v1.subscriptions.update, stripe_id, params, {"idempotency_key": key} if key else {})

    def resume_subscription(self, stripe_id: str) -> Answer:
        """Let a subscription of status `paused` go on, with a new period from now."""
        return call(self._v1.subscriptions.resume, stripe_id, {"billing_cycle_anchor": {"type": "now"}})

    def preview_invoice(self, params: Any) -> Answer:
        """The invoice that a change would bring, to the minor unit, with nothing changed."""
        return call(self._v1.invoices.create_preview, params)

    def create_schedule(self, subscription_id: str, *, key: str) -> Answer:
        """A schedule that holds the subscription as it is, for phases to be added."""
        params: Any = {"from_subscription": subscription_id}
        return call(self._v1.subscription_schedules.create, params, {"idempotency_key": key})

    def update_schedule(self, stripe_id: str, params: Any) -> Answer:
        return call(self._v1.subscription_schedules.update, stripe_id, params)

    def release_schedule(self, stripe_id: str) -> Answer:
        """Leave the subscription as it is now, without what was planned."""
        return call(self._v1.subscription_schedules.release, stripe_id)

    def schedule(self, stripe_id: str) -> Answer:
        return call(self._v1.subscription_schedules.retrieve, stripe_id)

    def cancel_subscription(self, stripe_id: str, *, key: str, why: Any = None) -> None:
        """End it at once, without a pro-rated invoice; one that was cancelled already stays so. `why`:
        `cancellation_details`, where the reader gave any.
        """
        params: Any = {"invoice_now": False, "prorate": False, **(why or {})}
        try:
            call(self._v1.subscriptions.cancel, stripe_id, params, {"idempotency_key": key})
        except StripeRefused as error:
            if error.code != "resource_missing":
                raise

    def invoices_of(self, customer_id: str) -> list[Answer]:
        return list(pages(self._v1.invoices.list, {"customer": customer_id, "limit": PAGE}))

    def invoice(self, stripe_id: str) -> Answer:
        return call(self._v1.invoices.retrieve, stripe_id)

    def payment_intents_of(self, invoice_id: str) -> list[str]:
        """The ids of the payments that settled an invoice."""
        paid = pages(self._v1.invoice_payments.list, {"invoice": invoice_id, "status": "paid", "limit": PAGE})
        intents = (row["payment"].get("payment_intent") for row in paid)
        return [intent for intent in intents if intent]

    def waits_for_payer(self, invoice_id: str) -> bool:
        """Whether the bank wants the payer to confirm the payment of an open invoice (3-D Secure)."""
        params: Any = {"invoice": invoice_id, "status": "open", "expand": ["data.payment.payment_intent"]}
        intents = (row["payment"].get("payment_intent") for row in pages(self._v1.invoice_payments.list, params))
        return any(isinstance(intent, dict) and intent["status"] == "requires_action" for intent in intents)

    def charges_of(self, customer_id: str) -> list[Answer]:
        """With what was returned of each, and whether it is disputed."""
        return list(pages(self._v1.charges.list, {"customer": customer_id, "limit": PAGE}))

    def charge(self, stripe_id: str) -> Answer:
        return call(self._v1.charges.retrieve, stripe_id)

    def invoice_of_payment(self, payment_intent: str) -> str:
        """The id of the invoice that a payment settled; empty where it was for none."""
        asked: Any = {"payment": {"type": "payment_intent", "payment_intent": payment_intent}, "limit": 1}
        return next((str(row["invoice"]) for row in pages(self._v1.invoice_payments.list, asked)), "")

    def refunds_of(self, payment_intent: str) -> list[Answer]:
        """All that were ever made of a payment, those that failed too."""
        return list(pages(self._v1.refunds.list, {"payment_intent": payment_intent, "limit": PAGE}))

    def disputes_of(self, charge_id: str) -> list[Answer]:
        return list(pages(self._v1.disputes.list, {"charge": charge_id, "limit": PAGE}))

    def refunds_since(self, created: int) -> Iterator[Answer]:
        """The refunds made at or after a moment (seconds since 1970), each with its charge, page by page."""
        params: Any = {"created": {"gte": created}, "limit": PAGE, "expand": ["data.charge"]}
        return pages(self._v1.refunds.list, params)

    def disputes_since(self, created: int) -> Iterator[Answer]:
        """The disputes opened at or after a moment (seconds since 1970), each with its charge, page by page."""
        params: Any = {"created": {"gte": created}, "limit": PAGE, "expand": ["data.charge"]}
        return pages(self._v1.disputes.list, params)

    def payment_methods_of(self, customer_id: str) -> list[Answer]:
        return list(pages(self._v1.payment_methods.list, {"customer": customer_id, "limit": PAGE}))

    def refund(
        self,
        payment_intent: str,
        *,
        key: str,
        amount: int | None = None,
        reason: str = "duplicate",
        mark: dict[str, str] | None = None,
    ) -> Answer:
        """Return `amount` (minor units) of a payment, or all of it; `reason` as Stripe spells it, `mark`: metadata."""
        params: Any = {"payment_intent": payment_intent, "reason": reason}
        if mark is not None:
            params["metadata"] = mark
        if amount is not None:
            params["amount"] = amount
        return call(self._v1.refunds.create, params, {"idempotency_key": key})

    # --- The catalogue --------------------------------------------------------------------------------------------
    def price_by_lookup_key(self, lookup_key: str) -> Answer | None:
        """The active price, with its product."""
        params: Any = {"lookup_keys": [lookup_key], "active": True, "limit": 1, "expand": ["data.product"]}
        return next(pages(self._v1.prices.list, params), None)

    def create_product(self, params: Any) -> Answer:
        """Its id in `params` makes it unique."""
        return call(self._v1.products.create, params)

    def create_price(self, params: Any) -> Answer:
        """Its look-up key in `params` makes it unique."""
        return call(self._v1.prices.create, params)

    def update_product(self, stripe_id: str, params: Any) -> Answer:
        return call(self._v1.products.update, stripe_id, params)

    def update_price(self, stripe_id: str, params: Any) -> Answer:
        return call(self._v1.prices.update, stripe_id, params)

    def create_coupon(self, params: Any) -> Answer:
        """Its id in `params` makes it unique."""
        return call(self._v1.coupons.create, params)

    def create_promotion_code(self, params: Any) -> Answer:
        """Stripe refuses a code that is there and active."""
        return call(self._v1.promotion_codes.create, params)

    # --- Events ---------------------------------------------------------------------------------------------------
    def events_since(self, created: int) -> Iterator[Answer]:
        """The events made at or after a moment (seconds since 1970), newest first. Stripe keeps them for 30 days."""
        return pages(self._v1.events.list, {"created": {"gte": created}, "limit": PAGE})


def call(method: Callable[..., stripe.StripeObject], *arguments: Any) -> Answer:
    with errors_in_our_words():
        return plain(method(*arguments))


def pages(method: Callable[..., stripe.ListObject[Any]], params: Any) -> Iterator[Answer]:
    with errors_in_our_words():
        for row in method(params).auto_paging_iter():
            yield plain(row)


def plain(answer: stripe.StripeObject) -> Answer:
    return {name: unwrapped(value) for name, value in answer.to_dict(for_json=True).items()}


def unwrapped(value: Any) -> Any:
    """The library leaves objects as they are that are kept by name, as in `restrictions.currency_options`."""
    if isinstance(value, stripe.StripeObject):
        return plain(value)
    if isinstance(value, list):
        return [unwrapped(member) for member in value]
    if isinstance(value, dict):
        return {name: unwrapped(member) for name, member in value.items()}
    return value


@contextmanager
def errors_in_our_words() -> Iterator[None]:
    """What the library raises as one of the four errors; their texts hold neither keys nor addresses."""
    try:
        yield
    except stripe.RateLimitError as error:
        stated = str((error.headers or {}).get("Retry-After", ""))
        raise StripeBusy(summary(error), int(stated) if stated.isdigit() else None) from None
    except stripe.IdempotencyError as error:
        raise StripeUnderWay(summary(error)) from None
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        kind = StripeMissing if error.code == "resource_missing" and error.http_status == 404 else StripeRefused
        raise kind(summary(error), str(error.code or ""), str(error.param or "")) from None
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        logger.error("the key of Stripe is refused or may not do this: %s", summary(error))
        raise StripeAway(summary(error)) from None
    except stripe.StripeError as error:
        raise StripeAway(summary(error)) from None


def summary(error: stripe.StripeError) -> str:
    """Kind, status, code and request id; the message may quote what was sent, so it stays out."""
    parts = (type(error).__name__, error.http_status, error.code, getattr(error, "param", None), error.request_id)
    return " ".join(str(part) for part in parts if part)


def read_event(body: bytes, signature: str) -> Answer:
    """The event in a webhook's body, if one of the signing secrets vouches for it. Raises UntrustedEvent.

    Stripe's library takes signatures up to 300 seconds old, and any from the future; those are refused here.
    """
    if not any(is_signed(body, signature, secret) for secret in settings.STRIPE_WEBHOOK_SECRETS):
        raise UntrustedEvent("the signature is missing, wrong or not of now")
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise UntrustedEvent("the body is not JSON") from None
    if not is_event(event):
        raise UntrustedEvent("the body is not an event with its object")
    return dict(event)


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret, SIGNATURE_SECONDS)
        moments = [int(part[2:]) for part in signature.split(",") if part.startswith("t=")]
    except (ValueError, TypeError, stripe.SignatureVerificationError):
        return False
    return max(moments) <= time.time() + SIGNATURE_SECONDS


def is_event(event: Any) -> bool:
    """Whether it has what the inbox needs, each of the right kind; whatever else is in it does not matter."""
    if not isinstance(event, dict) or event.get("object") != "event" or not isinstance(event.get("data"), dict):
        return False
    created = event.get("created")
    dated = isinstance(created, int) and not isinstance(created, bool) and 0 < created < 1 << 36
    named = is_word(event.get("id"), 255) and is_word(event.get("type"), 100)
    return named and dated and isinstance(event.get("livemode"), bool) and isinstance(event["data"].get("object"), dict)


def is_word(text: Any, longest: int) -> bool:
    return isinstance(text, str) and 0 < len(text) <= longest and text.isprintable()
