"""Every address of the site that somebody may ask for, derived from its routes and records. A route that is not named
here is an error, so that a new one cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from articles.models import Page
from articles.models.page import HOUSE_SLUGS
from paywall.leaks.samples import Sample

type Arguments = dict[str, Any]
type Filler = Callable[[list[Sample]], Iterator[Arguments]]


class UnknownRoutes(Exception):
    """The site has routes of which this module does not know how to ask for them; the message names them."""


def nothing(_samples: list[Sample]) -> Iterator[Arguments]:
    yield {}


def of_articles(samples: list[Sample]) -> Iterator[Arguments]:
    yield from ({"slug": sample.article.slug} for sample in samples)


def of_sections(samples: list[Sample]) -> Iterator[Arguments]:
    yield from ({"slug": section.slug} for sample in samples if (section := sample.article.section) is not None)


def of_series(samples: list[Sample]) -> Iterator[Arguments]:
    yield from ({"slug": series.slug} for sample in samples if (series := sample.article.series) is not None)


def of_topics(samples: list[Sample]) -> Iterator[Arguments]:
    yield from ({"slug": topic.slug} for sample in samples for topic in sample.article.topics.all())


def of_authors(samples: list[Sample]) -> Iterator[Arguments]:
    yield from ({"slug": author.slug} for sample in samples for author in sample.article.byline_authors)


def of_ids(samples: list[Sample]) -> Iterator[Arguments]:
    yield from ({"public_id": sample.article.public_id} for sample in samples)


def months(samples: list[Sample]) -> set[datetime]:
    return {
        timezone.localtime(sample.article.published_at).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        for sample in samples
        if sample.article.published_at is not None
    }


def of_months(samples: list[Sample]) -> Iterator[Arguments]:
    yield from ({"year": f"{month:%Y}", "month": f"{month:%m}"} for month in sorted(months(samples)))


def of_years(samples: list[Sample]) -> Iterator[Arguments]:
    yield from ({"year": year} for year in sorted({f"{month:%Y}" for month in months(samples)}))


def of_sitemaps(samples: list[Sample]) -> Iterator[Arguments]:
    names = [f"{month:%Y-%m}" for month in sorted(months(samples))]
    yield from ({"name": name} for name in [*names, "pages", "archive", "sections", "topics", "authors", "series"])


def of_house_pages(_samples: list[Sample]) -> Iterator[Arguments]:
    yield from ({"slug": slug} for slug in HOUSE_SLUGS)


def of_pages(_samples: list[Sample]) -> Iterator[Arguments]:
    yield from ({"slug": page.slug} for page in Page.objects.published() if not page.is_of_the_house)


def of_admin(samples: list[Sample]) -> Iterator[Arguments]:
    yield {}
    yield from ({"object_id": sample.article.pk} for sample in samples)


# Asked for by every class of reader, with what stands for their arguments. Feeds go with their lists.
READ: dict[str, Filler] = {
    "articles:front": nothing,
    "articles:article": of_articles,
    "articles:section": of_sections,
    "articles:section-feed*": of_sections,
    "articles:topic": of_topics,
    "articles:topic-feed*": of_topics,
    "articles:author": of_authors,
    "articles:author-feed*": of_authors,
    "articles:series": of_series,
    "articles:series-feed*": of_series,
    "articles:*-index": nothing,
    "articles:archive": nothing,
    "articles:archive-year": of_years,
    "articles:archive-month": of_months,
    "articles:archive-feed*": of_months,
    "articles:corrections": nothing,
    "articles:saved": nothing,
    "articles:saved-add": of_ids,
    "articles:feeds": nothing,
    "articles:feed-*": nothing,
    "articles:house-page": of_house_pages,
    "articles:page": of_pages,
    "articles:sitemap": nothing,
    "articles:sitemap-news": nothing,
    "articles:sitemap-part": of_sitemaps,
    "newsletters:following": nothing,
    "newsletters:follow-author": of_authors,
    "newsletters:follow-topic": of_topics,
    "paywall:search": nothing,
    "paywall:plans": nothing,
    "paywall:gift-shop": nothing,
    "paywall:leave": nothing,
    "paywall:feed-key": nothing,
    "paywall:access": nothing,
    "paywall:gifts": nothing,
    "paywall:gift-new": nothing,
    "paywall:reading-history": nothing,
    "account": nothing,
    "robots": nothing,
    "security-txt": nothing,
    "security-txt-short": nothing,
    "favicon": nothing,
}
# Asked for by a stranger alone: what staff are refused there is written down.
READ_BY_STRANGERS: dict[str, Filler] = {
    "admin:articles_article_*": of_admin,
    "admin:index": nothing,
    "paywall:read-as": nothing,
    "paywall:answers": nothing,
    "paywall:bench": nothing,
}
# Not asked for, and why.
LEFT_OUT = {
    "healthz": "among the guesses, since it may say that something is wrong",
    "readyz": "as healthz",
    "admin:*": "the pages of staff, of which those about articles are asked for by a stranger",
    "account_*": "forms about the account; asking for some of them begins a login",
    "mfa_*": "forms about the second factor; asking for them makes keys",
    "usersessions_*": "the list of one's own devices",
    "articles:saved-remove": "takes a POST alone, and changes what a reader keeps",
    "newsletters:mail-switch": "takes a POST alone, and changes what is mailed",
    "newsletters:mail-stop": "changes what is mailed, and opens by a signed token alone",
    "paywall:feed-key-end": "ends a reader's own feed",
    "paywall:private-feed-*": "asked for with the keys of the readers of the check; a wrong one is counted",
    "paywall:read-as-stop": "takes a POST alone",
    "paywall:buy": "takes a POST alone, and begins a payment",
    "subscriptions:gift-*": "one gift subscription, by its secret or for its giver alone",
    "subscriptions:gifts-given": "the gift subscriptions that one reader gave",
    "subscriptions:start": "takes a POST alone, and begins a payment or sends a code",
    "subscriptions:welcome": "asks Stripe about a payment",
    "subscriptions:webhook": "takes what Stripe has signed alone",
    "subscriptions:portal*": "asks Stripe for its own pages",
    "subscriptions:leaving": "the receipt of one declaration, by a number that nobody guesses",
    "subscriptions:agreements*": "what one reader agreed to",
    "subscriptions:cancel": "a form about one's own subscription",
    "subscriptions:change": "the plans that one's own subscription can be changed to",
    "subscriptions:change-to": "what a change of one's own subscription costs",
    "subscriptions:keep-plan": "takes a POST alone",
    "subscriptions:pause": "a form about one's own subscription",
    "subscriptions:resume": "a form about one's own subscription",
    "subscriptions:invoices": "one's own invoices",
    "subscriptions:group*": "the readers of one group, for who pays for it",
    "subscriptions:seat-*": "one seat; an invitation opens by its secret alone, and a wrong one is counted",
    "subscriptions:keep": "takes a POST alone",
    "paywall:seen": "takes a POST alone, and counts",
    "paywall:anonymous-read": "takes a POST alone, and spends a free article",
    "paywall:gift": "asked for with links that have ended; a wrong one is counted",
    "paywall:gift-made": "shows a giver the address of their own link",
    "paywall:gift-revoke": "takes a POST alone",
    "paywall:mail-link": "asked for with links that have ended; a wrong one is counted",
    "paywall:institution-access": "counts a visit, where one comes from an institution",
    "paywall:institution-usage*": "numbers for the contacts of one institution",
    "paywall:reading-erase*": "takes a POST alone",
    "demo-inbox*": "a demonstration's mails, of which there are none on a public host",
    "media": "pictures, which are open to everybody",
}


def with_queries(samples: list[Sample]) -> list[str]:
    """Addresses that take an article in their query."""
    told = [f"{reverse('paywall:access')}?{urlencode({'article': sample.path})}" for sample in samples]
    given = [f"{reverse('paywall:gift-new')}?{urlencode({'article': sample.article.public_id})}" for sample in samples]
    return told + given


def check_routes() -> None:
    """Raises UnknownRoutes."""
    named = {name for name, _pattern in routes(get_resolver())}
    unknown = sorted(name for name in named if not is_known(name))
    if unknown:
        raise UnknownRoutes(
            f"the site has addresses that this check does not know: {', '.join(unknown)}. They have to be named in "
            "paywall/leaks/routes.py, or nobody would look there."
        )


def is_known(name: str) -> bool:
    return any(fnmatchcase(name, known) for table in (READ, READ_BY_STRANGERS, LEFT_OUT) for known in table)


def routes(resolver: URLResolver, namespaces: tuple[str, ...] = ()) -> Iterator[tuple[str, URLPattern]]:
    """Every route with its full name; one without a name is named by its pattern."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from routes(entry, inner)
        else:
            yield ":".join((*namespaces, entry.name or str(entry.pattern))), entry


def addresses(samples: list[Sample], table: dict[str, Filler]) -> list[str]:
    """All addresses of the routes in the table, each once. Raises UnknownRoutes for a route that takes something else
    than what is put there.
    """
    found: dict[str, None] = {}
    for name in dict.fromkeys(name for name, _pattern in routes(get_resolver())):
        filler = filler_of(name, table)
        tried = list(filler(samples)) if filler else []
        own = [address for arguments in tried if (address := address_of(name, arguments)) is not None]
        if tried and not own:
            raise UnknownRoutes(f"{name} takes other arguments than paywall/leaks/routes.py puts there")
        found |= dict.fromkeys(own)
    return list(found)


def address_of(name: str, arguments: Arguments) -> str | None:
    try:
        return reverse(name, kwargs=arguments)
    except NoReverseMatch:
        return None


def filler_of(name: str, table: dict[str, Filler]) -> Filler | None:
    """That of the exact name before that of a pattern."""
    return table.get(name) or next((filler for known, filler in table.items() if fnmatchcase(name, known)), None)
