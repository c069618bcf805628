"""What queries cost the database, in blocks that they look at; never in time."""

from __future__ import annotations

import json

from django.db import connection
from django.test.utils import CaptureQueriesContext


def blocks_of(queries: CaptureQueriesContext) -> int:
    """How many blocks of 8 KB these queries look at when they are asked once more."""
    looked = 0
    with connection.cursor() as cursor:
        for captured in queries.captured_queries:
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + captured["sql"].replace("%", "%%"))
            ((plan,),) = cursor.fetchall()
            top = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
            looked += top["Shared Hit Blocks"] + top["Shared Read Blocks"]
    return looked
