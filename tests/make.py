"""Makers: one call, one row as the site itself would make it. Every body holds a sentence that stands nowhere else."""

from __future__ import annotations

import io
import itertools
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django.utils.text import slugify
from PIL import Image

from accounts.models import User
from articles.models import Article, Author, Byline, Photo, Section, Series, Topic
from subscriptions.leads import capture_lead
from subscriptions.models import Grant, Lead, Plan, PlanPrice, StripeCustomer, Subscription, SyncJob
from subscriptions.selling.plans import offered_plans
from subscriptions.selling.shown import shown_option

SENTINEL = "canaryword"
numbers = itertools.count(1)

OPENING = "<p>The ferry left before dawn. Nobody on the quay had slept. The harbour master counted the lamps twice.</p>"


def user(email: str = "", **fields: Any) -> User:
    """A user whose address is confirmed."""
    made = User.objects.create_user(email or f"reader{next(numbers)}@example.org", **fields)
    EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
    return made


def editor(email: str = "") -> User:
    made = user(email, is_staff=True)
    made.groups.add(Group.objects.get(name="editors"))
    return made


def logged_in(made: User, *, ago: timedelta = timedelta()) -> Client:
    """A browser in which the user has logged in with a code, so long ago; staff also with their second factor."""
    records: list[dict[str, Any]] = [{"method": "code"}]
    if made.is_staff:
        records.append({"method": "mfa", "type": "totp", "id": second_factor(made).pk})
    return session_with(made, *records, ago=ago)


def by_code_only(made: User) -> Client:
    """As `logged_in`, with a code alone for staff too."""
    return session_with(made, {"method": "code"})


def session_with(made: User, *records: dict[str, Any], ago: timedelta = timedelta()) -> Client:
    """A browser in which the user is logged in, with these records of how."""
    client = Client()
    client.force_login(made)
    session = client.session
    moment = (timezone.now() - ago).timestamp()
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{**record, "at": moment} for record in records]
    session["account_authentication_methods_user"] = str(made.pk)
    session.save()
    return client


def second_factor(made: User) -> Authenticator:
    """The authenticator app of the user, connected now if none is."""
    app = Authenticator.objects.filter(user=made, type=Authenticator.Type.TOTP).first()
    return app or TOTP.activate(made, generate_totp_secret()).instance


def grant(made: User, **fields: Any) -> Grant:
    fields.setdefault("starts_at", timezone.now() - timedelta(minutes=1))
    return Grant.objects.create(user=made, **fields)


def lead(email: str = "new@example.org", plan: str = "annual") -> Lead:
    """As the gate keeps an address, with what it showed to a stranger."""
    option = next(option for option in offered_plans() if option.key == plan)
    return capture_lead(email, Plan.objects.get(key=plan), shown_option(option), source_path="/")


def plan_price(key: str = "annual") -> PlanPrice:
    """The price that is sold for the plan with this key."""
    plan = Plan.objects.get(key=key)
    terms = {"amount_minor": plan.amount_minor, "interval": plan.interval}
    names = {"stripe_id": f"price_{next(numbers)}", "product_id": f"prod_{plan.key}"}
    return PlanPrice.objects.get_or_create(plan=plan, currency=plan.currency, is_active=True, defaults=terms | names)[0]


def stripe_customer(made: User | None) -> StripeCustomer:
    """The customer of the user, or a new one of nobody, with its job of syncing done."""
    customer = StripeCustomer.objects.filter(user=made, deleted_at=None).first() if made is not None else None
    if customer is None:
        stripe_id = f"cus_{next(numbers)}"
        customer = StripeCustomer.objects.create(stripe_id=stripe_id, user=made, livemode=False, currency="USD")
        SyncJob.objects.create(customer=customer)
    return customer


def subscription(made: User | None, *, plan: str = "annual", **fields: Any) -> Subscription:
    """A subscription as a sync has stored it: active, paid, and with ten months to go; `made` may be nobody yet."""
    price = plan_price(plan)
    now = timezone.now()
    terms = {"currency": price.currency, "amount_minor": price.amount_minor, "interval": price.interval}
    dates = {"started_at": now - timedelta(days=65), "period_end": now + timedelta(days=300)}
    state = {"status": "active", "has_been_paid": True, "plan": price.plan, "price_id": price.stripe_id}
    fields = terms | dates | state | {"customer": fields.get("customer") or stripe_customer(made)} | fields
    fields.setdefault("known_status", fields["status"])
    return Subscription.objects.create(stripe_id=f"sub_{next(numbers)}", user=made, **fields)


def section(name: str = "Security", **fields: Any) -> Section:
    return Section.objects.get_or_create(slug=slugify(name), defaults={"name": name, **fields})[0]


def topic(name: str = "Ports") -> Topic:
    return Topic.objects.get_or_create(slug=slugify(name), defaults={"name": name})[0]


def author(name: str = "Ilse Marchetti", **fields: Any) -> Author:
    return Author.objects.get_or_create(
        slug=slugify(name), defaults={"name": name, "sort_name": name.split()[-1], **fields}
    )[0]


def series(title: str = "The Long Harbour") -> Series:
    return Series.objects.get_or_create(slug=slugify(title), defaults={"title": title})[0]


def picture_bytes(size: tuple[int, int] = (640, 360), kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (40, 64, 92)).save(buffer, kind)
    return buffer.getvalue()


def photo(**fields: Any) -> Photo:
    fields = {"alt": "A quay at dusk", "caption": "The inner basin.", "credit": "Drawing by the editors", **fields}
    made = Photo(**fields)
    made.image = ContentFile(picture_bytes(), name=f"quay{next(numbers)}.png")
    made.save()
    return made


def sentinel(number: int) -> str:
    """A word that stands only in the gated part of the body with this number."""
    return f"{SENTINEL}{number}x"


def paragraphs(sentence: str, count: int) -> str:
    return "".join(
        f"<p>{sentence} by berth {index}. The ledger of the port agrees with it. Nobody asked why.</p>"
        for index in range(1, count + 1)
    )


def long_body(number: int, length: int = 12) -> str:
    """As many open paragraphs as gated, so the teaser ends before them; the gated ones hold the sentinel."""
    word = sentinel(number)
    return OPENING + paragraphs("The clerks wrote down the lamps", length) + paragraphs(f"They hid {word}", length)


def article(
    *,
    body: str | None = None,
    authors: list[Author] | None = None,
    topics: list[Topic] | None = None,
    published_at: datetime | None = None,
    **fields: Any,
) -> Article:
    """A published premium article whose body holds `article.sentinel`."""
    number = next(numbers)
    fields.setdefault("headline", f"Story number {number}")
    fields.setdefault("slug", f"story-{number}")
    fields.setdefault("standfirst", "What the harbour saw.")
    fields.setdefault("status", "published")
    fields.setdefault("tier", "premium")
    made = Article(published_at=published_at or timezone.now() - timedelta(hours=1), **fields)
    made.save_with_body(long_body(number) if body is None else body)
    for position, name in enumerate(authors or []):
        Byline.objects.create(article=made, author=name, position=position)
    made.topics.set(topics or [])
    vars(made)["sentinel"] = sentinel(number)  # for the tests alone
    return made


def plans() -> dict[str, Plan]:
    """The plans that every new site has, by key."""
    return {plan.key: plan for plan in Plan.objects.all()}


def run_tasks() -> None:
    """Run what is queued as the worker does, until the queue is empty; the test keeps its connection."""
    with mock.patch("django_tasks_db.management.commands.db_worker.close_old_connections"):
        call_command("db_worker", batch=True, interval=0, verbosity=0)
