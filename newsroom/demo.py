"""The demonstration publication: invented authors, states and events, with one reader of each kind.

Its texts lie in `newsroom/demo_publication/` and are loaded through the same importer as anybody's.
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.core.files import File
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import EDITORS, PUBLISHERS, User
from articles.importers import Report, import_records
from articles.markdown import to_html
from articles.models import Article, Author, Correction, CorrectionKind, FrontPage, Page, Photo, Section, Series, Topic
from articles.saved import save_article
from newsletters.follows import follow, has_chosen
from newsroom.demo_plans import load_plans
from subscriptions.models import Grant, GrantSource

PUBLICATION = Path(__file__).resolve().parent / "demo_publication"
FRONT_MATTER = "+++"
LATER = ("updated_days_ago", "corrections")

EDITOR = "editor@example.com"
PUBLISHER = "publisher@example.com"
SUBSCRIBER = "subscriber@example.com"
LAPSED = "lapsed@example.com"
REGISTERED = "reader@example.com"


def load(now: datetime) -> Report:
    """Load what is missing of the demonstration. What is there already is left as it stands, edits included."""
    publication = tomllib.loads((PUBLICATION / "publication.toml").read_text(encoding="utf-8"))
    load_classification(publication)
    load_authors(publication["authors"])
    load_pages(timezone.localdate(now))
    missing = missing_texts()
    report = import_records(enumerate((article_record(path, now) for path in missing), start=1), folder=PUBLICATION)
    for path in missing:
        add_what_came_later(path, now)
    arrange_front_page(publication["front_page"], publication["front_page_words"])
    load_plans(publication["plans"])
    load_people(now)
    return report


def load_classification(publication: dict[str, Any]) -> None:
    for position, row in enumerate(publication["sections"], start=1):
        add_missing(Section, "name", row | {"position": position})
    for row in publication["topics"]:
        add_missing(Topic, "name", row)
    for row in publication["series"]:
        add_missing(Series, "title", row)


def add_missing(model: type[Section | Topic | Series], title: str, row: dict[str, Any]) -> None:
    """Add the row, unless its title or its address is taken: editors may have changed one of them."""
    slug = slugify(row[title])
    if not model.objects.filter(Q(slug=slug) | Q(**{title: row[title]})).exists():
        model.objects.create(slug=slug, **row)


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


def load_pages(day: date) -> None:
    """The pages of the house as the demonstration words them, where they still have the text of the software."""
    for path in sorted((PUBLICATION / "pages").glob("*.md")):
        page = Page.objects.filter(slug=path.stem, is_as_delivered=True).first()
        if page is None:
            continue
        _nothing, front_matter, text = path.read_text(encoding="utf-8").split(FRONT_MATTER, 2)
        head = tomllib.loads(front_matter)
        page.title, page.standfirst, page.html = head["title"], head["standfirst"], to_html(text)
        page.is_as_delivered, page.updated_on = False, day
        page.save()


def missing_texts() -> list[Path]:
    """The articles that the library does not hold yet."""
    known = set(Article.objects.filter(source_id__startswith="demo:").values_list("source_id", flat=True))
    return [path for path in sorted((PUBLICATION / "articles").glob("*.md")) if f"demo:{path.stem}" not in known]


def article_record(path: Path, now: datetime) -> dict[str, Any]:
    """The article in the import format; its date counts back from `now`."""
    record, body = read_text(path)
    published = now - timedelta(days=record.pop("days_ago"), hours=1)
    photo = record.pop("photo", None)
    if photo:
        record["photo"] = photo | {"url": f"drawings/{Path(photo.pop('file')).name}"}
    for name in LATER:
        record.pop(name, None)
    return record | {
        "id": f"demo:{path.stem}",
        "slug": path.stem,
        "published": published.isoformat(),
        "body": body,
        "format": "markdown",
    }


def read_text(path: Path) -> tuple[dict[str, Any], str]:
    _nothing, front_matter, body = path.read_text(encoding="utf-8").split(FRONT_MATTER, 2)
    return tomllib.loads(front_matter), body


def add_what_came_later(path: Path, now: datetime) -> None:
    """When a story was changed after it had come out, and what was corrected in it: no part of an import."""
    told, _body = read_text(path)
    article = Article.objects.get(source_id=f"demo:{path.stem}")
    if "updated_days_ago" in told:
        Article.objects.filter(pk=article.pk).update(updated_at=now - timedelta(days=told["updated_days_ago"]))
    for row in told.get("corrections", []):
        made_at = now - timedelta(days=row["days_ago"])
        kind = row.get("kind", CorrectionKind.CORRECTION)
        Correction.objects.create(article=article, kind=kind, text=row["text"].strip(), made_at=made_at)


def arrange_front_page(chosen: dict[str, list[str]], words: dict[str, str]) -> None:
    """Put the named articles into their places, `words` standing for some of them, unless somebody has arranged the
    front page already. One that editors renamed or deleted is left out.
    """
    if FrontPage.objects.exists():
        return
    front_page = FrontPage.objects.create()
    for place, slugs in chosen.items():
        articles = Article.objects.in_bulk(slugs, field_name="slug")
        for position, slug in enumerate(slugs):
            if article := articles.get(slug):
                front_page.picks.create(place=place, article=article, position=position, words=words.get(slug, ""))


def load_people(now: datetime) -> None:
    """Two of the staff, one subscriber, one lapsed and one registered reader. All log in with a code."""
    employ(person(EDITOR, "The Editor"), EDITORS)
    employ(person(PUBLISHER, "The Publisher"), PUBLISHERS)
    subscriber = person(SUBSCRIBER, "A Subscriber")
    grant(subscriber, starts_at=now)
    fill_own_lists(subscriber)
    grant(person(LAPSED, "A Lapsed Subscriber"), starts_at=now - timedelta(days=400), ends_at=now - timedelta(days=35))
    person(REGISTERED, "A Registered Reader")


def employ(user: User, role: str) -> None:
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    user.groups.add(Group.objects.get(name=role))


def fill_own_lists(user: User) -> None:
    """One author and one topic to follow, two articles to read later, for who has never followed anybody."""
    if has_chosen(user):
        return
    for author in Author.objects.filter(slug="ilse-marchetti"):
        follow(user, author)
    for topic in Topic.objects.filter(slug="ports"):
        follow(user, topic)
    for article in Article.objects.filter(source_id__startswith="demo:").order_by("slug")[:2]:
        save_article(user, article)


def person(email: str, name: str) -> User:
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, name=name)
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


def grant(user: User, **period: datetime) -> None:
    if not user.grants.exists():
        Grant.objects.create(user=user, source=GrantSource.DEMO, reason="The demonstration publication", **period)
