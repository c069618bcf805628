"""What people and programs try at a closed article without being its readers: other clothes, other spellings of its
address, other forms of it, other methods, and caches.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from django.conf import settings
from django.utils import timezone

from articles.caching import own_cookies
from articles.models import Article
from paywall.models import AddressRange, Institution

CRAWLERS = {
    "Googlebot": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "bingbot": "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "facebookexternalhit": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Twitterbot": "Twitterbot/1.0",
    "GPTBot": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "ClaudeBot": "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "archive.org_bot": "Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)",
    "curl": "curl/8.5.0",
}
GOOGLE = "66.249.66.1"
REFERERS = ("https://www.google.com/", "https://t.co/abc", "https://www.facebook.com/", "https://news.google.com/")
ACCEPTS = (
    "application/json",
    "text/markdown",
    "text/plain",
    "application/activity+json",
    "application/ld+json",
    "application/rss+xml",
    "*/*;q=0.1",
)
HEADERS: dict[str, dict[str, str]] = {
    "the addresses of a proxy made up": {
        "X-Forwarded-For": f"{GOOGLE}, 127.0.0.1",
        "X-Real-IP": "127.0.0.1",
        "Forwarded": "for=127.0.0.1",
        "Client-IP": "127.0.0.1",
        "True-Client-IP": "127.0.0.1",
    },
    "a user named in headers": {
        "X-User": "subscriber@example.org",
        "Remote-User": "subscriber@example.org",
        "X-Remote-User": "1",
        "X-Subscriber": "1",
    },
    "Authorization: Bearer": {"Authorization": "Bearer x"},
    "Authorization: Basic": {"Authorization": "Basic YWRtaW46YWRtaW4="},
    "an address rewritten by a header": {"X-Original-URL": "/admin/", "X-Rewrite-URL": "/admin/"},
    "X-Requested-With": {"X-Requested-With": "XMLHttpRequest"},
    "a prefetch": {"Sec-Purpose": "prefetch"},
    "a range of bytes": {"Range": "bytes=2000-"},
    "Save-Data": {"Save-Data": "on"},
    "a method in a header": {"X-HTTP-Method-Override": "PUT"},
}
QUERIES = (
    "print=1 output=amp amp=1 format=json format=md preview=1 body=1 full=1 access=granted reader=subscriber "
    "as=subscriber read=1 gift=x token=x key=x code=x fields=body include=body expand=body utm_source=newsletter "
    "fbclid=x _escaped_fragment_= nocache=1 debug=1"
).split()
SUFFIXES = (
    "amp/ print/ embed/ body/ full/ reader/ index.html feed.xml index.json index.md .json .md .txt .xml .pdf .css "
    "x.css revisions/1/ history/ preview/ preview/subscriber/ comments/ share/ ;.css %00 %2f . .. ../ %2e%2e/ / ~ .bak"
).split()
ELSEWHERE = (
    "/llms.txt",
    "/llms-full.txt",
    "/oembed?url={url}",
    "/oembed/?url={url}&format=json",
    "/api/",
    "/api/articles/",
    "/api/articles/{slug}/",
    "/api/v1/articles/{id}",
    "/graphql",
    "/graphql?query=%7Barticles%7Bbody%7D%7D",
    "/wp-json/wp/v2/posts",
    "/wp-json/oembed/1.0/embed?url={url}",
    "/ghost/api/content/posts/",
    "/.well-known/webfinger?resource=acct:news",
    "/amp/{slug}/",
    "/print/{slug}/",
    "/embed/{slug}/",
    "/p/{uuid}/",
    "/articles/{id}/",
    "/articles/{uuid}/",
    "/articles/{slug}.json",
    "/articles/",
    "/articles/?body__startswith=a",
    "/feed/",
    "/rss/",
    "/feed/rdf/",
    "/feeds/full.xml",
    "/feeds/latest.rdf",
    "/feeds/latest.xml?full=1",
    "/feeds/latest.json?full=1",
    "/sitemap.txt",
    "/newsletter/",
    "/newsletters/archive/",
    "/comments/{slug}/",
    "/.git/HEAD",
    "/.env",
    "/backup.sql",
    "/metrics",
    "/debug/",
    "/healthz",
    "/readyz",
)
METHODS = ("HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PROPFIND")
# Asked for by a subscriber first and then by a stranger: a cache that goes by the look of an address would mix them up.
LIKE_FILES = ("x.css", "?x.css", ";x.css", "%2fx.css", "%3fx.css", "%0ax.css", "?utm_source=check&utm_medium=x.js")


def disguises() -> Iterator[tuple[str, dict[str, str]]]:
    """In words, and as headers."""
    for name, agent in CRAWLERS.items():
        yield f"a stranger as {name}", {"User-Agent": agent}
        yield f"a stranger as {name} from {GOOGLE}", {"User-Agent": agent, "X-Forwarded-For": GOOGLE}
    for referer in REFERERS:
        yield f"a stranger from {referer}", {"Referer": referer}
    for accept in ACCEPTS:
        yield f"a stranger with Accept: {accept}", {"Accept": accept}
    for words, headers in HEADERS.items():
        yield f"a stranger with {words}", dict(headers)
    yield from on_campus()
    guessed = "subscriber=1; is_subscriber=true; logged_in=yes; premium=1; role=admin"
    yield "a stranger with guessed cookies", {"Cookie": guessed}
    for name in own_cookies():
        yield f"a stranger with a made-up cookie {name}", {"Cookie": f"{name}=0123456789abcdef0123456789abcdef"}
        yield f"a stranger with a badly signed cookie {name}", {"Cookie": f"{name}=1:1abcde:{'x' * 43}"}


def on_campus() -> Iterator[tuple[str, dict[str, str]]]:
    """A stranger who says that they sit in an institution's network. To a WSGI application both spellings are one
    header, and a proxy that replaces the first may hand on the second.
    """
    live = Institution.objects.live(timezone.now())
    network = AddressRange.objects.filter(institution__in=live).values_list("network", flat=True).order_by("pk").first()
    if network is not None:
        for name in ("X-Forwarded-For", "X_Forwarded_For"):
            yield f"a stranger with {name} of an institution", {name: str(network.network_address)}


def spellings(article: Article) -> Iterator[str]:
    """The article's address, written otherwise, and what may stand around it."""
    path = article.get_absolute_url()
    yield from (f"{path}?{query}" for query in QUERIES)
    yield from (path + suffix for suffix in SUFFIXES)
    yield from (path.rstrip("/") + suffix for suffix in SUFFIXES)
    yield path.upper()
    yield path.replace("/articles/", "//articles//")
    yield path.replace("/articles/", "/./articles/./")
    yield path.replace("/articles/", "/x/../articles/")
    yield path.replace("/articles/", "/articles%2f")
    yield path.replace("/articles/", "/articles\\")
    yield f"/static/..{path}"
    yield f"/media/..{path}"


def elsewhere(article: Article) -> Iterator[str]:
    """Where other sites keep other forms of an article."""
    path = article.get_absolute_url()
    url = quote(settings.SITE_URL + path, safe="")
    for pattern in ELSEWHERE:
        yield pattern.format(url=url, slug=article.slug, id=article.pk, uuid=article.public_id)
