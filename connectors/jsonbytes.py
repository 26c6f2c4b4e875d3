"""JSON as bytes: fast for what is usual, and complete for what vendors really store."""

import json
from typing import Any

import orjson


def decode(body: bytes) -> Any:
    """What the bytes hold. Raises ValueError if they are no JSON.

    orjson refuses lone surrogates and texts of another encoding, which some servers store and
    send. The slower decoder takes the former, and texts are cleaned when they are normalized; of
    the latter each byte that is no UTF-8 becomes U+FFFD: one text costs no page.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body.decode("utf-8", "replace")
        if b"\\u" not in body and "\ufffd" not in text:
            raise
        return json.loads(text)


def encode(value: Any) -> bytes:
    """The value as JSON bytes; lone surrogates are written as escapes."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")
