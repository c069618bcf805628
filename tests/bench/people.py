"""People for the benches, who run without Django themselves: `make_people` asks a process that runs with it.

python -m tests.bench.people subscriber | addresses NUMBER
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import django

from tests.bench.load import NotMeasured
from tests.servers import PROJECT


def make_people(environment: Mapping[str, str], *who: str) -> dict[str, Any]:
    """Make them in the database of this environment; what has to be known of them. Raises NotMeasured."""
    command = [sys.executable, "-m", "tests.bench.people", *who]
    done = subprocess.run(command, cwd=PROJECT, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasured(f"there are no people: {done.stderr}")
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def subscriber() -> dict[str, str]:
    """The session cookie of somebody who pays for the library and is logged in."""
    from django.conf import settings

    from tests import make

    reader = make.user("subscriber@example.org")
    make.subscription(reader)
    cookie = make.logged_in(reader).cookies[settings.SESSION_COOKIE_NAME]
    return {"cookie": f"{cookie.key}={cookie.value}"}


def addresses(number: int) -> dict[str, list[str]]:
    """Addresses with an account, with none, and with a switched-off one."""
    from tests import make

    known = [make.user(f"known{count:04}@example.org").email for count in range(number)]
    unknown = [f"never{count:04}@example.org" for count in range(number)]
    switched_off = [make.user(f"ended{count:04}@example.org", is_active=False).email for count in range(number)]
    return {"known": known, "unknown": unknown, "switched off": switched_off}


if __name__ == "__main__":
    django.setup()
    print(json.dumps(subscriber() if sys.argv[1] == "subscriber" else addresses(int(sys.argv[2]))))
