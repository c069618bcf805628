"""In which languages the library is written: the words of a search have to be read once in each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import connection

from articles.caching import lifetime
from articles.page_store import store
from articles.search_vectors import configuration_for

# From one to the next through the index `article_languages`: PostgreSQL's own DISTINCT would read all of it.
HELD = """
WITH RECURSIVE held AS (
    (SELECT language FROM articles_article WHERE status = 'published' ORDER BY language LIMIT 1)
    UNION ALL
    SELECT (SELECT language FROM articles_article
             WHERE status = 'published' AND language > held.language ORDER BY language LIMIT 1)
      FROM held WHERE held.language IS NOT NULL
) SELECT language FROM held WHERE language IS NOT NULL
"""


def configurations(now: datetime) -> Mapping[str, list[str]]:
    """The text search configurations of the library, each with the languages whose articles are indexed by it."""
    return store.kept_or_made("configurations", look, lambda _found: lifetime(["library", "articles"], now))


def look() -> Mapping[str, list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(HELD)
        languages = [language for (language,) in cursor.fetchall()] or [settings.LANGUAGE_CODE]
    found: dict[str, list[str]] = {}
    for language in languages:
        found.setdefault(configuration_for(language), []).append(language)
    return found
