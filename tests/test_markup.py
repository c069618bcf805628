"""Every page type by the Nu HTML checker, all of them in one process of Java. Skipped where `make html-checker` could
not fetch it; docs/adr/0038 says where it comes from.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.pages import PAGES, Publication

pytestmark = pytest.mark.django_db

JAR = Path(__file__).resolve().parent / "tools/html-checker/node_modules/vnu-jar/build/dist/vnu.jar"
# What the checker says and we do not follow, each with the reason.
NOT_OURS: dict[str, str] = {}


def test_the_html_checker_has_nothing_to_say(library: Publication, tmp_path: Path) -> None:
    if not JAR.is_file() or not shutil.which("java"):
        pytest.skip("needs the Nu HTML checker: make html-checker fetches it with npm, and Java with apt-get")
    for number, page in enumerate(PAGES):
        (tmp_path / f"{number}.html").write_text(library.show(page).html, encoding="utf-8")
    told = [f"{page_of(message)}: {in_words(message)}" for message in checked(tmp_path) if not is_filtered(message)]
    assert told == [], "\n".join(told)


def checked(folder: Path) -> list[dict[str, Any]]:
    """What the checker says of the files in a folder: errors, warnings, and nothing else."""
    command = ["java", "-Xss8m", "-jar", str(JAR), "--format", "json", "--exit-zero-always", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    messages: list[dict[str, Any]] = json.loads(done.stderr)["messages"]
    return messages


def is_filtered(message: dict[str, Any]) -> bool:
    return any(re.fullmatch(pattern, message["message"]) for pattern in NOT_OURS)


def page_of(message: dict[str, Any]) -> str:
    return PAGES[int(Path(message["url"]).stem)].name


def in_words(message: dict[str, Any]) -> str:
    return f"{message['type']}: {message['message']} {message.get('extract', '').strip()!r}"


def test_the_html_checker_finds_what_is_wrong(tmp_path: Path) -> None:
    if not JAR.is_file() or not shutil.which("java"):
        pytest.skip("needs the Nu HTML checker: make html-checker fetches it with npm, and Java with apt-get")
    (tmp_path / "0.html").write_text("<!doctype html><html lang=en><title>A</title><p><ul></ul></p>", encoding="utf-8")
    assert any("p" in message["message"] for message in checked(tmp_path))
