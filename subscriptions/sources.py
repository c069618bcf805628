"""Where a reader came from, in a few classes. What tells it, the name of another site, is kept nowhere."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

# Said instead of a host: no page led here; the address that was opened names a mail as its medium.
DIRECT, MAIL = "direct", "mail"
LONGEST_HOST = 253  # RFC 1035, 2.3.4
SEARCH_NAMES = frozenset(
    {"google", "bing", "duckduckgo", "ecosia", "yahoo", "baidu", "yandex", "qwant", "startpage", "kagi", "brave"}
)
SOCIAL_HOSTS = (
    "t.co", "x.com", "twitter.com", "facebook.com", "instagram.com", "threads.net", "linkedin.com", "lnkd.in",
    "reddit.com", "bsky.app", "youtube.com", "mastodon.social", "news.ycombinator.com", "t.me", "pinterest.com",
)  # fmt: skip
MAIL_HOSTS = ("mail.google.com", "outlook.live.com", "outlook.office.com", "mail.yahoo.com", "mail.proton.me")


class Source(models.TextChoices):
    """What `from_where` tells apart."""

    DIRECT = "direct", _("direct")
    SITE = "site", _("this site")
    SEARCH = "search", _("search engine")
    SOCIAL = "social", _("social network")
    MAIL = "mail", _("mail")
    OTHER = "other", _("another site")
    UNKNOWN = "unknown", _("not known")


def from_where(told: str) -> Source:
    """The class of what the page told: DIRECT, MAIL, or the host of the page that led to it; empty where scripts are
    off. What is no host counts as another site.
    """
    host = told.strip().lower().removeprefix("www.")[:LONGEST_HOST]
    if not host:
        return Source.UNKNOWN
    if host == DIRECT:
        return Source.DIRECT
    if host == MAIL or is_below(host, MAIL_HOSTS):
        return Source.MAIL
    if is_below(host, own_hosts()):
        return Source.SITE
    if is_below(host, SOCIAL_HOSTS):
        return Source.SOCIAL
    # A search engine has one name under many ends: google.com, google.co.uk, news.google.com.
    if SEARCH_NAMES.intersection(host.split(".")[:-1]):
        return Source.SEARCH
    return Source.OTHER


def is_below(host: str, hosts: tuple[str, ...]) -> bool:
    return any(host == known or host.endswith("." + known) for known in hosts)


def own_hosts() -> tuple[str, ...]:
    return tuple(host.removeprefix("www.") for host in settings.ALLOWED_HOSTS if host.strip("*."))
