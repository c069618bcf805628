"""`python -m stripe_sandbox --port N --webhook-url URL [--state FILE]`; key and secret come from the environment."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from stripe_sandbox.server import Sandbox


def main() -> int:
    parser = argparse.ArgumentParser(prog="stripe_sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--webhook-url", required=True)
    parser.add_argument("--state", type=Path)
    given = parser.parse_args()
    secret = os.environ.get("STRIPE_WEBHOOK_SECRET", "").split(",")[0].strip()
    try:
        sandbox = Sandbox(
            os.environ.get("STRIPE_SECRET_KEY", ""), secret, given.webhook_url, port=given.port, state_file=given.state
        )
        sandbox.start()
    except (ValueError, OSError) as error:
        sys.stderr.write(f"stripe_sandbox: {error}\n")
        return 1
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    sys.stdout.write(f"Stripe stand-in on {sandbox.url} (controls: {sandbox.url}/sandbox/)\n")
    sys.stdout.flush()
    ended.wait()
    sandbox.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
