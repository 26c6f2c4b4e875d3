"""JSON as bytes: fast for what is usual, and complete for what vendors really store."""

import json
import math
from typing import Any, NoReturn

import orjson


def decode(body: bytes) -> Any:
    """What the bytes hold. Raises ValueError if they are no JSON, or nested beyond any record.

    orjson refuses lone surrogates and texts of another encoding, which some servers store and
    send. The slower decoder takes the former, and texts are cleaned when they are normalized; of
    the latter each byte that is no UTF-8 becomes U+FFFD: one text costs no page. Of a key that
    stands twice the last value counts, for both decoders.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body.decode("utf-8", "replace")
        if b"\\u" not in body and "\ufffd" not in text:
            raise
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deep") from None


def decode_plain(body: bytes) -> Any:
    """What bytes hold that are JSON in UTF-8 without lone surrogates, as most are; else None."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def encode(value: Any) -> bytes:
    """The value as JSON bytes; lone surrogates are written as escapes."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("the number is too large")
    return number
