"""python -m tests.bench.search_costs WORD...: what a search for each word costs in the settings' database, as JSON.

Each statement is run once to fill the caches, and then as often as a median needs.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from typing import Any

import django

ROUNDS = 7


def main() -> None:
    django.setup()
    vectors = {"open": False, "body": True}
    costs = {
        f"{name} {word}": cost(word, with_bodies=with_bodies)
        for name, with_bodies in vectors.items()
        for word in sys.argv[1:]
    }
    json.dump(costs, sys.stdout)


def cost(word: str, *, with_bodies: bool) -> dict[str, Any]:
    from django.db import connection
    from django.utils import timezone

    from articles.search import Search, read_words

    now = timezone.now()
    question = read_words(word, now)
    if question is None:
        sys.exit(f"{word} cannot be searched for")
    statement, parameters = Search(question, with_bodies=with_bodies).statement(now)
    plans = []
    with connection.cursor() as cursor:
        cursor.execute("SET jit = off")  # as a search does
        for _ in range(1 + ROUNDS):
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
            (told,) = cursor.fetchone()
            plans.append((json.loads(told) if isinstance(told, str) else told)[0])
    plan = plans[-1]["Plan"]
    used = re.findall(r'"Index Name": "(article_search|body_search|article_by_date)"', json.dumps(plan))
    return {
        "found": actual_rows(plan, "CTE newest"),
        "ranked": actual_rows(plan, "CTE ranked"),
        "buffers": statistics.median_low(buffers(each["Plan"]) for each in plans[1:]),
        "milliseconds": statistics.median(each["Execution Time"] for each in plans[1:]),
        "indexes": sorted(set(used)),
    }


def buffers(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def actual_rows(plan: dict[str, Any], name: str) -> int:
    """Those of the part of the statement with this name."""
    pending = [plan]
    while pending:
        node = pending.pop()
        if node.get("Subplan Name") == name:
            return int(node["Actual Rows"])
        pending += node.get("Plans", [])
    sys.exit(f"no {name} in the plan")


if __name__ == "__main__":
    main()
