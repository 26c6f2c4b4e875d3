"""How a branch went: its commits from one first parent to the next; pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class _Landed(Protocol):
    """A change that landed."""

    @property
    def id(self) -> str: ...
    @property
    def landed_sha(self) -> str | None: ...
    @property
    def base_sha(self) -> str | None: ...
    @property
    def base_ref(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Chain:
    """Lines of commits, each oldest first; a commit is on one line only."""

    lines: Sequence[Sequence[str]] = ()
    #: line and place of each commit.
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    #: the line of each branch whose commits were read.
    branches: Mapping[str, int] = field(default_factory=dict)

    def line(self, branch: str | None) -> Sequence[str]:
        """The commits of a branch that was read; empty for another."""
        place = self.branches.get(branch) if branch is not None else None
        return () if place is None else self.lines[place]

    def after(self, sha: str, most: int) -> Sequence[str]:
        """The next commits, at most so many."""
        if sha not in self.places:
            return ()
        line, place = self.places[sha]
        return self.lines[line][place + 1 : place + 1 + most]

    def before(self, sha: str, most: int) -> Sequence[str]:
        """The commits right before it, at most so many, newest first."""
        if sha not in self.places:
            return ()
        line, place = self.places[sha]
        return self.lines[line][max(0, place - most) : place][::-1]

    def between(self, older: str, newer: str) -> Sequence[str] | None:
        """Commits after `older` up to `newer`; None: they are not known to follow each other."""
        first, last = self.places.get(older), self.places.get(newer)
        if first is None or last is None or first[0] != last[0] or first[1] > last[1]:
            return None
        return self.lines[first[0]][first[1] + 1 : last[1] + 1]

    def never_held(self, sha: str, near: str) -> bool:
        """Whether a commit is known not to be on the branch that `near` is on."""
        place = self.places.get(near)
        return place is not None and place[0] in self.branches.values() and sha not in self.places


def of(
    changes: Iterable[_Landed], tips: Mapping[str, str], parents: Mapping[str, Sequence[str]]
) -> Chain:
    """The lines that are told: of branches that were read, else of what landed on what.

    `tips`: newest commit by branch. `parents` by commit; only the first counts.
    """
    lines: list[list[str]] = []
    places: dict[str, tuple[int, int]] = {}
    branches: dict[str, int] = {}
    for branch, tip in sorted(tips.items()):
        line = _back_from(tip, parents, places)
        if line:
            branches[branch] = len(lines)
            _add(lines, places, line)
    following = _following(changes, places)
    begins = sorted(set(following) - set(following.values()))
    for sha in begins:
        line = [sha]
        while (after := following.get(line[-1])) is not None:
            line.append(after)
        _add(lines, places, line)
    return Chain(lines, places, branches)


def _back_from(tip: str, parents: Mapping[str, Sequence[str]], seen: Collection[str]) -> list[str]:
    line, sha = [], tip
    mine: set[str] = set()
    while sha not in seen and sha not in mine:
        line.append(sha)
        mine.add(sha)
        before = parents.get(sha)
        if not before:
            break
        sha = before[0]
    return line[::-1]


def _following(changes: Iterable[_Landed], seen: Collection[str]) -> dict[str, str]:
    """What landed right on each commit, where one thing did, on one branch."""
    following: dict[str, str | None] = {}
    into: dict[str, str | None] = {}
    for one in changes:
        base, landed = one.base_sha, one.landed_sha
        if base is None or landed is None or base == landed or landed in seen or base in seen:
            continue
        if base in following and following[base] != landed:
            following[base] = None
        elif landed in into and into[landed] != base:
            into[landed] = None
        else:
            following[base], into[landed] = landed, base
    return {
        base: landed
        for base, landed in following.items()
        if landed is not None and into.get(landed) == base
    }


def _add(lines: list[list[str]], places: dict[str, tuple[int, int]], line: list[str]) -> None:
    for place, sha in enumerate(line):
        places[sha] = (len(lines), place)
    lines.append(line)


def brought(chain: Chain, changes: Iterable[_Landed], sizes: Mapping[str, int]) -> set[str]:
    """Commits of the branch that changes brought.

    `sizes`: commits of those changes that may have landed one by one; what landed names the last.
    """
    found: set[str] = set()
    for one in changes:
        if one.landed_sha is None:
            continue
        found.add(one.landed_sha)
        if one.base_sha is not None and one.base_sha in chain.places:
            found.update(chain.between(one.base_sha, one.landed_sha) or ())
        elif (size := sizes.get(one.id, 1)) > 1:
            found.update(chain.before(one.landed_sha, size - 1))
    return found
