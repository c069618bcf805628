"""The library in Django admin."""

from articles.admin.article import ArticleAdmin
from articles.admin.front_page import FrontPageAdmin
from articles.admin.library import ArticleRedirectAdmin, AuthorAdmin, SectionAdmin, SeriesAdmin, TopicAdmin
from articles.admin.page import PageAdmin
from articles.admin.photo import PhotoAdmin

__all__ = [
    "ArticleAdmin",
    "ArticleRedirectAdmin",
    "AuthorAdmin",
    "FrontPageAdmin",
    "PageAdmin",
    "PhotoAdmin",
    "SectionAdmin",
    "SeriesAdmin",
    "TopicAdmin",
]
