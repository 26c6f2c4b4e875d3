"""How GitLab pages its REST lists: by offset with counts in headers, or by a key with a link."""

import base64
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from connectors.jsonbytes import encode
from connectors.simulator.http import Request, Response, json_response

#: Rows in a page that asks for no size, and most that are given.
DEFAULT_SIZE, MAX_SIZE = 20, 100
#: Above so many rows a list tells neither its length nor its last page.
COUNTED = 10_000
#: No page begins beyond so many rows.
MAX_OFFSET = 50_000

Show = Callable[[Any], Any]
Key = Callable[[Any], tuple[Any, ...]]


def address(request: Request, prefix: str) -> str:
    """The address of this request without its query, as the client reached it."""
    return f"{request.origin}/{prefix}/{request.path}"


def by_offset(request: Request, prefix: str, rows: Sequence[Any], show: Show) -> Response:
    """The page with a number; `rows` in the order asked for, `show` turns one into JSON."""
    size, page = _number(request, "per_page", DEFAULT_SIZE), _number(request, "page", 1)
    if size is None or page is None:
        wrong = "per_page" if size is None else "page"
        return json_response({"error": f"{wrong} does not have a valid value"}, 400)
    size = min(size, MAX_SIZE)
    start = (page - 1) * size
    if start > MAX_OFFSET:
        return json_response(
            {
                "error": "Offset pagination has a maximum allowed offset of "
                f"{MAX_OFFSET} for requests that return objects of this type. Remaining records "
                "can be retrieved using keyset pagination."
            },
            405,
        )
    total, shown = len(rows), rows[start : start + size]
    pages = max(1, -(-total // size))
    counted = total <= COUNTED
    following = page + 1 if start + size < total else None
    headers = {
        "X-Page": str(page),
        "X-Per-Page": str(size),
        "X-Next-Page": str(following or ""),
        "X-Prev-Page": str(page - 1 if page > 1 else ""),
    }
    if counted:
        headers |= {"X-Total": str(total), "X-Total-Pages": str(pages)}
    links = {
        "prev": page - 1 if page > 1 else None,
        "next": following,
        "first": 1,
        "last": pages if counted else None,
    }
    base = address(request, prefix)
    headers["Link"] = ", ".join(
        f'<{_url(base, request, {"page": number, "per_page": size})}>; rel="{name}"'
        for name, number in links.items()
        if number is not None
    )
    return Response(200, encode([show(one) for one in shown]), headers)


def by_keyset(
    request: Request, prefix: str, rows: Sequence[Any], key: Key, show: Show, *, descending: bool
) -> Response:
    """The page after the key in `cursor`; `rows` ascending by `key`, which is unique."""
    size = _number(request, "per_page", DEFAULT_SIZE)
    if size is None:
        return json_response({"error": "per_page does not have a valid value"}, 400)
    size = min(size, MAX_SIZE)
    after: tuple[Any, ...] | None = None
    if token := request.one("cursor"):
        after = unpack(token)
        if after is None:
            return json_response({"error": "cursor is invalid"}, 400)

    shown, more = after_key(rows, key, after, size, descending=descending)
    headers = {"X-Per-Page": str(size)}
    if more:
        cursor = pack(key(shown[-1]))
        url = _url(address(request, prefix), request, {"cursor": cursor, "per_page": size})
        headers["Link"] = f'<{url}>; rel="next"'
        headers["X-Next-Cursor"] = cursor
    return Response(200, encode([show(one) for one in shown]), headers)


def after_key(
    rows: Sequence[Any], key: Key, after: tuple[Any, ...] | None, size: int, *, descending: bool
) -> tuple[list[Any], bool]:
    """(at most `size` rows beyond a key, whether there are more); `rows` ascending by `key`."""

    def plain(one: Any) -> tuple[Any, ...]:
        return _plain(key(one))

    if descending:
        high = len(rows) if after is None else bisect_left(rows, after, key=plain)
        low = max(0, high - size)
        return list(reversed(rows[low:high])), low > 0
    low = 0 if after is None else bisect_right(rows, after, key=plain)
    return list(rows[low : low + size]), low + size < len(rows)


def pack(key: tuple[Any, ...]) -> str:
    """An opaque cursor that names a key."""
    return base64.urlsafe_b64encode(orjson.dumps(_plain(key))).decode()


def unpack(token: str) -> tuple[Any, ...] | None:
    """The key that a cursor names; None for nonsense."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        return None
    return tuple(found) if isinstance(found, list) else None


def _plain(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """A key whose instants are text that sorts like them."""
    return tuple(
        one if isinstance(one, int | str) else f"{one:%Y-%m-%dT%H:%M:%S.%f}" for one in key
    )


def _number(request: Request, name: str, default: int) -> int | None:
    text = request.one(name)
    if not text:
        return default
    return int(text) if text.isdecimal() and int(text) > 0 else None


def _url(base: str, request: Request, changed: Mapping[str, Any]) -> str:
    kept = [
        (name, value)
        for name, values in request.query.items()
        if name not in changed
        for value in values
    ]
    return f"{base}?{urlencode([*kept, *changed.items()])}"
