"""The names under which caches keep pages, so that a change can purge just those that show it. The triggers of the
migrations send the same names.
"""

from __future__ import annotations

from collections.abc import Iterable

from articles.models import Article


def article_keys(article: Article) -> list[str]:
    """Every row that the article's own page shows."""
    keys = [f"article-{article.pk}", *(f"author-{author.pk}" for author in article.byline_authors)]
    keys += [f"topic-{topic.pk}" for topic in article.topics.all()]
    if article.section_id:
        keys.append(f"section-{article.section_id}")
    if article.series_id:
        keys.append(f"series-{article.series_id}")
    return [*keys, "library"]


def card_keys(articles: Iterable[Article]) -> list[str]:
    """Every row that the cards of these articles show; the names of sections stand on every page anyway."""
    keys = []
    for article in articles:
        keys += [f"article-{article.pk}", *(f"author-{author.pk}" for author in article.byline_authors)]
    return list(dict.fromkeys(keys))
