"""What incremental walks share: a cursor, its bounds, and the newest record that proves quiet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.contract import Cursor, ScopeRef, Window
from connectors.github.moments import stamp
from connectors.instants import instant

#: A second in which something changed may still bring more until it is over; clocks of a server's
#: machines differ a little.
_SETTLED = timedelta(seconds=10)


@dataclass(slots=True)
class Walk:
    """One walk over what changed in a repository since a cursor.

    A cursor holds `since` (server time at which the last whole walk began), `name` (a repository
    that was renamed is read anew, so that its items get their new keys), `shape`, `newest` (the
    record changed last), the page size if it shrank and, inside a walk, how far it came.
    """

    scope: ScopeRef
    window: Window
    shape: int
    #: lower bound of this walk; None reads everything (down to the horizon).
    lower: datetime | None
    #: where an interrupted walk goes on.
    progress: Mapping[str, Any]
    _held: Mapping[str, Any]
    newest: tuple[str, str] | None = None
    #: page size that the server could answer; None: it never had to shrink.
    size: int | None = None

    @classmethod
    def start(cls, scope: ScopeRef, cursor: Cursor | None, window: Window, shape: int) -> "Walk":
        """A walk from a cursor of an earlier run, if it still fits."""
        held: Mapping[str, Any] = cursor or {}
        fits = held.get("shape") == shape and held.get("name") == scope.key
        if window.full or not fits:
            held = {}
        since = instant(held.get("since"))
        progress = held.get("walk")
        progress = progress if isinstance(progress, Mapping) else {}
        lower = None if since is None else since - window.overlap
        if "lower" in progress:
            lower = instant(progress["lower"])
        newest = held.get("newest")
        found = (str(newest[0]), str(newest[1])) if isinstance(newest, (list, tuple)) else None
        return cls(scope, window, shape, lower, progress, held, found, (cursor or {}).get("size"))

    @property
    def horizon(self) -> datetime | None:
        """At a first load: closed work that did not change since then is left out."""
        return self.window.since if self.lower is None else None

    def note(self, id_: str, updated: str) -> None:
        """Remember a record if none was changed later; stamps of one form compare as texts."""
        if self.newest is None or updated >= self.newest[1]:
            self.newest = (id_, updated)

    @property
    def _newest(self) -> list[str] | None:
        return None if self.newest is None else list(self.newest)

    def step(self, **mark: Any) -> Cursor:
        """The cursor inside the walk."""
        lower = None if self.lower is None else stamp(self.lower)
        out: dict[str, Any] = {
            "shape": self.shape,
            "name": self.scope.key,
            "newest": self._newest,
            "walk": {**mark, "lower": lower},
        }
        if "since" in self._held:
            out["since"] = self._held["since"]
        if self.size is not None:
            out["size"] = self.size
        return out

    def end(self, **more: Any) -> Cursor:
        """The cursor after the whole walk: the next one begins at this run's start."""
        kept = {} if self.size is None else {"size": self.size}
        return {
            "shape": self.shape,
            "name": self.scope.key,
            "since": stamp(self.window.run_started_at),
            "newest": self._newest,
            **kept,
            **more,
        }


def quiet(cursor: Cursor, scope: ScopeRef, shape: int, newest: tuple[str, str] | None) -> bool:
    """Whether the record changed last is the one that the cursor's walk had seen.

    Not while its second was young when that walk began: the same second may have brought more.
    """
    held, since = cursor.get("newest"), instant(cursor.get("since"))
    if cursor.get("shape") != shape or cursor.get("name") != scope.key or since is None:
        return False
    if newest is None:
        return held is None
    at = instant(newest[1])
    same = isinstance(held, (list, tuple)) and tuple(held) == newest
    return same and at is not None and at < since - _SETTLED
