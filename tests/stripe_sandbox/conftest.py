from __future__ import annotations

from collections.abc import Iterator

import pytest

from stripe_sandbox.server import Sandbox
from tests.stripe_sandbox.account import Account, Receiver


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return Account(sandbox)


@pytest.fixture
def receiver(sandbox: Sandbox) -> Iterator[Receiver]:
    site = Receiver()
    sandbox.webhook_url = site.url
    yield site
    site.stop()
