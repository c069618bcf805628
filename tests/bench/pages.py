"""How fast pages are served, against what the same machine does with an answer of nothing: ratios within one run.

The site runs as docs/operations.md says, under the settings of a public host; wrk and nginx share its machine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from newsroom.embedded_postgres import Cluster
from tests import edge, servers
from tests.bench import growing, library, report
from tests.bench.counting import ASKED, TOLD
from tests.bench.database import fresh_database, superuser, url
from tests.bench.load import NotMeasured, Target, alternate, warm_up
from tests.bench.people import make_people
from tests.bench.report import Result
from tests.servers import HOST, Answer, Server

ARTICLES, TIMES = 10_000, 20
SAMPLE = 40  # pages that are asked for in turn, half of them with a photo
ROUNDS, SECONDS, WARM_UP = 5, 5, 3
MOST_QUERIES, ASKINGS = 4, 3
SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.bench.site_settings"}
# Of each answer its own. All others come from the middleware, and the empty view's must be those of an article.
OF_THE_PAGE = frozenset(
    "cache-control content-length content-type date etag server surrogate-key vary x-accel-expires x-request-id".split()
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A served library: the site, the paths of the sampled articles, and the cookie of a subscriber's session."""

    site: Server
    paths: Sequence[str]
    cookie: str

    def target(self, name: str, paths: Sequence[str], check: Callable[[str, Answer], None], cookie: str = "") -> Target:
        headers = {**self.site.headers, **({"Cookie": cookie} if cookie else {})}
        return Target(name, f"http://127.0.0.1:{self.site.port}", paths, headers, self.site.get, check)

    def stranger(self, name: str) -> Target:
        return self.target(name, self.paths, is_withheld)

    def subscriber(self, name: str) -> Target:
        return self.target(name, self.paths, is_whole, self.cookie)


def measure(cluster: Cluster) -> int:
    """0 if every target is met, 1 if one is missed, 2 if something could not be measured."""
    try:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            return measure_in(cluster, Path(folder), stack)
    except NotMeasured as reason:
        print(f"Nothing measured: {reason}")
        return 2


def measure_in(cluster: Cluster, folder: Path, stack: ExitStack) -> int:
    if edge.PROGRAM is None:
        raise NotMeasured("nginx is not installed: apt-get install nginx-light")
    small, large = stack.enter_context(served_libraries(cluster, folder))
    gateway = stack.enter_context(edge.nginx(small.site, folder))
    pages = Pages.of(small, large, gateway, folder)
    targets = pages.in_order()
    for target in targets:
        warm_up(target, WARM_UP)
    refuse_other_middleware(pages.empty, pages.stranger)
    queries = pages.queries()
    load = report.load()
    alternate(targets, ROUNDS, SECONDS)
    results = pages.ratios() + queries
    report.print_pages(cluster, load, targets, results)
    return 0 if all(result.is_met for result in results) else 1


@dataclass(frozen=True, slots=True)
class Pages:
    """What is measured, and what is made of it."""

    empty: Target
    stranger: Target
    subscriber: Target
    far_stranger: Target
    far_subscriber: Target
    through: Target
    files: Target

    @classmethod
    def of(cls, small: Subject, large: Subject, gateway: edge.Edge, folder: Path) -> Pages:
        origin = f"https://{HOST}:{gateway.port}"
        stranger = small.stranger(f"article, stranger, {ARTICLES:,} articles")
        files = as_files(stranger, folder)
        return cls(
            small.target("an empty view", ["/bench/empty/"], is_empty),
            stranger,
            small.subscriber(f"article, subscriber, {ARTICLES:,} articles"),
            large.stranger(f"article, stranger, {ARTICLES * TIMES:,} articles"),
            large.subscriber(f"article, subscriber, {ARTICLES * TIMES:,} articles"),
            Target("article, stranger, through nginx", origin, small.paths, {}, gateway.get, is_withheld),
            Target("the same bytes, files of nginx's", origin, files, {}, gateway.get, is_withheld),
        )

    def in_order(self) -> list[Target]:
        return [getattr(self, each.name) for each in fields(self)]

    def ratios(self) -> list[Result]:
        more = f"{ARTICLES * TIMES:,} articles / at {ARTICLES:,}"
        return [
            Result("stranger's page / empty view", self.stranger.rate / self.empty.rate, least=0.6),
            Result("subscriber's page / empty view", self.subscriber.rate / self.empty.rate, least=0.1),
            Result(f"time of a stranger's page at {more}", self.stranger.rate / self.far_stranger.rate, most=1.2),
            Result(f"time of a subscriber's page at {more}", self.subscriber.rate / self.far_subscriber.rate, most=1.2),
            Result("stranger's page through nginx / files of nginx's", self.through.rate / self.files.rate, least=0.6),
        ]

    def queries(self) -> list[Result]:
        subscriber = max(most_queries(self.subscriber), most_queries(self.far_subscriber))
        return [
            Result("queries of the empty view", most_queries(self.empty), most=0),
            Result("queries of a stranger's page, kept", most_queries(self.stranger), most=0),
            Result("queries of a subscriber's page", subscriber, most=MOST_QUERIES),
        ]


# --- what is served -------------------------------------------------------------------------------------------------


@contextmanager
def served_libraries(cluster: Cluster, folder: Path) -> Iterator[tuple[Subject, Subject]]:
    """The library and the one many times as large, with the same people and sampled articles."""
    with fresh_database(cluster, "bench_pages") as small:
        paths, cookie = fill(cluster, small, folder)
        with fresh_database(cluster, "bench_pages_large", template=small) as large, ExitStack() as stack:
            tell(f"copying {ARTICLES:,} articles {TIMES - 1} times in the database")
            growing.grow(cluster, large, TIMES)
            subjects = []
            for database in (small, large):
                growing.settle(cluster, database)
                environment = servers.production(url(cluster, database), folder, **SETTINGS)
                site = stack.enter_context(servers.site(environment, folder))
                subjects.append(Subject(site, paths, cookie))
            tell("measuring")
            yield subjects[0], subjects[1]


def fill(cluster: Cluster, database: str, folder: Path) -> tuple[list[str], str]:
    """Import the library and make a subscriber; the paths of the sample and the subscriber's cookie."""
    environment = servers.production(url(cluster, database), folder, **SETTINGS)
    tell(f"importing {ARTICLES:,} articles")
    source = folder / "library"
    source.mkdir()
    library.write_library(source / "library.jsonl", ARTICLES)
    summary = servers.run_command(environment, "import_articles", str(source / "library.jsonl"))
    tell(summary.strip().rpartition("\n")[2])
    return sample(cluster, database), make_people(environment, "subscriber")["cookie"]


def sample(cluster: Cluster, database: str) -> list[str]:
    """Premium articles from all over the library."""
    paths = []
    with superuser(cluster, database) as connection:
        for condition in ("NOT NULL", "NULL"):
            query = f"SELECT slug FROM articles_article WHERE tier = 'premium' AND photo_id IS {condition} ORDER BY id"
            slugs = [slug for (slug,) in connection.execute(query)]
            paths += [f"/articles/{slug}/" for slug in slugs[:: len(slugs) // (SAMPLE // 2)][: SAMPLE // 2]]
    return paths


def as_files(pages: Target, folder: Path) -> list[str]:
    """Each page as a file where nginx serves files; their addresses."""
    home = folder / "static" / "bench"
    home.mkdir()
    for path, answer in zip(pages.paths, pages.verify(), strict=True):
        (home / f"{slug_in(path)}.html").write_bytes(answer.body)
    return [f"/static/bench/{slug_in(path)}.html" for path in pages.paths]


# --- what must be so for a figure to mean anything ------------------------------------------------------------------


def slug_in(path: str) -> str:
    return path.removesuffix(".html").rstrip("/").rpartition("/")[2]


def gated_part(path: str) -> str:
    return library.gated_sentence(int(slug_in(path).rpartition("-")[2]))


def is_empty(path: str, answer: Answer) -> None:
    if answer.body != b"empty\n":
        raise NotMeasured(f"{path} is not empty")


def is_withheld(path: str, answer: Answer) -> None:
    if 'data-access="withheld"' not in answer.text or gated_part(path) in answer.text:
        raise NotMeasured(f"{path} is not a stranger's page")


def is_whole(path: str, answer: Answer) -> None:
    if 'data-access="granted" data-reason="subscriber"' not in answer.text or gated_part(path) not in answer.text:
        raise NotMeasured(f"{path} is not a subscriber's page")


def refuse_other_middleware(empty: Target, page: Target) -> None:
    """The empty view has to bear all that the site does to an answer."""
    (bare,), whole = empty.verify(), page.verify()[0]
    for name in (bare.headers.keys() | whole.headers.keys()) - OF_THE_PAGE:
        if bare.headers.get(name) != whole.headers.get(name):
            raise NotMeasured(
                f"{name} is {whole.headers.get(name)} on a page, {bare.headers.get(name)} on the empty one"
            )


def most_queries(target: Target) -> int:
    """The most queries that a warm page costs; asked several times, since several processes answer."""
    return max(int(answer.headers[TOLD.lower()]) for _ in range(ASKINGS) for answer in target.verify({ASKED: "1"}))


def tell(what: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)
