from django.urls import path, re_path

from articles import corrections, feed_urls, indexes, pages, saved, sitemaps, views
from articles.models.page import HOUSE_SLUGS

app_name = "articles"

urlpatterns = [
    path("", views.front, name="front"),
    path("articles/<slug:slug>/", views.article, name="article"),
    path("sections/", indexes.sections, name="section-index"),
    path("sections/<slug:slug>/", views.section, name="section"),
    path("topics/", indexes.topics, name="topic-index"),
    path("topics/<slug:slug>/", views.topic, name="topic"),
    path("authors/", indexes.authors, name="author-index"),
    path("authors/<slug:slug>/", views.author, name="author"),
    path("series/", indexes.all_series, name="series-index"),
    path("series/<slug:slug>/", views.series, name="series"),
    path("archive/", views.archive, name="archive"),
    re_path(r"^archive/(?P<year>[0-9]{4})/$", views.archive_year, name="archive-year"),
    re_path(r"^archive/(?P<year>[0-9]{4})/(?P<month>[0-9]{2})/$", views.archive_month, name="archive-month"),
    path("corrections/", corrections.corrections, name="corrections"),
    path("account/saved/", saved.saved, name="saved"),
    path("account/saved/add/<uuid:public_id>/", saved.add, name="saved-add"),
    path("account/saved/remove/<uuid:public_id>/", saved.remove, name="saved-remove"),
    *feed_urls.urlpatterns,
    re_path(rf"^(?P<slug>{'|'.join(HOUSE_SLUGS)})/$", pages.page, name="house-page"),
    path("pages/<slug:slug>/", pages.page, name="page"),
    path("sitemap.xml", sitemaps.sitemap_index, name="sitemap"),
    path("sitemap-news.xml", sitemaps.sitemap_news, name="sitemap-news"),
    path("sitemap-<slug:name>.xml", sitemaps.sitemap_part, name="sitemap-part"),
]
