"""The site's own settings for the benches: one view more, which does nothing, and a header that counts queries."""

from newsroom.settings import *  # noqa: F403
from newsroom.settings import MIDDLEWARE as SITE_MIDDLEWARE

ROOT_URLCONF = "tests.bench.urls"
MIDDLEWARE = ["tests.bench.counting.QueryCountMiddleware", *SITE_MIDDLEWARE]
