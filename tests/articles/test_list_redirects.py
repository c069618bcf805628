"""Sections, topics, authors and series answer under the addresses that they once had."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client

from articles.models import Author, ListRedirect, Section, Series, Topic
from articles.page_store import PageStore
from tests import make
from tests.articles.import_lines import load, record

pytestmark = pytest.mark.django_db

FEEDS = ("feed.xml", "feed.atom", "feed.json")
MAKERS = {"sections": make.section, "topics": make.topic, "authors": make.author, "series": make.series}


def shown(kind: str, name: str) -> Any:
    """A row of whose list something is out."""
    row = MAKERS[kind](name)
    field = {"sections": "section", "series": "series"}.get(kind)
    make.article(**({field: row} if field else {kind: [row]}))
    return row


def moved(row: Any, slug: str) -> Any:
    row.slug = slug
    row.save()
    return row


@pytest.mark.parametrize("kind", MAKERS)
def test_a_changed_slug_leads_on_in_one_step_for_ever(kind: str, stranger: Client) -> None:
    row = shown(kind, "First name")
    for slug in ("second-name", "third-name"):
        moved(row, slug)
    for old in ("first-name", "second-name"):
        for rest in ("", *FEEDS):
            response = stranger.get(f"/{kind}/{old}/{rest}")
            assert (response.status_code, response["Location"]) == (301, f"/{kind}/third-name/{rest}")
    assert stranger.get(f"/{kind}/third-name/").status_code == 200
    moved(row, "first-name")
    assert stranger.get(f"/{kind}/first-name/").status_code == 200
    assert stranger.get(f"/{kind}/third-name/")["Location"] == f"/{kind}/first-name/"
    assert not ListRedirect.objects.filter(slug="first-name").exists()


@pytest.mark.parametrize("kind", MAKERS)
def test_a_new_row_wins_its_address_from_a_redirect(kind: str, stranger: Client) -> None:
    older = moved(shown(kind, "Harbour"), "port")
    newer = shown(kind, "Harbour two")
    moved(newer, "harbour")
    assert stranger.get(f"/{kind}/harbour/").status_code == 200
    moved(newer, "quay")
    assert stranger.get(f"/{kind}/harbour/")["Location"] == f"/{kind}/quay/"  # who had it last
    assert stranger.get(f"/{kind}/port/").status_code == 200
    assert older.get_absolute_url() == f"/{kind}/port/"


def test_kinds_do_not_meet(stranger: Client) -> None:
    moved(make.section("Ports"), "harbours")
    assert stranger.get("/sections/ports/").status_code == 301
    assert stranger.get("/topics/ports/").status_code == 404
    moved(shown("topics", "Ports"), "quays")
    assert stranger.get("/topics/ports/")["Location"] == "/topics/quays/"
    assert stranger.get("/sections/ports/")["Location"] == "/sections/harbours/"


def test_a_place_in_the_list_is_kept_and_nothing_else(stranger: Client) -> None:
    moved(make.section("Ports"), "harbours")
    response = stranger.get("/sections/ports/?before=20260820T093000-117&utm_source=x")
    assert response["Location"] == "/sections/harbours/?before=20260820T093000-117"
    assert stranger.get("/sections/harbours/?before=nonsense").status_code == 404
    assert stranger.get("/sections/never-there/").status_code == 404


def test_a_deleted_row_leaves_no_address(stranger: Client) -> None:
    moved(make.topic("Ports"), "quays").delete()
    assert stranger.get("/topics/ports/").status_code == 404
    assert not ListRedirect.objects.exists()


def test_a_bare_name_saved_anew_leaves_no_redirect() -> None:
    section = make.section("Ports")
    section.name = "Harbours"
    section.save()
    section.slug = "unsaved"
    section.save(update_fields=["name"])
    assert not ListRedirect.objects.exists()


def test_a_redirect_leads_to_one_row_and_no_other() -> None:
    with pytest.raises(IntegrityError):
        ListRedirect.objects.create(slug="both", section=make.section(), topic=make.topic())


def test_a_kept_redirect_goes_when_the_row_moves_again(kept_pages: PageStore, stranger: Client) -> None:
    section = moved(make.section("Ports"), "harbours")
    for state in ("miss", "hit"):
        response = stranger.get("/sections/ports/")
        assert response.wsgi_request.page_cache == state
        assert {f"section-{section.pk}", "lists"} <= set(response["Surrogate-Key"].split())


def test_an_import_gives_a_new_author_no_former_address() -> None:
    moved(make.author("Ann Other"), "ann-married")
    Author.objects.update(name="Ann Married")
    load(record(authors=["Ann Other"]))
    assert Author.objects.get(name="Ann Other").slug == "ann-other-2"


@pytest.mark.parametrize("model", [Section, Topic, Author, Series])
def test_staff_change_an_address_and_look_at_the_redirect(model: Any, editor: Client) -> None:
    kind = {Section: "sections", Topic: "topics", Author: "authors", Series: "series"}[model]
    row = MAKERS[kind]("Ports")
    page = editor.get(f"/admin/articles/{model._meta.model_name}/{row.pk}/change/").content.decode()
    assert 'name="slug"' in page
    assert "The old address goes on working" in page
    moved(row, "quays")
    rows = editor.get("/admin/articles/listredirect/").content.decode()
    assert f"/{kind}/ports/" in rows
    assert editor.get("/admin/articles/listredirect/add/").status_code == 403


@pytest.mark.parametrize("name", ["section", "topic", "author"])
def test_a_search_is_narrowed_by_a_former_slug_too(name: str, stranger: Client) -> None:
    fields = {"section": make.section("Ports"), "topics": [make.topic("Ports")], "authors": [make.author("Ports")]}
    make.article(headline="Inside ferry", **fields)
    make.article(headline="Outside ferry")
    moved({"section": fields["section"]}.get(name) or fields[f"{name}s"][0], "quays")
    page = stranger.get(f"/search/?q=ferry&{name}=ports").content.decode()
    assert "Inside" in page
    assert "Outside" not in page
    assert f"{name}=quays" in page
    assert f"{name}=ports" not in page.split("<main")[1]
    assert stranger.get(f"/search/?q=ferry&{name}=never-there").status_code == 404


@pytest.mark.parametrize("name", ["topic", "author"])
def test_the_page_to_follow_somebody_leads_on_from_a_former_slug(name: str, registered: Client) -> None:
    row = {"topic": make.topic, "author": make.author}[name]("Ports")
    make.article(topics=[make.topic("Ports")], authors=[make.author("Ports")])
    moved(row, "quays")
    response = registered.get(f"/account/following/{name}/ports/")
    assert (response.status_code, response["Location"]) == (301, f"/account/following/{name}/quays/")
    assert "no-store" in response["Cache-Control"]
    assert registered.get(response["Location"]).status_code == 200
