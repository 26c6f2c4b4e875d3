"""JSON as bytes: fast for what is usual, and complete for what vendors really store."""

import json
from typing import Any

import orjson


def decode(body: bytes) -> Any:
    """What the bytes hold. Raises ValueError if they are no JSON.

    orjson refuses lone surrogates, which some servers store and send; the slower decoder takes
    them, and texts are cleaned when they are normalized.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if b"\\u" not in body:
            raise
        return json.loads(body)


def encode(value: Any) -> bytes:
    """The value as JSON bytes; lone surrogates are written as escapes."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")
