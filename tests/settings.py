"""The site's own settings in local mode, on a cluster of the tests' own. What production enforces (CSP above all) stays
as it is.
"""

import os
import tempfile
from pathlib import Path

from newsroom.database_pool import pool_options
from newsroom.embedded_postgres import Cluster
from newsroom.settings import *  # noqa: F403
from newsroom.settings import BASE_DIR, DATABASES, env

# Two runs at once in one clone, each with its workers, must not meet in one database.
RUN = os.environ.setdefault("NEWSROOM_TEST_RUN", str(os.getpid()))
DATABASES["default"]["TEST"] = {"NAME": f"test_newsroom_{RUN}"}
if not env.has("DATABASE_URL"):
    DATABASES["default"]["HOST"] = str(Cluster(BASE_DIR, "test").socket_dir)
# As in a web process, so that the live server's threads share connections; but every thread of a test that does things
# at once has one of its own, or they would come one after another.
DATABASES["default"]["OPTIONS"]["pool"] = pool_options() | {"max_size": 24}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MEDIA_ROOT = Path(tempfile.gettempdir()) / "newsroom-test-media"
MAIL_DIR = Path(tempfile.gettempdir()) / "newsroom-test-mail"
# Plain file names: the manifest of hashed ones is made by collectstatic, which the demo's own test runs.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
# Payments are closed, unless a test opens them with a stand-in of its own.
STRIPE_SECRET_KEY = ""
STRIPE_WEBHOOK_SECRETS: list[str] = []
HAS_STRIPE_SANDBOX = False
IS_DEMO = False  # also where the tests are run with the environment of a demo
