"""How long a process that was killed in the middle of a sync keeps its customer waiting."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions import sync
from subscriptions.mirroring import mirror
from subscriptions.models import StripeCustomer, SyncJob
from subscriptions.stripe_gateway import REQUEST_SECONDS, Gateway, StripeAway
from subscriptions.sync import SYNC_SECONDS, sync_customer
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("at_noon")]


@pytest.fixture
def customer(shop: Shop) -> StripeCustomer:
    return shop.subscribe(Client(), "ilse@example.org").customer


@pytest.mark.parametrize(("in_request", "seconds"), [(True, REQUEST_SECONDS), (False, SYNC_SECONDS)])
def test_a_lease_is_hardly_longer_than_its_holder_may_take(
    customer: StripeCustomer, monkeypatch: pytest.MonkeyPatch, in_request: bool, seconds: float
) -> None:
    ends: list[datetime | None] = []

    def noting(gateway: Gateway, of: StripeCustomer) -> mirror.CustomerState:
        assert gateway.seconds == seconds
        ends.append(SyncJob.objects.get(customer=of).lease_until)
        return mirror.fetch(gateway, of)

    monkeypatch.setattr(sync, "fetch", noting)
    before = timezone.now()
    sync_customer(customer, Gateway(in_request=True) if in_request else None)
    (end,) = ends
    assert end is not None
    assert timedelta(seconds=seconds) < end - before < timedelta(seconds=seconds + 12)


def test_the_calls_of_one_sync_end_in_time(customer: StripeCustomer, shop: Shop) -> None:
    calls = len(shop.sandbox.calls)
    with pytest.raises(StripeAway):
        sync_customer(customer, Gateway(seconds=0.0))
    assert len(shop.sandbox.calls) == calls, "nobody is asked once the time is over"
    job: Any = SyncJob.objects.get(customer=customer)
    assert job.lease is None
