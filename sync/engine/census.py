"""Absence, proven: ids of a complete census against ours, then a look at each one that is missing.

Only this makes a tombstone. A failed or cut census changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import Gone, GoneReason, RawRecord
from sync.store.rows import Fate

#: Ids looked at per call, so that a mass disappearance shows progress and can be stopped.
LOOK_BATCH = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a census and the looks after it proved."""

    #: our id -> why it is gone, and where it went.
    gone: Mapping[str, Fate]
    #: our id -> scope it was moved to, where the source told.
    moved_to: Mapping[str, str]
    #: alive although the census did not name it: to be written again.
    alive: tuple[RawRecord, ...]
    remote_count: int
    local_count: int
    #: ids that the server has, we should have, and nobody could read.
    missing: tuple[str, ...]


def judge(
    everything: frozenset[str],
    within_horizon: frozenset[str],
    ours: frozenset[str],
    look: Callable[[Sequence[str]], Iterable[Gone]],
    buried: frozenset[str] = frozenset(),
) -> Verdict:
    """Compare a complete census with the ids we hold alive.

    `everything`: all ids of the scope; `within_horizon`: those a first load must have brought
    (equal to `everything` without a horizon). `look` asks the source about single ids. `buried`:
    ids that we hold as gone; one that the census names is looked at, however old it is.
    """
    gone: dict[str, Fate] = {}
    moved_to: dict[str, str] = {}
    alive: list[RawRecord] = []
    seen_again: set[str] = set()
    for answer in _looks(sorted(ours - everything), look):
        if answer.reason is None:
            seen_again.add(answer.source_id)
            if answer.record is not None:
                alive.append(answer.record)
        else:
            gone[answer.source_id] = Fate(answer.reason.value, answer.to_key, answer.detail)
            if answer.to_scope_id is not None:
                moved_to[answer.source_id] = answer.to_scope_id
    unread: list[str] = []
    fetched: set[str] = set()
    vanished: set[str] = set()
    wanted = within_horizon | (everything & buried)
    for answer in _looks(sorted(wanted - ours), look):
        if answer.reason is None and answer.record is not None:
            alive.append(answer.record)
            fetched.add(answer.source_id)
        elif answer.reason in (None, GoneReason.HIDDEN):
            unread.append(answer.source_id)
        else:
            vanished.add(answer.source_id)
    now_ours = (ours - gone.keys()) | fetched
    remote = (wanted | seen_again) - vanished
    return Verdict(
        gone=gone,
        moved_to=moved_to,
        alive=tuple(alive),
        remote_count=len(remote - gone.keys()),
        local_count=len(now_ours & remote),
        missing=tuple(unread),
    )


def _looks(ids: Sequence[str], look: Callable[[Sequence[str]], Iterable[Gone]]) -> Iterable[Gone]:
    for start in range(0, len(ids), LOOK_BATCH):
        yield from look(ids[start : start + LOOK_BATCH])
