"""The site's own WSGI entry, which tells who asks for it which process answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from newsroom.wsgi import application as site


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """With the header X-Test-Process in the request, the answer has it too."""

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        return start_response(status, [*headers, ("X-Test-Process", str(os.getpid()))], *more)

    return site(environ, start if "HTTP_X_TEST_PROCESS" in environ else start_response)
