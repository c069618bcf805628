"""The addresses of feeds: three formats of the site's, and beside each list page three of its own."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from articles import feeds
from articles.feed_forms import FORMS


def routes_beside(page: str, view: feeds.FeedView, name: str) -> list[URLPattern]:
    return [
        path(f"{page}feed.{form.suffix}", view, {"form": key}, name=route)
        for (key, form), route in zip(FORMS.items(), feeds.routes_of(name), strict=True)
    ]


urlpatterns = [
    path("feeds/", feeds.feeds, name="feeds"),
    *(
        path(f"feeds/latest.{form.suffix}", feeds.latest, {"form": key}, name=route)
        for (key, form), route in zip(FORMS.items(), feeds.routes_of("feed-rss"), strict=True)
    ),
    *routes_beside("sections/<slug:slug>/", feeds.section_feed, "section-feed"),
    *routes_beside("topics/<slug:slug>/", feeds.topic_feed, "topic-feed"),
    *routes_beside("authors/<slug:slug>/", feeds.author_feed, "author-feed"),
    *routes_beside("series/<slug:slug>/", feeds.series_feed, "series-feed"),
    *(
        re_path(
            rf"^archive/(?P<year>[0-9]{{4}})/(?P<month>[0-9]{{2}})/feed\.{form.suffix}$",
            feeds.archive_feed,
            {"form": key},
            name=route,
        )
        for (key, form), route in zip(FORMS.items(), feeds.routes_of("archive-feed"), strict=True)
    ),
]
