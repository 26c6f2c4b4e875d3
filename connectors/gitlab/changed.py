"""What the incremental streams share: a cursor, a horizon, and the walks that follow from them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import Cursor, RawRecord, Window
from connectors.gitlab.paging import literal, next_query
from connectors.gitlab.site import Site
from connectors.jsonbytes import encode
from connectors.moving_window import Bounds, Fetch, walk
from connectors.redaction import bare_url
from connectors.rows import objects
from connectors.transport import Answer

#: Version of what is asked for: raised, everything is read again.
SHAPE = 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def record(stream: str, id_: str, payload: Mapping[str, Any], stamp: datetime | None) -> RawRecord:
    """A record whose payload need not be decoded again."""
    return RawRecord(stream, id_, encode(payload), stamp, SHAPE, payload)


def millis(value: datetime) -> int:
    """Milliseconds since 1970, as cursors hold instants."""
    return (value - _EPOCH) // timedelta(milliseconds=1)


def from_millis(value: int) -> datetime:
    """The instant (UTC) of milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=value)


@dataclass(frozen=True, slots=True)
class Part:
    """One walk of a reading: `state` None reads every state."""

    window: Bounds
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Rows of one page, and where the reading stands after it."""

    rows: list[dict[str, Any]]
    cursor: Cursor | None
    committed: bool


class Reading:
    """A reading of everything that changed since a cursor, in walks one after the other.

    Without a cursor it reads what is open however old it is, and of what is closed only what
    changed since the horizon (`Window.since`). A broken reading goes on in the walk and at the
    stamp where it stopped.
    """

    def __init__(self, cursor: Cursor | None, asked: Window, *, horizon: bool = True) -> None:
        """`horizon`: whether open work from before the horizon exists and is read too."""
        held: Mapping[str, Any] = cursor or {}
        if asked.full or held.get("shape") != SHAPE:
            held = {}
        self._since = held.get("since")
        self._started = millis(asked.run_started_at)
        progress: Mapping[str, Any] = held.get("walk") or {}
        if self._since is not None:
            # A resumed walk may come with another overlap; it goes on in its own window.
            lower = progress.get("from")
            if lower is None:
                lower = millis(from_millis(int(self._since)) - asked.overlap)
            self._parts = [Part(Bounds(from_millis(int(lower))))]
        elif asked.since is not None and horizon:
            self._parts = [
                Part(Bounds(asked.since)),
                Part(Bounds(None, asked.since), state="opened"),
            ]
        else:
            self._parts = [Part(Bounds(asked.since))]
        # Without a horizon there is one walk only, whatever a cursor from before says.
        self._first = min(int(progress.get("part", 0)), len(self._parts) - 1)
        at = progress.get("lower")
        self._resumed = None if at is None else from_millis(int(at))

    def steps(self, stamp: str, fetch_of: Callable[[Part], Fetch]) -> Iterator[Step]:
        """Pages, the last of them committed. `fetch_of` makes the fetching of one part."""
        for index, part in enumerate(self._parts):
            if index < self._first:
                continue
            window = part.window
            if index == self._first and self._resumed is not None:
                window = Bounds(self._resumed, window.upper)
            for piece in walk(window, stamp, fetch_of(part)):
                if not piece.last:
                    yield Step(piece.rows, self.progress(index, piece.lower), committed=False)
                elif index + 1 < len(self._parts):
                    yield Step(piece.rows, self.progress(index + 1, None), committed=False)
                else:
                    yield Step(piece.rows, self.done(), committed=True)

    @property
    def lower(self) -> datetime | None:
        """The lower bound of the first walk."""
        return self._parts[0].window.lower

    def progress(self, part: int, lower: datetime | None) -> dict[str, Any]:
        """A cursor inside the reading."""
        walk_: dict[str, Any] = {"part": part}
        if lower is not None:
            walk_["lower"] = millis(lower)
        if self._since is not None and self.lower is not None:
            walk_["from"] = millis(self.lower)
        held: dict[str, Any] = {"shape": SHAPE, "walk": walk_}
        if self._since is not None:
            held["since"] = self._since
        return held

    def done(self) -> dict[str, Any]:
        """Where the next run begins."""
        return {"shape": SHAPE, "since": self._started}


class FetchOf:
    """Fetching by REST: `GET path`, filtered and sorted by the time of the last change."""

    def __init__(
        self, site: Site, path: str, size: int, params: Mapping[str, Any] | None = None
    ) -> None:
        """`params`: what every page is asked with beside the window."""
        self._site, self._path, self._size = site, path, size
        self._params = dict(params or {})

    def __call__(self, part: Part) -> Fetch:
        """The fetching of one walk."""

        def fetch(window: Bounds, token: Any) -> tuple[list[dict[str, Any]], bool, Any]:
            query = token or {
                **self._params,
                **({"state": part.state} if part.state else {}),
                **bounds("updated", window),
                "order_by": "updated_at",
                "sort": "asc",
                "per_page": self._size,
            }
            answer = self._site.transport.get(self._path, query)
            rows = identified(answer)
            following = next_query(answer)
            return rows, following is not None, following

        return fetch


def identified(answer: Answer) -> list[dict[str, Any]]:
    """The rows of a listing, each of which says which it is. Raises UnexpectedAnswer."""
    return objects(answer.array(), bare_url(answer.url), "id")


def bounds(name: str, window: Bounds) -> dict[str, str]:
    """A window as query parameters, `updated_after` and `updated_before`."""
    found = {f"{name}_after": literal(window.lower), f"{name}_before": literal(window.upper)}
    return {key: value for key, value in found.items() if value is not None}
