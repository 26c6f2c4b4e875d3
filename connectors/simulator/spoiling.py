"""Real answers made wrong, wherever a vendor puts rows, cursors and links."""

import gzip
import io
import random
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import orjson

from connectors.jsonbytes import decode, encode
from connectors.simulator.http import Request, Response

#: Names of the lists that answers hold their rows in.
_ROWS = ("issues", "values", "workflow_runs", "jobs", "check_runs", "statuses")
#: What names a place in a listing, in queries and in bodies.
_PLACES = ("page", "startAt", "nextPageToken", "cursor", "after")
#: What may stand where something else is due.
_STRANGE: tuple[Any, ...] = (
    None, [], {}, "", "text", -1, 1e300, True, [None], [[]], {"__typename": "Strange"}, "\x00",
)  # fmt: skip
#: Where a foreign link leads; nobody is there.
ELSEWHERE = "https://elsewhere.example.net/steal"


def twist(manner: str, request: Request) -> Request:
    """The request as the server is made to understand it."""
    if manner == "stuck":
        return _with(request, dict.fromkeys(_PLACES))
    if manner != "short":
        return request
    if request.body:
        asked = request.json()
        if "variables" in asked:
            first = (asked["variables"] or {}).get("first")
            return request if first is None else _with(request, {"first": _half(first)})
        return _with(request, {"maxResults": _half(asked.get("maxResults"))})
    if request.one("per_page"):
        # A smaller page by number would be another part of the list: see `Rest`.
        return request
    return _with(request, {"maxResults": _half(request.one("maxResults"))})


def _with(request: Request, changes: Mapping[str, Any]) -> Request:
    """The request with other values in its query, body or variables; None takes one away."""

    def changed(held: Mapping[str, Any], *, add: bool) -> dict[str, Any]:
        found = {name: value for name, value in held.items() if name not in changes}
        return found | {
            name: value
            for name, value in changes.items()
            if value is not None and (add or name in held)
        }

    if request.body:
        asked = request.json()
        if "variables" in asked:
            asked["variables"] = changed(asked["variables"] or {}, add=False)
        else:
            asked = changed(asked, add=True)
        return replace(request, body=orjson.dumps(asked))
    named = {name: [str(value)] for name, value in changes.items() if value is not None}
    kept = {name: held for name, held in request.query.items() if name not in changes}
    return replace(request, query={**kept, **named})


def spoil(manner: str, request: Request, response: Response) -> Response:
    """The server's real answer, made wrong."""
    if manner == "chop":
        return replace(response, body=response.body[: len(response.body) // 2])
    if manner == "foreign":
        return _foreign(response)
    if manner not in ("hole", "null", "repeat") or response.status != 200:
        return response
    found = decode(response.body)
    headers = response.headers
    if manner == "repeat":
        headers = _repeat(request, found, headers)
    else:
        rows, path = _rows(found)
        if rows and manner == "hole":
            del rows[len(rows) // 2]
        elif rows:
            _take_away(found, rows, path)
    return replace(response, body=encode(found), headers=headers)


def mangle(seed: int, request: Request, response: Response) -> Response:
    """Something else stands in one place of the answer, wherever that is."""
    rng = random.Random(f"{seed} {request.path} {request.text}")
    found = decode(response.body) if response.body else None
    holders = list(_holders(found))
    if not holders:
        return replace(response, body=encode(rng.choice(_STRANGE)))
    holder = rng.choice(holders)
    if isinstance(holder, dict):
        holder[rng.choice(sorted(holder))] = rng.choice(_STRANGE)
    else:
        holder[rng.randrange(len(holder))] = rng.choice(_STRANGE)
    return replace(response, body=encode(found))


def _holders(found: Any) -> Iterator[Any]:
    """Every object and list that holds something."""
    if isinstance(found, dict | list) and found:
        yield found
        for one in found.values() if isinstance(found, dict) else found:
            yield from _holders(one)


def _take_away(found: Any, rows: list[Any], path: list[str]) -> None:
    """Null in the place of a row; GraphQL tells where and that it could not be worked out."""
    place = len(rows) // 2
    rows[place] = None
    if isinstance(found, dict) and "data" in found:
        error = {"message": "Something went wrong", "path": [*path, place]}
        found.setdefault("errors", []).append(error)


def _repeat(request: Request, found: Any, headers: Mapping[str, str]) -> Mapping[str, str]:
    """Lead to where the client is; changes `found`, gives the headers."""
    if isinstance(found, dict) and "data" in found:
        after = (request.json().get("variables") or {}).get("after")
        info = _inside(found["data"], "pageInfo")
        if after and info is not None:
            info["endCursor"], info["hasNextPage"] = after, True
    elif request.one("page") or request.one("cursor"):
        # The next page is this one again, at the address that its links show.
        address = headers.get("Link", "<").split("<", 1)[1].split("?", 1)[0]
        again = f"{address}?{urlencode(request.query, doseq=True)}"
        return {**headers, "Link": f'<{again}>; rel="next"'}
    else:
        token = request.json().get("nextPageToken") or request.one("nextPageToken")
        if token:
            found["nextPageToken"], found["isLast"] = token, False
    return headers


def _foreign(response: Response) -> Response:
    """With links that lead to another server, where there are any."""
    link = response.headers.get("Link")
    if link is None:
        return response
    parts = []
    for part in link.split(", "):
        address, _, rest = part.partition(">")
        _, _, query = address.partition("?")
        parts.append(f"<{ELSEWHERE}?{query}>{rest}")
    return replace(response, headers={**response.headers, "Link": ", ".join(parts)})


class Rest:
    """Rows that a short page by number left out come with the page after it."""

    def __init__(self) -> None:
        """Nothing was left out."""
        self._held: dict[str, list[Any]] = {}
        self._lock = threading.Lock()

    def keep(self, request: Request, response: Response) -> Response:
        """The first half of a page by number that another one follows; keeps the second half."""
        if not request.one("per_page") or 'rel="next"' not in response.headers.get("Link", ""):
            return response
        found = decode(response.body)
        rows, _ = _rows(found)
        half = len(rows) // 2
        with self._lock:
            self._held[_listing(request)] = rows[half:]
        del rows[half:]
        return replace(response, body=encode(found))

    def give_back(self, request: Request, response: Response) -> Response:
        """The page, behind what the page before it left out."""
        with self._lock:
            held = self._held.pop(_listing(request), None)
        if held is None:
            return response
        found = decode(response.body)
        if isinstance(found, list):
            return replace(response, body=encode(held + found))
        rows, _ = _rows(found)
        rows[:0] = held
        return replace(response, body=encode(found))


def _listing(request: Request) -> str:
    """A listing whatever its page."""
    kept = {name: held for name, held in request.query.items() if name not in _PLACES}
    return f"{request.path}?{urlencode(kept, doseq=True)}"


def _rows(found: Any) -> tuple[list[Any], list[str]]:
    """The rows of an answer, wherever its vendor puts them, and the way to them."""
    if isinstance(found, list):
        return found, []
    for name in _ROWS:
        if found.get(name):
            rows: list[Any] = found[name]
            return rows, [name]
    way = _way(found.get("data"), "nodes")
    held = found.get("data")
    for name in way or ():
        held = held[name]
    return (held, way) if way and isinstance(held, list) else ([], [])


def _inside(found: Any, name: str) -> Any:
    """The outermost value of a name in nested objects."""
    way = _way(found, name)
    for step in way or ():
        found = found[step]
    return None if way is None else found


def _way(found: Any, name: str) -> list[str] | None:
    """Where the outermost value of a name that holds anything is."""
    if not isinstance(found, dict):
        return None
    if found.get(name):
        return [name]
    for step, one in found.items():
        way = _way(one, name)
        if way is not None:
            return [step, *way]
    return None


def _half(asked: Any) -> int:
    return max(1, int(asked or 50) // 2)


def packed(megabytes: int) -> bytes:
    """A JSON text of so many MB, small: what unpacks it whole runs out of memory."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as file:
        file.write(b'{"a":"')
        for _ in range(megabytes):
            file.write(b"a" * 2**20)
        file.write(b'"}')
    return out.getvalue()
