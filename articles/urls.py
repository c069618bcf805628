from django.urls import path, re_path

from articles import feeds, sitemaps, views

app_name = "articles"

urlpatterns = [
    path("", views.front, name="front"),
    path("articles/<slug:slug>/", views.article, name="article"),
    path("sections/<slug:slug>/", views.section, name="section"),
    path("sections/<slug:slug>/feed.xml", feeds.section_feed, name="section-feed"),
    path("topics/<slug:slug>/", views.topic, name="topic"),
    path("topics/<slug:slug>/feed.xml", feeds.topic_feed, name="topic-feed"),
    path("authors/<slug:slug>/", views.author, name="author"),
    path("authors/<slug:slug>/feed.xml", feeds.author_feed, name="author-feed"),
    path("series/<slug:slug>/", views.series, name="series"),
    path("series/<slug:slug>/feed.xml", feeds.series_feed, name="series-feed"),
    path("archive/", views.archive, name="archive"),
    re_path(r"^archive/(?P<year>[0-9]{4})/(?P<month>[0-9]{2})/$", views.archive_month, name="archive-month"),
    path("search/", views.search, name="search"),
    path("feeds/latest.xml", feeds.latest_rss, name="feed-rss"),
    path("feeds/latest.atom", feeds.latest_atom, name="feed-atom"),
    path("feeds/latest.json", feeds.latest_json, name="feed-json"),
    path("sitemap.xml", sitemaps.sitemap_index, name="sitemap"),
    path("sitemap-news.xml", sitemaps.sitemap_news, name="sitemap-news"),
    path("sitemap-<slug:name>.xml", sitemaps.sitemap_part, name="sitemap-part"),
]
