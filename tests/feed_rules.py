"""What each format asks of a feed, as checks that tests make: a schema, and the rules that no schema can say."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, FormatChecker
from lxml import etree

SCHEMAS = Path(__file__).resolve().parent / "schemas"
ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"
SELF = ".//{http://www.w3.org/2005/Atom}link[@rel='self']"


@cache
def relax(name: str) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(str(SCHEMAS / name)))


@cache
def json_schema() -> Draft7Validator:
    schema = json.loads((SCHEMAS / "jsonfeed-1.1.schema.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema, format_checker=FormatChecker())


def problems_of(form: str, content: bytes, url: str) -> list[str]:
    """What is wrong with the feed that was found at `url`; empty for one that keeps all rules."""
    match form:
        case "rss":
            return rss_problems(content, url)
        case "atom":
            return atom_problems(content, url)
        case _:
            return json_problems(json.loads(content), url)


def parsed(content: bytes) -> Any:
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))


def schema_problems(name: str, root: Any) -> list[str]:
    schema = relax(name)
    return [] if schema.validate(root) else [str(error) for error in schema.error_log]


def self_problems(root: Any, url: str) -> list[str]:
    found = [link.get("href") for link in root.iterfind(SELF)]
    return [] if found == ([url] if url else []) else [f"self: {found}, not {url}"]


def doubles(kind: str, ids: list[str | None]) -> list[str]:
    return [] if None not in ids and len(set(ids)) == len(ids) else [f"{kind} missing or twice: {ids}"]


def rss_problems(content: bytes, url: str) -> list[str]:
    root = parsed(content)
    problems = schema_problems("rss.rng", root) + self_problems(root, url)
    items = root.findall("channel/item")
    problems += doubles("guid", [item.findtext("guid") for item in items])
    for item in items:
        guid = item.find("guid")
        if item.findtext("title") is None and item.findtext("description") is None:
            problems.append("an item has neither title nor description")
        if guid is not None and guid.get("isPermaLink") != "false" and not guid.text.startswith("http"):
            problems.append("a guid that is no address is called a permalink")
        problems += [f"media: {dict(media.attrib)}" for media in item.iter(f"{MEDIA}content") if not media.get("url")]
    return problems


def atom_problems(content: bytes, url: str) -> list[str]:
    root = parsed(content)
    problems = schema_problems("atom.rng", root) + self_problems(root, url)
    entries = root.findall(f"{ATOM}entry")
    problems += doubles("id", [entry.findtext(f"{ATOM}id") for entry in entries])
    for entry in entries:
        if root.find(f"{ATOM}author") is None and entry.find(f"{ATOM}author") is None:
            problems.append("neither feed nor entry has an author")
        pages = [link for link in entry.iterfind(f"{ATOM}link") if link.get("rel", "alternate") == "alternate"]
        if entry.find(f"{ATOM}content") is None and len(pages) != 1:
            problems.append("an entry without content leads to no page, or to two of one type")
    return problems


def json_problems(feed: Any, url: str) -> list[str]:
    problems = [f"{error.json_path}: {error.message}" for error in json_schema().iter_errors(feed)]
    problems += doubles("id", [item.get("id") for item in feed["items"]])
    if feed.get("feed_url", "") != url:
        problems.append(f"feed_url: {feed.get('feed_url')}, not {url}")
    return problems
