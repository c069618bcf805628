"""The library in Django admin."""

from articles.admin.article import ArticleAdmin
from articles.admin.library import ArticleRedirectAdmin, AuthorAdmin, SectionAdmin, SeriesAdmin, TopicAdmin
from articles.admin.photo import PhotoAdmin

__all__ = [
    "ArticleAdmin",
    "ArticleRedirectAdmin",
    "AuthorAdmin",
    "PhotoAdmin",
    "SectionAdmin",
    "SeriesAdmin",
    "TopicAdmin",
]
