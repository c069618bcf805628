"""The demonstration publication: invented authors, states and events, with one reader of each kind.

Its texts lie in `newsroom/demo_publication/` and are loaded through the same importer as anybody's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.core.files import File
from django.utils.text import slugify

from accounts.models import EDITORS, User
from articles.importers import Report, import_records
from articles.models import Article, Author, Photo, Section, Series, Topic
from subscriptions.models import Grant, GrantSource

PUBLICATION = Path(__file__).resolve().parent / "demo_publication"
FRONT_MATTER = "+++"

EDITOR = "editor@example.com"
SUBSCRIBER = "subscriber@example.com"
LAPSED = "lapsed@example.com"
REGISTERED = "reader@example.com"


def load(now: datetime) -> Report:
    """Load what is missing of the demonstration. What is there already is left as it stands, edits included."""
    publication = tomllib.loads((PUBLICATION / "publication.toml").read_text(encoding="utf-8"))
    load_classification(publication)
    load_authors(publication["authors"])
    report = import_records(enumerate(missing_records(now), start=1), folder=PUBLICATION)
    load_people(now)
    return report


def load_classification(publication: dict[str, Any]) -> None:
    for position, row in enumerate(publication["sections"], start=1):
        Section.objects.get_or_create(
            slug=slugify(row["name"]),
            defaults={"name": row["name"], "description": row["description"], "position": position},
        )
    for row in publication["topics"]:
        Topic.objects.get_or_create(
            slug=slugify(row["name"]), defaults={"name": row["name"], "description": row["description"]}
        )
    for row in publication["series"]:
        Series.objects.get_or_create(
            slug=slugify(row["title"]), defaults={"title": row["title"], "description": row["description"]}
        )


def load_authors(rows: list[dict[str, str]]) -> None:
    for row in rows:
        author, is_new = Author.objects.get_or_create(
            slug=slugify(row["name"]),
            defaults={
                "name": row["name"],
                "sort_name": row["sort_name"],
                "role": row["role"],
                "biography": row["biography"],
            },
        )
        if is_new:
            author.portrait = drawn_portrait(PUBLICATION / row["portrait"], author.name)
            author.save()


def drawn_portrait(path: Path, name: str) -> Photo:
    with path.open("rb") as picture:
        return Photo.objects.create(
            image=File(picture, name=path.name), alt=f"Drawing of {name}", credit="Drawing by the editors"
        )


def missing_records(now: datetime) -> Iterator[dict[str, Any]]:
    """The articles that the library does not hold yet, in the import format; their dates count back from `now`."""
    known = set(Article.objects.filter(source_id__startswith="demo:").values_list("source_id", flat=True))
    for path in sorted((PUBLICATION / "articles").glob("*.md")):
        if f"demo:{path.stem}" not in known:
            yield article_record(path, now)


def article_record(path: Path, now: datetime) -> dict[str, Any]:
    _nothing, front_matter, body = path.read_text(encoding="utf-8").split(FRONT_MATTER, 2)
    record = tomllib.loads(front_matter)
    published = now - timedelta(days=record.pop("days_ago"), hours=1)
    photo = record.pop("photo", None)
    if photo:
        record["photo"] = photo | {"url": f"drawings/{Path(photo.pop('file')).name}"}
    return record | {
        "id": f"demo:{path.stem}",
        "slug": path.stem,
        "published": published.isoformat(),
        "body": body,
        "format": "markdown",
    }


def load_people(now: datetime) -> None:
    """One editor, one subscriber, one lapsed and one registered reader. All log in with a code."""
    editor = person(EDITOR, "The Editor")
    editor.is_staff = True
    editor.save(update_fields=["is_staff"])
    editor.groups.add(Group.objects.get(name=EDITORS))
    grant(person(SUBSCRIBER, "A Subscriber"), starts_at=now)
    grant(person(LAPSED, "A Lapsed Subscriber"), starts_at=now - timedelta(days=400), ends_at=now - timedelta(days=35))
    person(REGISTERED, "A Registered Reader")


def person(email: str, name: str) -> User:
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, name=name)
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


def grant(user: User, **period: datetime) -> None:
    if not user.grants.exists():
        Grant.objects.create(user=user, source=GrantSource.DEMO, reason="The demonstration publication", **period)
