"""Which tests a change should have: what ran on changes around it that touch paths like its own.

A path filter starts no less for a change that touches more. So what ran on changes within the
folders of this one would have run here; and what did not run on changes that touch all of these
folders and more, would not. Pure.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from posixpath import dirname, splitext

from sync.verdict.exempt_paths import is_docs

#: Fewer changes than this around one tell nothing of what is expected.
LEAST = 5
#: A test is expected that ran on this share of them.
SHARE = 0.8
#: So many changes that touch as much, and none with a test, tell that it is not expected.
LEAST_WITHOUT = 3


@dataclass(frozen=True, slots=True)
class Ran:
    """A change around the one that is judged."""

    #: tests that ran on it, passed or failed.
    ran: frozenset[str]
    #: its paths as `areas`; None: not known.
    areas: frozenset[str] | None
    #: those of them that only a timetable started, whatever had landed by then.
    by_chance: frozenset[str] = frozenset()


def areas(paths: Iterable[str]) -> frozenset[str]:
    """What path filters tell apart: the first two folders, and documentation or kind of file.

    >>> sorted(areas(["web/src/app/a.ts", "README.md"]))
    ['./docs', 'web/src/.ts']
    """
    return frozenset(map(_area, paths))


@lru_cache(maxsize=65_536)
def _area(path: str) -> str:
    folder = "/".join(dirname(path).split("/")[:2]) or "."
    kind = "docs" if is_docs(path) else splitext(path)[1].lower()
    return f"{folder}/{kind}"


def of_paths(mine: frozenset[str] | None, around: Sequence[Ran]) -> frozenset[str]:
    """Tests that are expected on a change with these areas (None: not known)."""
    like = [
        one.ran - one.by_chance
        for one in around
        if mine is None or (one.areas is not None and one.areas and one.areas <= mine)
    ]
    return expected_names(like)


def begun(before: Iterable[Ran], own: Iterable[str]) -> frozenset[str]:
    """Tests that are known to have run by then: on a change before this one, or on it.

    What was introduced later is not missed on what landed before.
    """
    return frozenset(own).union(*(one.ran for one in before))


def not_of_paths(mine: frozenset[str] | None, around: Sequence[Ran]) -> frozenset[str]:
    """Tests that run here, and not on changes that touch at least these areas."""
    if not mine:
        return frozenset()
    wider = [one.ran for one in around if one.areas is not None and one.areas >= mine]
    if len(wider) < LEAST_WITHOUT:
        return frozenset()
    every = frozenset[str]().union(*(one.ran for one in around))
    return every - frozenset[str]().union(*wider)


def retired(names: Iterable[str], later: Sequence[Ran]) -> frozenset[str]:
    """Tests, of these, that no change after this one ran although tests ran on them."""
    ran = [one.ran for one in later if one.ran]
    if len(ran) < LEAST_WITHOUT:
        return frozenset()
    return frozenset(names) - frozenset[str]().union(*ran)


def expected_names(around: Sequence[Collection[str]], *, share: float = SHARE) -> frozenset[str]:
    """Names of tests that ran on most of the changes around one; of fewer than five none."""
    if len(around) < LEAST:
        return frozenset()
    counts: dict[str, int] = {}
    # Most of them ran the same.
    for names, times in Counter(map(frozenset, around)).items():
        for name in names:
            counts[name] = counts.get(name, 0) + times
    return frozenset(name for name, number in counts.items() if number >= share * len(around))


def run_here(around: Sequence[Collection[str]], *, least: int = 3) -> bool:
    """Whether tests ran on enough of the changes around one for their absence to mean something."""
    return sum(1 for names in around if names) >= least


def bare(name: str) -> str:
    """Without matrix and workflow: `test (3.11) [CI]` stands for `test (3.10)` of before."""
    return name.partition("(")[0].partition(" [")[0].strip() or name


def missing(expected: Iterable[str], present: Collection[str]) -> frozenset[str]:
    """Expected tests that left no trace.

    Another value of a matrix stands for one that is gone, if it is not expected itself.
    """
    wanted = frozenset(expected)
    new = {bare(name) for name in present if name not in wanted}
    return frozenset(name for name in wanted - set(present) if bare(name) not in new)
