"""Reports of any content, drawn from the records themselves, new fields among them."""

import dataclasses
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from sync.report.clean import clean
from sync.report.data import SCHEMA_VERSION, ReportData

TEXT = st.text(st.characters(), max_size=12).map(clean)
URLS = st.sampled_from([None, "https://jira.example.com/browse/APO-1?a=1#b", "http://[::1]/x"])
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@cache
def records(kind: Any, name: str = "") -> st.SearchStrategy[Any]:
    """Values of a type, as a field of this name holds them."""
    if name == "url":
        return URLS
    if name == "schema_version":
        return st.just(SCHEMA_VERSION)
    if name == "time_zone":
        return st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Kiritimati"])
    if get_origin(kind) in (Union, UnionType):
        return st.one_of(*(records(part, name) for part in get_args(kind)))
    if get_origin(kind) is tuple:
        # Pictures have two points at least.
        least = 2 if name == "points" else 0
        inner = records(get_args(kind)[0], name)
        return st.lists(inner, min_size=least, max_size=2).map(tuple)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return st.builds(kind, **{one: records(hint, one) for one, hint in hints.items()})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    simple: dict[Any, st.SearchStrategy[Any]] = {
        NoneType: st.none(),
        bool: st.booleans(),
        int: st.integers(-(2**53), 2**53),
        float: NUMBERS,
        str: TEXT,
        date: st.dates(),
        datetime: st.datetimes(timezones=st.just(UTC)),
    }
    return simple[kind]


def reports() -> st.SearchStrategy[ReportData]:
    """Any report."""
    return records(ReportData)
