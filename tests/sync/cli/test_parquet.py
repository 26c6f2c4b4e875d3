"""Views as Parquet: typed, and the same from either database."""

import builtins
import io
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from support.commands import Desk, desk, judged
from support.jira_site import Bench, serving
from support.store import postgres_database

from sync.cli import parquet
from sync.errors import UsageError
from sync.store.view import View
from sync.store.views import VIEWS

pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with serving(issues=12) as made:
        yield made


@pytest.fixture(scope="module")
def filled(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged(bench, tmp_path_factory.mktemp("judged"))


@pytest.fixture
def at(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    bench: Bench,
    filled: Path,
) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch, capsys, bench=bench, store=filled) as made:
        yield made


def test_items_have_types(at: Desk) -> None:
    assert at.type("export", "work_item", "--format", "parquet", "--out", "items.parquet").code == 0
    table = pq.read_table("items.parquet")
    assert table.num_rows == 13
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds["created_at"] == "timestamp[us, tz=UTC]"
    assert kinds["due_date"] == "date32[day]"
    assert kinds["restricted"] == "bool"
    assert kinds["estimate_points"] == "double"
    assert kinds["title"] == "string"
    first = table.to_pylist()[0]
    assert isinstance(first["created_at"], datetime)
    said = at.type("export", "work_item", "--format", "parquet")
    assert said.code == 2
    assert "--out" in said.err


@pytest.mark.full
@pytest.mark.postgres
def test_every_view_is_the_same_from_both_databases(at: Desk, server: str) -> None:
    def read(name: str, file: str) -> Any:
        assert at.type("export", name, "--format", "parquet", "--out", file).code == 0
        table = pq.read_table(file)
        # Which views a store has is its own affair.
        listed = [row for row in table.to_pylist() if row.get("name") != "views"]
        rows = sorted(listed, key=str)
        return table.schema, rows

    here = {one.name: read(one.name, "here.parquet") for one in VIEWS}
    with postgres_database(server) as url:
        assert at.type("db", "copy", url, "--quiet").code == 0
        at.write(f'store = "{url}"\n{at.text()}')
        for one in VIEWS:
            assert read(one.name, "there.parquet") == here[one.name], one.name


def made(rows: list[tuple[Any, ...]], **columns: str) -> Any:
    file = io.BytesIO()
    parquet.write(lambda: iter(rows), View("v_test", "Test.", columns, ""), file)
    return pq.read_table(io.BytesIO(file.getvalue()))


def test_types_follow_from_the_page_and_then_from_the_rows() -> None:
    table = made(
        [("2026-03-02 09:00:00.000000", "2026-03-02", 1, 2, 2.5, None, "x", None)],
        at="when (UTC)",
        due_date="the day",
        done="whether it is done",
        whole="a number",
        half="a number",
        nothing="not told",
        text="words",
        when="then (UTC)",
    )
    row = table.to_pylist()[0]
    assert row["at"].isoformat() == "2026-03-02T09:00:00+00:00"
    assert row["due_date"] == date(2026, 3, 2)
    assert row["done"] is True
    assert (row["whole"], row["half"], row["nothing"], row["when"]) == (2, 2.5, None, None)
    assert str(table.schema.field("whole").type) == "int64"


def test_a_number_that_is_once_a_fraction_is_one_everywhere() -> None:
    assert made([(1,), (None,), (2.5,)], n="n").column("n").to_pylist() == [1.0, None, 2.5]


def test_an_empty_view_has_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert made([], a="a", b="b (UTC)").schema.names == ["a", "b"]
    monkeypatch.setattr(parquet, "GROUP", 2)
    assert made([(n,) for n in range(5)], n="n").column("n").to_pylist() == list(range(5))


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **named: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ModuleNotFoundError(name)
        return real(name, *args, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UsageError, match="needs the package pyarrow"):
        made([], a="a")
