"""The WSGI entry of the site, for granian."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")

application = get_wsgi_application()

from articles.purging import listen  # noqa: E402 - after the settings are there

listen()
