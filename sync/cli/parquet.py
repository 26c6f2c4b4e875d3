"""A view as a Parquet file, with types; needs the extra `parquet`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

from sync.errors import UsageError
from sync.store.view import View

#: Rows of one row group.
GROUP = 50_000


def write(read: Callable[[], Iterable[Sequence[Any]]], view: View, file: BinaryIO) -> None:
    """Write all rows; `read` gives them anew each time it is called, in the view's columns.

    What the page of views calls an instant, a day or a yes becomes one; the types of the other
    columns follow from what is in them. Raises UsageError where pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise UsageError(
            "Parquet needs the package pyarrow",
            where="--format parquet",
            todo="Install it with: pip install 'driftline[parquet]'",
        ) from error
    names = tuple(view.columns)
    kinds = [
        view.kind(name) or found
        for name, found in zip(names, _found(read(), len(names)), strict=True)
    ]
    types = {
        "instant": pa.timestamp("us", tz="UTC"),
        "day": pa.date32(),
        "yes": pa.bool_(),
        "int": pa.int64(),
        "float": pa.float64(),
        "text": pa.string(),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in zip(names, kinds, strict=True)])
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for rows in _groups(read()):
            columns = list(zip(*rows, strict=True)) or [() for _ in names]
            arrays = [
                pa.array([_value(kind, one) for one in column], schema.field(place).type)
                for place, (kind, column) in enumerate(zip(kinds, columns, strict=True))
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _found(rows: Iterable[Sequence[Any]], width: int) -> list[str]:
    kinds: list[set[type]] = [set() for _ in range(width)]
    for row in rows:
        for held, value in zip(kinds, row, strict=True):
            held.add(type(value))
    return [_widest(held - {type(None)}) for held in kinds]


def _widest(kinds: set[type]) -> str:
    if kinds and kinds <= {int, bool}:
        return "int"
    if kinds and kinds <= {int, bool, float}:
        return "float"
    return "text"


def _groups(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    held: list[Sequence[Any]] = []
    for row in rows:
        held.append(row)
        if len(held) == GROUP:
            yield held
            held = []
    yield held


def _value(kind: str, value: Any) -> Any:
    """SQLite keeps instants and days as texts, and yes as a number."""
    if value is None:
        return None
    if kind == "instant":
        if isinstance(value, datetime):
            return value
        read = datetime.fromisoformat(value)
        return read if read.tzinfo else read.replace(tzinfo=UTC)
    if kind == "day":
        return value if isinstance(value, date) else date.fromisoformat(value)
    if kind == "yes":
        return bool(value)
    if kind == "int":
        return int(value)
    if kind == "text":
        return value if isinstance(value, str) else _text(value)
    return value


def _text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        import json

        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)
