"""`driftline export`: a view as CSV, JSON lines or Parquet, streamed."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, pass_app
from sync.cli.instants import clocks, known_at_option
from sync.cli.shown import block, document
from sync.files import replacing
from sync.report.clean import cell

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from sync.store.view import Kind, View

#: Rows fetched at a time.
CHUNK = 1000


@click.command(epilog="Example: driftline export work_item --format jsonl --out items.jsonl")
@click.argument("view")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    default="csv",
    show_default=True,
    help="csv, one JSON object per line, or Parquet (an extra), which goes to a file.",
)
@known_at_option
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@pass_app
def export(app: App, view: str, form: str, known_at: str | None, out: Path | None) -> None:
    """Write a view (docs/store.md) as CSV, JSON lines or Parquet.

    With --known-at as it read then. What was so when stands in the columns of a view (valid_from,
    valid_to), so there is no --as-of.
    """
    from sync.errors import UsageError
    from sync.store import past
    from sync.store.views import VIEWS
    from sync.store.views_then import view_then

    views = {one.name: one for one in VIEWS}
    name = view if view.startswith("v_") else f"v_{view}"
    if name not in views:
        raise UsageError(f"there is no view {view!r}", todo=f"Known: {', '.join(views)}.")
    if form == "parquet" and out is None:
        raise UsageError("Parquet is no text", where="--format", todo="Name a file with --out.")
    settings = app.settings(with_secrets=False)
    at = clocks(app, settings, None, known_at)
    store = app.store(settings, read_only=True)
    try:
        with store.reading() as conn:
            # `name` is one of our own views.
            query = f"SELECT * FROM {name}"  # noqa: S608  # checked against VIEWS above
            if not at.present:
                past.check(conn, at.known_at)
                query = view_then(views[name], at.known_at, store.dialect)
            if form == "parquet" and out is not None:
                _parquet(conn, query, views[name], out)
                return
            result: Any = conn.execution_options(yield_per=CHUNK).exec_driver_sql(query)
            columns = list(result.keys())
            kinds = [views[name].kind(one) for one in columns]
            if out is None:
                _write(result, columns, kinds, form, sys.stdout)
            else:
                with replacing(out) as raw, io.TextIOWrapper(raw, "utf-8", newline="") as file:
                    _write(result, columns, kinds, form, file)
    finally:
        store.close()


def _parquet(conn: "Connection", query: str, view: "View", out: Path) -> None:
    from sync.cli import parquet

    def read() -> Iterator[Sequence[Any]]:
        result: Any = conn.exec_driver_sql(query, execution_options={"yield_per": CHUNK})
        try:
            yield from result
        finally:
            result.close()

    with replacing(out) as file:
        parquet.write(read, view, file)


def _write(
    result: Any, columns: Sequence[str], kinds: Sequence["Kind"], form: str, file: Any
) -> None:
    if form == "csv":
        file.write(_line(columns))
    for row in result:
        if form == "csv":
            file.write(_line([_sheet(kind, one) for kind, one in zip(kinds, row, strict=True)]))
        else:
            values = [_value(value) for value in row]
            record = dict(zip(columns, values, strict=True))
            file.write(document(json.dumps(record, ensure_ascii=False)) + "\n")


def csv_line(cells: Sequence[Any]) -> str:
    """One line of CSV: visible text, and nothing that a spreadsheet would run."""
    return _line([_cell(value) for value in cells])


def _line(cells: Sequence[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    """Visible text; what a spreadsheet would run as a formula is quoted."""
    if isinstance(value, str):
        return cell(block(value))
    return "" if value is None else value


def _sheet(kind: "Kind", value: Any) -> Any:
    """A value as spreadsheets read it: the same from either database.

    Instants are UTC, to the second, or to the millisecond where the source told it; yes is 1.
    """
    if value is None:
        return ""
    if kind == "instant":
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        at = at.astimezone(UTC) if at.tzinfo else at
        text = f"{at:%Y-%m-%d %H:%M:%S}"
        return f"{text}.{at.microsecond // 1000:03}" if at.microsecond >= 1000 else text
    if kind == "yes":
        return int(value)
    return _cell(_value(value))


def _value(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value
