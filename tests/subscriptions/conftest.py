"""What the tests about payments share."""

from __future__ import annotations

from typing import Any

import pytest

from tests import make


@pytest.fixture
def article(settings: Any) -> Any:
    settings.MONTHLY_ALLOWANCE = 0  # nothing but a payment opens it
    return make.article()
