"""The line of commits that a branch went through: from each to its first parent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Line:
    """Picks a branch's own commits out of a listing of all that it holds, in whatever order.

    What came with a merge over its other parents is no part of the line.
    """

    #: the commit that comes next, going back; None: the first commit of all was reached.
    wanted: str | None
    #: where to stop: a commit that is known with all before it.
    known: str | None = None
    _held: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether it leads to what was known, or to the first commit."""
        return self.wanted is None or self.wanted == self.known

    def take(
        self, commits: Iterable[tuple[str, Sequence[str], dict[str, Any]]]
    ) -> list[dict[str, Any]]:
        """(sha, parents, commit) of one page; gives those of the line that are reached now."""
        for sha, parents, one in commits:
            self._held[sha] = tuple(parents), one
        found: list[dict[str, Any]] = []
        while not self.ended and self.wanted in self._held:
            parents, one = self._held.pop(str(self.wanted))
            found.append(one)
            self.wanted = parents[0] if parents else None
        return found
