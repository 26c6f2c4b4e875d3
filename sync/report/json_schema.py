"""Make report.schema.json from the records: `python -m sync.report.json_schema`.

What a record and its fields mean is taken from where they are written: the docstring, and the
comments that begin with `#:`.
"""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import orjson
from pydantic import TypeAdapter

from sync.report.data import SCHEMA_VERSION, ReportData

#: The file that is shipped.
PATH = Path(__file__).with_name("report.schema.json")


def make() -> dict[str, Any]:
    """JSON Schema of the report: every field is required, and no other is allowed."""
    schema = TypeAdapter(ReportData).json_schema(mode="serialization")
    for record in (schema, *schema["$defs"].values()):
        if record.get("type") == "object":
            record["additionalProperties"] = False
            record["required"] = sorted(record["properties"])
    for one in _records(ReportData, set()):
        _describe(schema if one is ReportData else schema["$defs"][one.__name__], one)
    schema["properties"]["schema_version"] = {"const": SCHEMA_VERSION, "type": "integer"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "driftline report",
        **{name: value for name, value in schema.items() if name != "title"},
    }


def _records(kind: Any, seen: set[type]) -> Iterator[type]:
    """The records and the lists of values that a report is made of."""
    for part in get_args(kind):
        yield from _records(part, seen)
    known = isinstance(kind, type) and (dataclasses.is_dataclass(kind) or issubclass(kind, Enum))
    if not known or kind in seen:
        return
    seen.add(kind)
    yield kind
    if dataclasses.is_dataclass(kind):
        for hint in get_type_hints(kind).values():
            yield from _records(hint, seen)


def _describe(schema: dict[str, Any], record: type) -> None:
    schema["description"] = inspect.getdoc(record)
    for name, meaning in _meanings(inspect.getsource(record)):
        told = schema.get("properties", {}).get(name)
        if told is not None:
            told["description"] = meaning


def _meanings(source: str) -> Iterator[tuple[str, str]]:
    """(field, what the comment before it says)."""
    said: list[str] = []
    for line in source.splitlines():
        comment = re.fullmatch(r"\s*#: ?(.*)", line)
        field = re.match(r"    (\w+): ", line)
        if comment is not None:
            said.append(comment.group(1))
            continue
        if field is not None and said:
            yield field.group(1), " ".join(said)
        said = []


def text() -> str:
    """The file's content."""
    return orjson.dumps(make(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8", newline="\n")
