"""What a search costs the database in a small and in a large library: buffers of one statement, counted by EXPLAIN.

Words with equally many hits are made for it: each is written into so many articles of either library, spread over all
its years. The common word stands in every second article.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from newsroom.embedded_postgres import Cluster
from tests.bench import growing, library, report
from tests.bench.database import environment, fresh_database, superuser
from tests.bench.pages import tell
from tests.bench.report import Result

ARTICLES, TIMES = 10_000, 20
HITS = (3, 30, 300)
MOST_BUFFERS, MOST_TIME = 1.5, 3.0
COMMON = "quotidian"
VECTORS = ("open", "body")  # as tests/bench/search_costs.py names them


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one search: what it found, what of that was ranked, and the median of its rounds."""

    found: int
    ranked: int
    buffers: int
    milliseconds: float
    indexes: list[str]


def measure(cluster: Cluster) -> int:
    """0 if every target is met, 1 if one is missed."""
    with tempfile.TemporaryDirectory() as folder, libraries(cluster, Path(folder)) as (small, large):
        load = report.load()
        words = [word_of(hits) for hits in HITS] + [COMMON]
        costs = {name: asked(cluster, name, words) for name in (small, large)}
    print(f"{report.machine()}; load at the start {load}.\n{report.versions(cluster)}\n")
    rows, results = [], []
    for vector in VECTORS:
        for word in words:
            few, many = (costs[name][f"{vector} {word}"] for name in (small, large))
            what = f"a word of {few.found} articles" if word != COMMON else "a word of every second article"
            figures = [f"{cost.buffers:,} / {cost.milliseconds:.1f} ms" for cost in (few, many)]
            rows.append([f"{vector}: {what}", *figures, ", ".join(many.indexes)])
            results += promises(vector, what, few, many, is_common=word == COMMON)
    report.print_table(["Search", f"{ARTICLES:,} articles", f"{ARTICLES * TIMES:,} articles", "through"], rows)
    report.print_table(["Promise", "measured", "target", ""], [result.cells() for result in results])
    return 0 if all(result.is_met for result in results) else 1


def promises(vector: str, what: str, few: Cost, many: Cost, *, is_common: bool) -> list[Result]:
    if not is_common:
        what = f"{vector}: buffers for {what}, at {ARTICLES * TIMES:,} / at {ARTICLES:,}"
        return [Result(what, many.buffers / few.buffers, most=MOST_BUFFERS)]
    return [
        Result(f"{vector}: ranked for {what}", many.ranked, most=1000),
        Result(f"{vector}: time for {what}, ratio", many.milliseconds / few.milliseconds, most=MOST_TIME),
    ]


def word_of(hits: int) -> str:
    return f"zyx{'abcdefghij'[len(str(hits))]}ology"


@contextmanager
def libraries(cluster: Cluster, folder: Path) -> Iterator[tuple[str, str]]:
    """The library and the one many times as large, each with the words in as many articles."""
    with fresh_database(cluster, "bench_search") as small:
        tell(f"importing {ARTICLES:,} articles")
        library.write_library(folder / "library.jsonl", ARTICLES)
        command = [sys.executable, "manage.py", "import_articles", str(folder / "library.jsonl")]
        settings = environment(cluster, small) | {"MEDIA_ROOT": str(folder / "media")}
        subprocess.run(command, env=settings, check=True, stdout=subprocess.DEVNULL)
        write_words(cluster, small, COMMON, "id %% 2 = 0")
        with fresh_database(cluster, "bench_search_large", template=small) as large:
            tell(f"copying {ARTICLES:,} articles {TIMES - 1} times in the database")
            growing.grow(cluster, large, TIMES)
            for name in (small, large):
                for hits in HITS:
                    write_words(cluster, name, word_of(hits), "TRUE", hits)
                growing.settle(cluster, name)
            tell("measuring")
            yield small, large


def write_words(cluster: Cluster, database: str, word: str, where: str, hits: int | None = None) -> None:
    """Write the word into the vectors of so many articles (all, if None), spread evenly, as if it stood in their
    teasers and bodies. The vectors of the larger library are not computed any more (growing.vectors_as_they_are).
    """
    with superuser(cluster, database) as connection:
        connection.execute("SET session_replication_role = replica")
        every = "SELECT count(*) / %(hits)s FROM articles_article" if hits else "SELECT 1"
        chosen = f"""
            SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM articles_article) AS each
             WHERE place %% greatest(({every}), 1) = 0 AND {where}
             ORDER BY id {"LIMIT %(hits)s" if hits else ""}
        """
        row = connection.execute(
            "SELECT is_generated FROM information_schema.columns"
            " WHERE table_name = 'articles_article' AND column_name = 'search_vector'"
        ).fetchone()
        values = {"word": f" {word}", "hits": hits}
        is_computed = row == ("ALWAYS",)
        for table, key, column in (("articles_article", "id", "teaser"), ("articles_body", "article_id", "html")):
            change = f"{column} = {column} || '<p>' || %(word)s || '</p>'"
            if not is_computed:
                weight = "C" if table == "articles_article" else "D"
                change = f"search_vector = search_vector || setweight(to_tsvector('english', %(word)s), '{weight}')"
            connection.execute(f"UPDATE {table} SET {change} WHERE {key} IN ({chosen})", values)


def asked(cluster: Cluster, database: str, words: list[str]) -> dict[str, Cost]:
    """By vector and word; asked by a process of its own, since Django knows one database."""
    command = [sys.executable, "-m", "tests.bench.search_costs", *words]
    settings = environment(cluster, database) | {"DJANGO_SETTINGS_MODULE": "newsroom.settings"}
    done = subprocess.run(command, env=settings, check=True, stdout=subprocess.PIPE, text=True)
    return {name: Cost(**cost) for name, cost in json.loads(done.stdout).items()}
