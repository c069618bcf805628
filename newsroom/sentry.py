"""Errors to Sentry, where a publisher wants that: what went wrong and where in the code, never about whom.

The settings start it. The extra `sentry` is loaded only then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from newsroom import log_lines

if TYPE_CHECKING:
    from sentry_sdk.integrations import Integration
    from sentry_sdk.types import Event, Hint

# All that leaves besides the exception and the request's route. What is not named here may hold a reader's data.
KEPT = ("event_id", "timestamp", "platform", "level", "logger", "environment", "sdk", "transaction")
KEPT_OF_FRAMES = ("filename", "abs_path", "function", "module", "lineno", "pre_context", "context_line", "post_context")


def start(dsn: str, *, site: str) -> list[str]:
    """Send errors from now on; `site` tells apart those of several sites. What is in the way, one line each."""
    try:
        import sentry_sdk
        from sentry_sdk.utils import BadDsn
    except ImportError:
        return ["SENTRY_DSN is set, and the package for it is missing: uv sync --extra sentry"]
    try:
        sentry_sdk.init(
            dsn=dsn,
            environment=site,
            server_name="",  # not the machine's name
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=integrations(),
            before_send=cleaned,
            before_send_transaction=lambda _event, _hint: None,
            before_breadcrumb=lambda _crumb, _hint: None,
            max_breadcrumbs=0,
            send_default_pii=False,
            include_local_variables=False,
            max_request_body_size="never",
            auto_session_tracking=False,
            send_client_reports=False,
            enable_metrics=False,
            propagate_traces=False,
            trace_propagation_targets=[],  # Stripe need not hear of it
        )
    except BadDsn:
        return ["SENTRY_DSN is malformed: it must be like https://key@sentry.example.org/1"]
    return []


def integrations() -> list[Integration]:
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration
    from sentry_sdk.integrations.threading import ThreadingIntegration

    return [
        DjangoIntegration(transaction_style="url", middleware_spans=False, signals_spans=False, cache_spans=False),
        LoggingIntegration(level=None),
        ExcepthookIntegration(),
        ThreadingIntegration(),
        DedupeIntegration(),
        AtexitIntegration(callback=lambda _pending, _timeout: None),
    ]


def cleaned(event: Event, _hint: Hint) -> Event:
    """A new event with what may leave: no address, body, cookie, header, query, user, local variable or argument."""
    found: dict[str, Any] = dict(event)
    clean: dict[str, Any] = {name: found[name] for name in KEPT if name in found}
    if isinstance(message := (found.get("logentry") or {}).get("message"), str):
        clean["logentry"] = {"message": log_lines.without_values(message)}  # the format, without what fills it
    if request_id := log_lines.current_request_id.get():
        clean["tags"] = {"request_id": request_id}
    errors = (found.get("exception") or {}).get("values") or []
    if errors:
        clean["exception"] = {"values": [cleaned_error(error) for error in errors]}
    return clean  # type: ignore[return-value] # an event is a dictionary with the names of KEPT


def cleaned_error(error: dict[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = {name: error[name] for name in ("type", "module", "mechanism") if name in error}
    clean["value"] = log_lines.without_values(str(error.get("value") or "").partition("\n")[0])
    frames = (error.get("stacktrace") or {}).get("frames") or []
    clean["stacktrace"] = {
        "frames": [{name: frame[name] for name in KEPT_OF_FRAMES if name in frame} for frame in frames]
    }
    return clean
