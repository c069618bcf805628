"""What several tests of the paywall need."""

from __future__ import annotations

import pytest

from paywall.models import Institution
from tests.paywall.checked_site import brief as brief
from tests.paywall.checked_site import closed_two as closed_two
from tests.paywall.checked_site import planted as planted
from tests.paywall.checked_site import site_url as site_url
from tests.paywall.test_institutions import institution


@pytest.fixture
def city_library(db: None) -> Institution:
    return institution("8.8.8.0/24", "2a00:1450::/32")


@pytest.fixture(params=["kept", "asked"])
def either_way(request: pytest.FixtureRequest) -> None:
    """While the process hears of changes, and while it does not."""
    if request.param == "kept":
        request.getfixturevalue("kept_pages")
