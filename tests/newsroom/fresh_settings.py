"""The settings under an environment of one's own, as a new process would load them.

To start a process for each takes half a second; so one process imports what settings need, forks for each environment
and loads them in the fork.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

# All that newsroom/settings.py imports and that reads no environment; the settings themselves are each fork's own.
NURSERY = """
import json, os, sys, traceback
import django.conf, django.conf.global_settings, django.core.serializers.json, django.http, psycopg
import newsroom.billing_rules, newsroom.database_pool, newsroom.embedded_postgres, newsroom.env, newsroom.log_lines
import newsroom.sentry, newsroom.stripe_account

def load(asked):
    os.environ.clear()
    os.environ.update(asked["variables"])
    try:
        import newsroom.settings
        print(json.dumps([getattr(newsroom.settings, name) for name in asked["names"]], default=str))
    except SystemExit as left:
        if isinstance(left.code, str):
            print(left.code, file=sys.stderr)
        return left.code if isinstance(left.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0

for line in sys.stdin:
    told = [os.memfd_create("stdout"), os.memfd_create("stderr")]
    child = os.fork()
    if not child:
        os.dup2(told[0], 1)
        os.dup2(told[1], 2)
        code = load(json.loads(line))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    texts = []
    for descriptor in told:
        os.lseek(descriptor, 0, os.SEEK_SET)
        texts.append(os.fdopen(descriptor, "rb").read().decode())
    print(json.dumps([code, *texts]), flush=True)
"""


@cache
def nursery() -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT)}
    started = subprocess.Popen(
        [sys.executable, "-c", NURSERY],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(started.kill)
    return started


def load_settings(variables: dict[str, str], *names: str) -> subprocess.CompletedProcess[str]:
    """Load the settings with these variables and nothing else, and print those of these names as a list in JSON."""
    process = nursery()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"variables": variables, "names": names}) + "\n")
    process.stdin.flush()
    code, stdout, stderr = json.loads(process.stdout.readline())
    return subprocess.CompletedProcess([], code, stdout, stderr)
