"""What becomes of a log record on its way out: the id of its request is added, and whatever could name a reader is
taken away. Nothing is logged here.

House rules keep addresses and tokens out of our own messages; this is for those of the framework and of libraries,
and for the messages of exceptions, which quote what somebody has typed.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any

from django.db import Error as DatabaseTrouble
from django.http import HttpRequest
from psycopg import Error as DriverTrouble
from pythonjsonlogger.json import JsonFormatter

current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")

ADDRESS = re.compile(r"[^\s@<>\"'(),:;=]+@[^\s@<>\"'(),:;=]+")
NETWORK = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|(?<![\w:])(?:[0-9a-fA-F]{1,4}::?){3,7}[0-9a-fA-F]{0,4}")
QUERY = re.compile(r"\?[^\s\"']+")
TOKEN = re.compile(r"[\w-]{32,}")
CODE = re.compile(r"\b\d{6,}\b")
QUOTED_VALUE = re.compile(r': ".*"')
LONGEST_CHAIN = 10  # exceptions that led to one another


def configuration(*, is_json: bool) -> dict[str, Any]:
    """The LOGGING of the settings: all to stdout, for machines, or for people and then without a line a request."""

    def stdout(level: str) -> dict[str, Any]:
        return {"handlers": ["stdout"], "level": level, "propagate": False}

    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": JsonLines},
            "plain": {"format": "{levelname} {name}: {message}", "style": "{"},
        },
        "filters": {"request": {"()": RequestContext}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "json" if is_json else "plain",
                "filters": ["request"],
            },
        },
        "root": {"handlers": ["stdout"], "level": "INFO"},
        "loggers": {
            "django": stdout("INFO"),
            # Tells of every picture that is resized; what goes wrong is told as an error.
            "django.tasks": stdout("WARNING"),
            "stripe": stdout("WARNING"),  # names every call and its customer
            "django.server": stdout("WARNING"),
            "newsroom.requests": {"level": "INFO" if is_json else "WARNING"},
        },
    }


def without_addresses(text: str) -> str:
    """The text without mail addresses and those of networks."""
    return NETWORK.sub("[network]", ADDRESS.sub("[address]", text))


def without_values(text: str) -> str:
    """The message of an exception, without what may be a reader's: addresses, queries, tokens, codes."""
    return CODE.sub("[number]", TOKEN.sub("[token]", QUERY.sub("?[query]", without_addresses(text))))


def message_of(error: BaseException) -> str:
    """What the exception says; of one of the database only its first line, since the next ones quote the row."""
    text = str(error)
    if isinstance(error, DatabaseTrouble | DriverTrouble):
        text = QUOTED_VALUE.sub(": [value]", text.partition("\n")[0])
    return without_values(text)


def traceback_lines(error: BaseException, depth: int = 0) -> Iterator[str]:
    """As Python prints it, with cleaned messages: what came before first."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and depth < LONGEST_CHAIN:
        yield from traceback_lines(before, depth + 1)
        yield "which led to:\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}: {message_of(error)}\n"


class RequestContext(logging.Filter):
    """Gives each record the id of the request that is being answered, and takes the request itself from it.

    Django hands its own records the request and writes the raw address into them. What it tells of answers that no
    error has led to is left out: the line about the request has their status. Refusals for security's sake stay,
    without details.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if request_id := current_request_id.get():
            record.request_id = request_id
        extra = vars(record)
        status = HTTPStatus(extra.get("status_code", HTTPStatus.INTERNAL_SERVER_ERROR))
        if isinstance(extra.pop("request", None), HttpRequest):
            record.msg, record.args = self.message(record, status), ()
            if status < HTTPStatus.INTERNAL_SERVER_ERROR:
                record.exc_info = record.exc_text = None
        return record.name != "django.request" or bool(record.exc_info)

    def message(self, record: logging.LogRecord, status: HTTPStatus) -> str:
        if record.name == "django.security.csrf" and isinstance(record.args, tuple) and record.args:
            return f"Forbidden: {str(record.args[0]).partition(' - ')[0]}"  # a reason that Django words
        return status.phrase


class JsonLines(JsonFormatter):
    """One JSON object a line, with the moment in UTC."""

    def __init__(self) -> None:
        names = {"asctime": "time", "levelname": "level", "name": "logger"}
        super().__init__("{asctime}{levelname}{name}{message}", style="{", rename_fields=names)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - the parent's name
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")

    def formatException(  # noqa: N802 - the parent's name
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return "" if ei[1] is None else "".join(traceback_lines(ei[1])).rstrip()

    def format(self, record: logging.LogRecord) -> str:
        """The line of a request is written at once: it holds nothing but what RequestLogMiddleware put together."""
        facts = vars(record).get("request_facts")
        if facts is None:
            return super().format(record)
        head = {"time": self.formatTime(record), "level": record.levelname, "logger": record.name}
        return json.dumps(head | {"message": record.getMessage(), "request_id": current_request_id.get()} | facts)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return {
            name: without_addresses(value) if isinstance(value, str) and name != "exc_info" else value
            for name, value in log_data.items()
        }
