"""The report as JSON: the canonical form, with a schema, and the same bytes for the same input."""

import hashlib
from importlib.resources import files
from typing import Any

import orjson

from sync.report.data import ReportData

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


def render(data: ReportData) -> str:
    """JSON text with sorted keys, two spaces of indent and a line break at the end."""
    options = _OPTIONS | orjson.OPT_INDENT_2
    # Fields of records keep their own order; only those of dicts are sorted.
    return orjson.dumps(document(data), option=options).decode() + "\n"


def document(data: ReportData) -> dict[str, Any]:
    """The same as plain dicts and lists."""
    parsed: dict[str, Any] = orjson.loads(orjson.dumps(data, option=_OPTIONS))
    return parsed


def digest(data: ReportData) -> str:
    """sha256 of the rendered JSON, hexadecimal."""
    return hashlib.sha256(render(data).encode()).hexdigest()


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the document."""
    text = files("sync.report").joinpath("report.schema.json").read_bytes()
    parsed: dict[str, Any] = orjson.loads(text)
    return parsed
