"""python -m tests.bench [import] [webhooks] [pages] [search] [decision] [institutions] [timing] [reconcile]: the
promised figures, measured; all or those named.

Ends with 0 if every target is met, 1 if one is missed, 2 if something could not be measured.
"""

from __future__ import annotations

import argparse
import sys

from tests.bench import decision, import_speed, institutions, pages, reconciling, search, timing, webhook_speed
from tests.bench.database import bench_cluster

PARTS = {
    "import": import_speed.measure,
    "webhooks": webhook_speed.measure,
    "pages": pages.measure,
    "search": search.measure,
    "decision": decision.measure,
    "institutions": institutions.measure,
    "timing": timing.measure,
    "reconcile": reconciling.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"one of {', '.join(PARTS)}; all if none is named")
    chosen = parser.parse_args().parts or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}, only {', '.join(PARTS)}")
    with bench_cluster() as cluster:
        results = [PARTS[name](cluster) for name in chosen]
    return 1 if 1 in results else max(results)


sys.exit(main())
