"""The records of an answer as the server wrote them, cut out of its body without writing anew."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from connectors.jsonbytes import encode

_T = TypeVar("_T")


class _Search(msgspec.Struct):
    issues: list[msgspec.Raw]


class _Log(msgspec.Struct, rename="camel"):
    change_histories: msgspec.Raw


class _Logs(msgspec.Struct, rename="camel"):
    issue_change_logs: list[_Log]


_search = msgspec.json.Decoder(_Search)
_logs = msgspec.json.Decoder(_Logs)


def issues(body: bytes, count: int, *, is_utf8: bool = False) -> Sequence[bytes]:
    """Each issue of a search's answer; empty where they cannot be cut out, or are not `count`.

    `is_utf8`: the body is known to be UTF-8 throughout.
    """
    found = _read(_search, body, is_utf8)
    if found is None or len(found.issues) != count:
        return ()
    return list(map(bytes, found.issues))


def histories(body: bytes, count: int, *, is_utf8: bool = False) -> Sequence[bytes]:
    """The list of entries of each change log of a bulk answer, without its brackets; likewise."""
    found = _read(_logs, body, is_utf8)
    if found is None or len(found.issue_change_logs) != count:
        return ()
    return [bytes(log.change_histories)[1:-1].strip() for log in found.issue_change_logs]


def changelog(id_: str, entries: Sequence[bytes], total: int) -> bytes:
    """A whole history, as it is written when it is made of what was read.

    `entries`: one or more of them in each, `total` of them in all.
    """
    return b'{"issueId":%b,"histories":[%b],"total":%d,"complete":true,"reason":null}' % (
        encode(id_),
        b",".join(entries),
        total,
    )


def _read(decoder: msgspec.json.Decoder[_T], body: bytes, is_utf8: bool) -> _T | None:
    try:
        # What is no UTF-8 is mended when it is decoded, and must not be kept as it came.
        if not is_utf8:
            body.decode()
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
