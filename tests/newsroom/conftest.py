"""Places where a test may start servers of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsroom import embedded_postgres
from newsroom.embedded_postgres import Cluster


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's user can reach, which pytest's own is not."""
    path = Path(tempfile.mkdtemp(prefix="newsroom test "))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project whose clusters live below the folder also for root, and are removed afterwards."""
    monkeypatch.setattr(embedded_postgres, "LASTING_TEMPORARY_FOLDER", folder)
    path = folder / "project"
    path.mkdir()
    yield path
    remove_clusters(path)


def remove_clusters(project: Path) -> None:
    for name in ("", "test", "run"):
        Cluster(project, name).remove()
