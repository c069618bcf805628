"""How to get to a page that no address alone leads to: what is sent before, or what fails meanwhile. Each way takes a
fresh browser of the reader whom the list names and returns the page's own answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from html import unescape
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from django.db import OperationalError, connection
from django.db.models import F
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from accounts import limits
from accounts.models import User
from articles.models import Article, Status
from newsletters.stopping import stop_url
from paywall.models import AddressRange, GiftLink, Institution, InstitutionUse, Meter, MeteredRead
from paywall.ways_in import gifts, mail_links
from subscriptions.models import Plan, Subscription
from subscriptions.stripe_gateway import StripeAway

type Way = Callable[[Client], HttpResponse]

ARTICLE = "/articles/harbour-1/"
GATE = "/subscribe/start/"
CODE = "/account/login/code/confirm/"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
LIBRARY_NAME = "City Library"
HEADLINE = "The long harbour and the clerks who hid"
# What people wrote, or Stripe did, on pages whose rows are there for their own way alone.
WRITTEN = (
    LIBRARY_NAME,
    HEADLINE,
    *("Ida Kerr", "Ada Lamplighter", "Grace", "Harbour Office", "nobody", "HARBOUR-", "I read too little of it."),
    *("For the long evenings.", "And for the harbour, which you know better than all of us."),
    *("Nothing renews.", "Buy one article", "Buy a day", "Buy a week", "Some pass", "Some gift", "Buy seats"),
    *("Twelve months", "Three months", "For teams", "The whole library", "For each reader"),
    *("1 × Annual (at $89.00 / year)", "You pay $44.50 for the first year, then $89 a year."),
    *("From today you pay $89 a year.", "It renews until you cancel."),
)


def front_of_nothing(client: Client) -> HttpResponse:
    Article.objects.update(status=Status.DRAFT)
    return client.get("/")


def second_page(client: Client) -> HttpResponse:
    """By its link, since what a page begins with is written in its address."""
    page = client.get("/sections/security/").content.decode()
    (address,) = re.findall(r'rel="next" href="([^"]+)"', page.partition("<main")[2])
    return client.get(unescape(address), follow=True)


def offered_to_strangers(client: Client) -> HttpResponse:
    """The gate where publishers let strangers open some articles."""
    Meter.objects.create(anonymous_allowance=3)
    return client.get(ARTICLE)


def read_by_a_stranger(client: Client) -> HttpResponse:
    offered_to_strangers(client)
    public_id = Article.objects.get(slug="harbour-1").public_id
    client.post("/access/read/", {"article": str(public_id)}, headers=OWN_PAGE)
    return client.get(ARTICLE)


def no_more_for_strangers(client: Client) -> HttpResponse:
    Meter.objects.create(anonymous_allowance=3)
    public_id = Article.objects.get(slug="harbour-1").public_id
    with mock.patch("accounts.limits.consume", side_effect=limits.LimitReached(180)):
        return client.post("/access/read/", {"article": str(public_id)}, headers=OWN_PAGE)


def reading_erased(client: Client) -> HttpResponse:
    """A history of which something has been erased."""
    read = MeteredRead.objects.filter(article__slug="read-3").get()
    client.post(f"/account/reading/{read.pk}/erase/")
    return client.get("/account/reading/")


def reading_to_be_erased(client: Client) -> HttpResponse:
    read = MeteredRead.objects.filter(article__slug="read-3").get()
    return client.get(f"/account/reading/{read.pk}/erase/")


def light_plan_used_up(client: Client) -> HttpResponse:
    """At the gate of who pays for a plan that counts, after its one article of the month."""
    Plan.objects.update(allowance=None)
    Plan.objects.filter(key="annual").update(allowance=1)
    with override_settings(MONTHLY_ALLOWANCE=0):
        client.get("/articles/harbour-2/")
        return client.get(ARTICLE)


def fetched_ahead(client: Client) -> HttpResponse:
    """An article that the browser fetched before anybody asked: a read is offered and not spent."""
    return client.get(ARTICLE, headers={"Sec-Purpose": "prefetch"})


def code_entry(client: Client) -> HttpResponse:
    return client.post("/account/login/", {"login": "new@example.org", "next": ARTICLE}, follow=True)


def code_error(client: Client) -> HttpResponse:
    code_entry(client)
    return client.post(CODE, {"code": "000000x", "next": ARTICLE})


def code_ended(client: Client) -> HttpResponse:
    return client.post(CODE, {"code": "000000", "next": ARTICLE})


def code_resent(client: Client) -> HttpResponse:
    code_entry(client)
    return client.post(CODE, {"action": "resend", "next": ARTICLE}, follow=True)


def account_of_a_long_address(client: Client) -> HttpResponse:
    host = ".".join(["unterseekabelverlegungsschiffsbetriebsgesellschaft"] * 4)
    User.objects.filter(email="registered@example.org").update(email=f"{'lamplighter' * 5}@{host[:180]}.example")
    return client.get("/account/")


def login_error(client: Client) -> HttpResponse:
    return client.post("/account/login/", {"login": "not an address", "next": ARTICLE})


def feed_made(client: Client) -> HttpResponse:
    return client.post("/account/feed/")


def saved(client: Client) -> HttpResponse:
    """Articles of each tier, one with a very long headline, and one that has been withdrawn since."""
    withdrawn = Article.objects.get(slug="withdrawn-story")
    Article.objects.filter(pk=withdrawn.pk).update(status=Status.PUBLISHED)
    slugs = ("harbour-1", "withdrawn-story", "registered-story", "free-story", "long-story")
    for article in Article.objects.filter(slug__in=slugs):
        client.post("/account/saved/", {"article": str(article.public_id)}, headers=OWN_PAGE)
    Article.objects.filter(pk=withdrawn.pk).update(status=Status.WITHDRAWN)
    client.get(ARTICLE)  # shows what the button has said
    return client.get("/account/saved/")


def to_be_saved(client: Client) -> HttpResponse:
    public_id = Article.objects.get(slug="harbour-1").public_id
    return client.get(f"/account/saved/add/{public_id}/")


def following(client: Client) -> HttpResponse:
    client.post("/account/following/author/ilse-marchetti/")
    client.post("/account/following/topic/ports/")
    return client.get("/account/following/")


def topic_followed(client: Client) -> HttpResponse:
    return client.post("/account/following/topic/ports/", follow=True)


def mail_to_be_stopped(client: Client) -> HttpResponse:
    return client.get(urlsplit(stop_url(1)).path)


def mail_stopped(client: Client) -> HttpResponse:
    return client.post(urlsplit(stop_url(1)).path)


def city_library() -> Institution:
    made = Institution.objects.create(
        name=LIBRARY_NAME, starts_on=date(2026, 1, 1), ends_on=date(2099, 12, 31), roaming_days=30
    )
    for network in ("8.8.8.0/24", "9.9.9.9/32", "2a00:1450:4001:81b::/64"):
        AddressRange.objects.create(institution=made, network=network)
    return made


def on_campus(client: Client) -> HttpResponse:
    city_library()
    return client.get(ARTICLE, REMOTE_ADDR="8.8.8.8")


def institution_usage(client: Client) -> HttpResponse:
    """Two months, one of them with a very long headline."""
    made = city_library()
    made.contacts.add(User.objects.get(email="registered@example.org"))
    for month, slug, opened in ((10, "harbour-1", 1204), (10, "long-story", 7), (9, "harbour-1", 3)):
        article = Article.objects.get(slug=slug)
        InstitutionUse.objects.create(institution=made, month=date(2026, month, 1), article=article, opened=opened)
    return client.get("/account/institution/")


def gift_to_be_made(client: Client, slug: str = "harbour-1") -> HttpResponse:
    return client.get("/gift/new/", {"article": str(Article.objects.get(slug=slug).public_id)})


def gift_of_an_open_article(client: Client) -> HttpResponse:
    return gift_to_be_made(client, "free-story")


def give(client: Client, slug: str = "harbour-1", **fields: str) -> HttpResponse:
    form = {"article": str(Article.objects.get(slug=slug).public_id), **fields}
    return client.post("/gift/new/", form, follow=True)


def gift_name_refused(client: Client) -> HttpResponse:
    return give(client, is_named="on", name="see bad.example")


def gift_made(client: Client) -> HttpResponse:
    return give(client, is_named="on", name="Ada Lamplighter")


def gift_links(client: Client) -> HttpResponse:
    """One that was read, one that is used up, one that was revoked and one of a long headline."""
    for slug in ("harbour-2", "harbour-3", "noted-premium", "harbour-1"):
        give(client, slug, is_named="on", name="Ada Lamplighter")
    links = GiftLink.objects.order_by("slot")
    links.filter(article__slug="harbour-1").update(readers=3)
    links.filter(article__slug="harbour-2").update(readers=F("most_readers"))
    links.filter(article__slug="harbour-3").revoke(timezone.now())
    Article.objects.filter(slug="noted-premium").update(headline=f"{HEADLINE} " * 4)
    return client.get("/account/gifts/")


def by_a_gift(client: Client) -> HttpResponse:
    giver = User.objects.get(email="subscriber@example.org")
    link = gifts.give(giver, Article.objects.get(slug="harbour-1"), timezone.now(), "Ada Lamplighter")
    return client.get(f"/gift/{link.token}/")


def by_a_mail_link(client: Client) -> HttpResponse:
    reader = User.objects.get(email="subscriber@example.org")
    (url,) = mail_links.urls_for(reader.pk, [Article.objects.get(slug="harbour-1")], timezone.now()).values()
    return client.get(urlsplit(url).path)


def password_reset_code(client: Client) -> HttpResponse:
    return client.post("/account/password/reset/", {"email": "with_password@example.org"}, follow=True)


def gate_error(client: Client) -> HttpResponse:
    form = {"email": "reader@localhost@twice", "plan": "free", "next": ARTICLE}
    return client.post(GATE, form, headers=OWN_PAGE)


def payments_not_open(client: Client) -> HttpResponse:
    form = {"email": "new@example.org", "plan": "annual", "next": ARTICLE}
    return client.post(GATE, form, headers=OWN_PAGE)


def payments_away(client: Client) -> HttpResponse:
    is_away = mock.patch("subscriptions.selling.joining.open_checkout", side_effect=StripeAway("broken on purpose"))
    with override_settings(STRIPE_SECRET_KEY="sk_test_of_the_pages"), is_away:
        return payments_not_open(client)


def subscription_cancelled(client: Client) -> HttpResponse:
    Subscription.objects.update(cancel_at_period_end=True)
    return client.get("/account/")


def subscription_unpaid(client: Client) -> HttpResponse:
    Subscription.objects.update(status="past_due", known_status="past_due", past_due_since=timezone.now())
    return client.get("/account/")


def too_often(client: Client) -> HttpResponse:
    with mock.patch("accounts.limits.consume", side_effect=limits.LimitReached(180)):
        return client.get("/search/", {"q": "harbour"})


def wrong_method(client: Client) -> HttpResponse:
    return client.post("/archive/")


def too_large(client: Client) -> HttpResponse:
    return client.generic("POST", GATE, b"", "application/x-www-form-urlencoded", CONTENT_LENGTH="2000000")


def form_from_elsewhere(_client: Client) -> HttpResponse:
    return Client(enforce_csrf_checks=True).post("/account/login/", {"login": "new@example.org"})


def failing_view(client: Client) -> HttpResponse:
    with mock.patch("articles.views.find_page", side_effect=RuntimeError("broken on purpose")):
        return client.get(ARTICLE)


def database_away(client: Client) -> HttpResponse:
    with without_database():
        return client.get(ARTICLE)


def undecided(client: Client) -> HttpResponse:
    """Whether this reader has paid cannot be looked up just now."""
    with mock.patch("paywall.middleware.decide", side_effect=OperationalError("broken on purpose")):
        return client.get(ARTICLE)


@contextmanager
def without_database() -> Iterator[None]:
    def away(*_: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(away):
        yield


def cancel(client: Client) -> HttpResponse:
    return client.get(f"/account/subscription/{Subscription.objects.get().pk}/cancel/")
