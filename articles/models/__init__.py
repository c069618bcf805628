"""What we publish. The body is not here: see `articles/bodies.py`."""

from articles.models.article import Article, ArticleRedirect, Byline, Status, Tier
from articles.models.author import Author
from articles.models.cache_purge import CachePurge
from articles.models.classification import Section, Series, Topic
from articles.models.photo import Photo

__all__ = [
    "Article",
    "ArticleRedirect",
    "Author",
    "Byline",
    "CachePurge",
    "Photo",
    "Section",
    "Series",
    "Status",
    "Tier",
    "Topic",
]
