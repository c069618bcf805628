"""What we publish. The body is not here: see `articles/bodies.py`."""

from articles.models.article import Article, ArticleRedirect, Byline, Status, Tier
from articles.models.author import Author
from articles.models.cache_purge import CachePurge
from articles.models.classification import Section, Series, Topic
from articles.models.correction import Correction, CorrectionKind
from articles.models.feed_state import FeedState
from articles.models.front_page import FrontPage, FrontPick, Place
from articles.models.page import Page
from articles.models.photo import Photo
from articles.models.redirect import ListRedirect
from articles.models.saved import SavedArticle
from articles.models.topic_entry import TopicEntry

__all__ = [
    "Article",
    "ArticleRedirect",
    "Author",
    "Byline",
    "CachePurge",
    "Correction",
    "CorrectionKind",
    "FeedState",
    "FrontPage",
    "FrontPick",
    "ListRedirect",
    "Page",
    "Photo",
    "Place",
    "SavedArticle",
    "Section",
    "Series",
    "Status",
    "Tier",
    "Topic",
    "TopicEntry",
]
