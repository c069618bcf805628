"""The site as it runs on the internet: two granian workers with nginx before them, once for all tests of this folder.

They stay while the tables are emptied behind their backs, so each test looks at rows of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from tests.edge import Edge, nginx
from tests.servers import Server, production, site, test_database_url


@dataclass(frozen=True, slots=True)
class Served:
    granian: Server
    edge: Edge
    environment: dict[str, str]

    @property
    def doors(self) -> dict[str, Server]:
        return {"granian": self.granian, "nginx": self.edge}


@pytest.fixture(scope="package")
def served(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    environment = production(test_database_url(), folder)
    with site(environment, folder) as granian, nginx(granian, folder) as edge:
        yield Served(granian, edge, environment)


@pytest.fixture
def one_secret(served: Served, settings: Any) -> None:
    """Sessions and passes made here are good there."""
    settings.SECRET_KEY = served.environment["SECRET_KEY"]


def cookies_of(client: Client) -> dict[str, str]:
    return {name: morsel.value for name, morsel in client.cookies.items()}
