from django.urls import path

from paywall import (
    buying,
    feed_key_views,
    funnel_views,
    gift_shop,
    leaving_views,
    private_feed,
    reading_as_views,
    search_views,
    views,
)
from paywall.admin import answers, bench
from paywall.meters import anonymous_views, reading_history_views
from paywall.telling import access_views
from paywall.ways_in import gift_views, institution_views, mail_views

app_name = "paywall"

urlpatterns = [
    path("search/", search_views.search, name="search"),
    path("subscribe/", views.plans, name="plans"),
    path("cancel/", leaving_views.leave, name="leave"),
    path("subscribe/buy/", buying.buy, name="buy"),
    path("gift-subscription/", gift_shop.gift_shop, name="gift-shop"),
    path("access/", access_views.access, name="access"),
    path("access/seen/", funnel_views.seen, name="seen"),
    path("access/read/", anonymous_views.read, name="anonymous-read"),
    path("access/institution/", institution_views.access, name="institution-access"),
    path("account/institution/", institution_views.usage, name="institution-usage"),
    path("account/institution/<int:pk>/usage.csv", institution_views.usage_csv, name="institution-usage-csv"),
    path("account/reading/", reading_history_views.history, name="reading-history"),
    path("account/reading/erase/", reading_history_views.erase_all, name="reading-erase-all"),
    path("account/reading/<int:pk>/erase/", reading_history_views.erase, name="reading-erase"),
    path("admin/bench/", bench.bench, name="bench"),
    path("admin/answers/", answers.answers, name="answers"),
    path("admin/read-as/", reading_as_views.choose, name="read-as"),
    path("account/feed/", feed_key_views.FeedKeyView.as_view(), name="feed-key"),
    path("account/feed/end/", feed_key_views.end_feed, name="feed-key-end"),
    path("feeds/private/<slug:token>/feed.xml", private_feed.private_feed, {"form": "rss"}, name="private-feed-rss"),
    path("feeds/private/<slug:token>/feed.json", private_feed.private_feed, {"form": "json"}, name="private-feed-json"),
    path("gift/new/", gift_views.new, name="gift-new"),
    path("gift/<slug:gift_token>/", gift_views.gift, name="gift"),
    path("account/gifts/", gift_views.mine, name="gifts"),
    path("account/gifts/<int:pk>/", gift_views.made, name="gift-made"),
    path("account/gifts/<int:pk>/revoke/", gift_views.revoke, name="gift-revoke"),
    path("mail/<str:mail_token>/", mail_views.mail_link, name="mail-link"),
    path("read-as/stop/", reading_as_views.stop, name="read-as-stop"),
]
