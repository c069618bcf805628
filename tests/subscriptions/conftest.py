"""What the tests about payments share."""

from __future__ import annotations

from typing import Any

import pytest

from tests import make
from tests.shop import Shop


@pytest.fixture
def article(settings: Any) -> Any:
    settings.MONTHLY_ALLOWANCE = 0  # nothing but a payment opens it
    return make.article()


@pytest.fixture
def selling(shop: Shop, article: Any) -> Shop:
    shop.once("gift", 8900, currency="USD", gift_months=12)
    return shop
