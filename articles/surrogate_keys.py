"""The names under which caches keep pages, so that a change can purge just those that show it."""

from __future__ import annotations

from articles.models import Article


def article_keys(article: Article) -> list[str]:
    """Every row that the article's own page shows."""
    keys = [f"article-{article.pk}", *(f"author-{author.pk}" for author in article.byline_authors)]
    if article.section_id:
        keys.append(f"section-{article.section_id}")
    if article.series_id:
        keys.append(f"series-{article.series_id}")
    return [*keys, "library"]
