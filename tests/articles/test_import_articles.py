"""The command import_articles: files, their lines, and what it tells."""

from __future__ import annotations

import gzip
import itertools
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from articles.bodies import Body
from articles.importers import lines
from articles.importers.lines import read_json_lines
from articles.models import Article


def line(number: int, **fields: Any) -> bytes:
    body = f"<p>Story {number} begins. It goes on for a while and then a little more. It ends.</p>"
    record = {"id": f"n{number}", "headline": f"Story {number}", "published": "2020-05-04", "body": body, **fields}
    return json.dumps(record).encode() + b"\n"


def run(file: Path, *options: str) -> list[str]:
    out = StringIO()
    call_command("import_articles", str(file), *options, stdout=out)
    return out.getvalue().splitlines()


@pytest.mark.django_db
def test_a_broken_line_loses_none_of_the_others(tmp_path: Path) -> None:
    file = tmp_path / "articles.jsonl"
    broken = [
        b'{"id": "x", "headline": \n',
        b"\xff\xfe\x00\n",
        b"[" * 100_000 + b"\n",
        b'{"id": "z", "headline": "a\x00b"}\n',
        b'"only a text"\n',
        b"\n",
        b'{"id": ' + b"9" * 5000 + b"}\n",
    ]
    file.write_bytes(b"\xef\xbb\xbf" + line(1) + b"".join(broken) + line(2).rstrip())
    told = run(file)
    assert told[-1] == "8 lines: 2 created, 0 changed, 0 unchanged, 6 rejected."
    reasons = [
        "line 2: rejected: not JSON: Expecting value",
        "line 3: rejected: not UTF-8 (byte 1 of the line)",
        "line 4: rejected: not JSON that can be read: nested too deeply",
        "line 5: rejected: not JSON: Invalid control character",
        "line 6: rejected: not a JSON object",
        "line 8: rejected: not JSON: Exceeds the limit",
    ]
    assert len(told) == len(reasons) + 1
    assert all(text.startswith(reason) for text, reason in zip(told, reasons, strict=False))
    assert set(Article.objects.values_list("headline", flat=True)) == {"Story 1", "Story 2"}


@pytest.mark.django_db
def test_a_line_without_end_is_skipped_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 1000)
    file = tmp_path / "articles.jsonl"
    file.write_bytes(line(1) + b'{"body": "' + b"x" * 5000 + b'"}\n' + line(2) + b"y" * 1001)
    assert run(file)[:2] == ["line 2: rejected: longer than 0 MiB", "line 4: rejected: longer than 0 MiB"]
    assert Article.objects.count() == 2


@pytest.mark.django_db
def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    packed, plain = tmp_path / "articles.jsonl", tmp_path / "plain.jsonl.gz"
    packed.write_bytes(gzip.compress(line(1) + line(2)))
    plain.write_bytes(line(3))
    assert run(packed) == ["2 lines: 2 created, 0 changed, 0 unchanged, 0 rejected."]
    assert run(plain) == ["1 line: 1 created, 0 changed, 0 unchanged, 0 rejected."]


@pytest.mark.django_db
def test_a_packed_file_that_breaks_off_gives_what_it_has(tmp_path: Path) -> None:
    file = tmp_path / "articles.jsonl.gz"
    packed = gzip.compress(b"".join(map(line, range(2000))))
    file.write_bytes(packed[: len(packed) // 2])
    told = run(file)
    assert "the packed file is damaged here" in told[-2]
    assert 100 < Article.objects.count() < 2000


@pytest.mark.django_db
def test_the_same_file_again_and_a_dry_run_write_nothing(tmp_path: Path) -> None:
    file = tmp_path / "articles.jsonl"
    file.write_bytes(line(1) + line(2, tier="gold"))
    told = ["line 2: rejected: unknown tier 'gold': expected free, registered, premium"]
    first = "2 lines: 1 created, 0 changed, 0 unchanged, 1 rejected."
    assert run(file, "--dry-run") == [*told, first, "Nothing was written."]
    assert not Article.objects.exists()
    assert run(file) == [*told, first]
    assert run(file, "--format", "jsonl") == [*told, "2 lines: 0 created, 0 changed, 1 unchanged, 1 rejected."]


@pytest.mark.django_db
def test_a_file_without_articles_is_said_to_be_so(tmp_path: Path) -> None:
    file = tmp_path / "articles.jsonl"
    file.write_bytes(b"\n\n")
    assert run(file) == ["0 lines: 0 created, 0 changed, 0 unchanged, 0 rejected."]


@pytest.mark.django_db
def test_a_file_of_which_nothing_can_be_used_ends_in_an_error(tmp_path: Path) -> None:
    file = tmp_path / "articles.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    with pytest.raises(CommandError, match="Not one line could be imported"):
        run(file)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match=r"cannot be read: (No such file|Is a directory)"):
        run(tmp_path / name)


@pytest.mark.django_db
def test_an_interrupted_import_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "articles.jsonl"
    file.write_bytes(line(1))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lines, "_parse", interrupt)
    with pytest.raises(CommandError, match="run it again") as caught:
        run(file)
    assert caught.value.returncode == 130


def test_progress_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "articles.jsonl"
    file.write_bytes(line(1) + line(2))
    told: list[int] = []
    assert [number for number, _ in read_json_lines(file, told.append)] == [1, 2]
    assert told == [len(line(1)), len(line(1) + line(2))]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "number"), [("digitalgov", 150), ("reuters21578", 1300)])
def test_real_articles_come_in_whole(shared: Path, tmp_path: Path, name: str, number: int) -> None:
    file = tmp_path / "articles.jsonl"
    with gzip.open(shared / "corpus" / f"{name}.jsonl.gz") as packed:
        file.write_bytes(b"".join(itertools.islice(packed, number)))
    told = run(file)
    undated = ["line 996: rejected: no date", "line 1045: rejected: no date", "line 1199: rejected: no date"]
    expected = undated if name == "reuters21578" else []
    assert [text for text in told if "rejected: " in text] == expected
    assert Article.objects.count() == Body.objects.count() == number - len(expected)
    assert not Article.objects.filter(teaser="", word_count__gt=300).exists()
    assert not Article.objects.filter(headline__contains="&#").exists()
    bodies = Body.objects.values_list("html", flat=True)
    assert not [html for html in bodies if "&amp;#" in html or "&amp;amp;" in html]
    assert (
        run(file)[-1]
        == f"{number:,} lines: 0 created, 0 changed, {number - len(expected):,} unchanged, {len(expected)} rejected."
    )
