"""The report as JSON: the canonical form, with a schema, and the same bytes for the same input.

What was written can be read again, and gives every other form.
"""

import hashlib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import msgspec
import orjson

from sync.errors import UsageError
from sync.report.clean import clean, clean_url
from sync.report.data import SCHEMA_VERSION, ReportData

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z
#: Longer than any text that a report holds.
_LONGEST = 8000


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


def load(raw: bytes, where: str) -> ReportData:
    """The report that `render` wrote.

    The file may have been through other hands: its texts and addresses are made safe to show as
    they were when it was built. Fields that came later than the file get their defaults. Raises
    UsageError, naming `where`, for what is no report or one of another schema version.
    """
    try:
        given = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refused(f"this is no JSON that can be read ({error})", where) from None
    if not isinstance(given, dict) or "schema_version" not in given:
        raise _refused("this is no report: it has no schema_version", where)
    version = given["schema_version"]
    if version != SCHEMA_VERSION:
        raise UsageError(
            f"this report has the schema version {clean(version, 40)}, and this program reads "
            f"{SCHEMA_VERSION}.",
            where=where,
            todo="Render it with the version of driftline that wrote it, or write it anew.",
        )
    try:
        data = msgspec.convert(_safe(given), ReportData)
    except (msgspec.ValidationError, RecursionError) as error:
        raise _refused(f"this is no whole report: {clean(error)}", where) from None
    surprise = next(_surprises(given, document(data)), None)
    if surprise is not None:
        raise _refused(f"this version of driftline does not know {clean(surprise, 200)}", where)
    if data.burn_up is not None and not data.burn_up.points:
        raise _refused("this is no whole report: burn_up has no points", where)
    if data.trend is not None and len(data.trend.points) < 2:
        raise _refused("this is no whole report: trend has too few points", where)
    return data


def _refused(what: str, where: str) -> UsageError:
    return UsageError(
        f"{what}.", where=where, todo="Write it anew: driftline report --format json."
    )


def _safe(value: Any, name: str = "") -> Any:
    if isinstance(value, str):
        return clean_url(value) if name == "url" else clean(value, _LONGEST)
    if isinstance(value, list):
        return [_safe(one, name) for one in value]
    if isinstance(value, dict):
        return {key: _safe(one, key) for key, one in value.items()}
    return value


def _surprises(given: Any, known: Any, path: str = "") -> Iterator[str]:
    """Fields of the file that no record has."""
    if isinstance(given, dict) and isinstance(known, dict):
        for name, value in given.items():
            place = f"{path}.{name}" if path else name
            if name not in known:
                yield place
            else:
                yield from _surprises(value, known[name], place)
    elif isinstance(given, list) and isinstance(known, list):
        for place, (one, other) in enumerate(zip(given, known, strict=True)):
            yield from _surprises(one, other, f"{path}[{place}]")
