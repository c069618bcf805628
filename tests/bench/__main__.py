"""python -m tests.bench: the figures that the project promises, measured."""

import sys

from tests.bench.import_speed import main

sys.exit(main())
