from django.urls import path

from paywall import feed_key_views, private_feed, reading_as_views, search_views, views

app_name = "paywall"

urlpatterns = [
    path("search/", search_views.search, name="search"),
    path("subscribe/", views.plans, name="plans"),
    path("admin/read-as/", reading_as_views.choose, name="read-as"),
    path("account/feed/", feed_key_views.FeedKeyView.as_view(), name="feed-key"),
    path("account/feed/end/", feed_key_views.end_feed, name="feed-key-end"),
    path("feeds/private/<slug:token>/feed.xml", private_feed.private_feed, {"form": "rss"}, name="private-feed-rss"),
    path("feeds/private/<slug:token>/feed.json", private_feed.private_feed, {"form": "json"}, name="private-feed-json"),
    path("read-as/stop/", reading_as_views.stop, name="read-as-stop"),
]
