"""Records as plain values, to compare what two readings made."""

from typing import Any

from msgspec import Struct
from msgspec.structs import asdict


def fields_of(record: Any) -> Any:
    """A record as a dictionary by field, also the records inside it."""
    if isinstance(record, Struct):
        return {name: fields_of(value) for name, value in asdict(record).items()}
    if isinstance(record, tuple):
        return [fields_of(one) for one in record]
    return record
