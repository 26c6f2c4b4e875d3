"""What arrived since verdicts were brought up to date, and whose verdicts rest on it."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from sync.store import tables_code as code
from sync.store.bulk import select_ids
from sync.store.due import Kind
from sync.verdict.facts import LATER
from sync.verdict.frame import AROUND, Frame, Push


@dataclass(slots=True)
class Arrived:
    """What was written of one repository."""

    #: all of it is to be judged.
    whole: bool = False
    changes: set[str] = field(default_factory=set)
    #: numbers of changes, as runs name them.
    numbers: set[int] = field(default_factory=set)
    commits: set[str] = field(default_factory=set)


def by_repository(
    conn: sa.Connection, connection_id: int, noted: Mapping[Kind, Collection[str]]
) -> dict[str, Arrived]:
    """What notes of a connection name, by repository, with the commits that hold the same."""
    found: dict[str, Arrived] = {id_: Arrived(whole=True) for id_ in noted[Kind.SCOPE]}

    def of(scope_id: str) -> Arrived:
        return found.setdefault(scope_id, Arrived())

    runs, shas, changes = noted[Kind.RUN], set(noted[Kind.COMMIT]), set(noted[Kind.CHANGE])
    columns = ("scope_id", "sha", "change_numbers")
    run = code.pipeline_run
    for scope_id, sha, numbers in select_ids(conn, run, columns, connection_id, "source_id", runs):
        of(scope_id).numbers.update(numbers or ())
        if sha is not None:
            shas.add(sha)
            of(scope_id).commits.add(sha)
    shas |= _same(conn, connection_id, shas)
    for scope_id, sha, numbers in select_ids(conn, run, columns, connection_id, "sha", shas):
        of(scope_id).numbers.update(numbers or ())
        of(scope_id).commits.add(sha)
    own = code.change_commit
    for change_id, _ in select_ids(
        conn, own, ("change_request_id", "sha"), connection_id, "sha", shas
    ):
        changes.add(change_id)
    request = code.change_request
    for name in ("landed_sha", "head_sha"):
        for scope_id, id_ in select_ids(
            conn, request, ("scope_id", "source_id"), connection_id, name, shas
        ):
            of(scope_id).changes.add(id_)
    for scope_id, sha in select_ids(
        conn, code.code_commit, ("scope_id", "sha"), connection_id, "sha", shas
    ):
        of(scope_id).commits.add(sha)
    for scope_id, id_ in select_ids(
        conn, request, ("scope_id", "source_id"), connection_id, "source_id", changes
    ):
        of(scope_id).changes.add(id_)
    return found


def _same(conn: sa.Connection, connection_id: int, shas: Collection[str]) -> set[str]:
    """Commits that hold the same as these: what is told of one is told of the other."""
    found: set[str] = set()
    columns = ("scope_id", "tree")
    told = select_ids(conn, code.code_commit, columns, connection_id, "sha", shas)
    trees = {tree for _, tree in told if tree is not None}
    found.update(
        sha for (sha,) in select_ids(conn, code.code_commit, ("sha",), connection_id, "tree", trees)
    )
    for here, there in (("sha", "other_sha"), ("other_sha", "sha")):
        rows = select_ids(conn, code.tree_comparison, (there,), connection_id, here, shas)
        found.update(sha for (sha,) in rows)
    return found


@dataclass(frozen=True, slots=True)
class Affected:
    """What is to be judged anew."""

    #: places in the frame.
    places: frozenset[int]
    pushes: tuple[Push, ...]


def affected(conn: sa.Connection, frame: Frame, arrived: Arrived) -> Affected:
    """Changes and pushes of a repository whose verdicts may rest on what arrived."""
    near = _own_places(conn, frame, arrived)
    places = {
        place
        for one in near
        for place in range(one - AROUND, one + AROUND + 1)
        if frame.first <= place < len(frame.changes)
    }
    around = _around(frame, arrived.commits)
    places.update(
        place
        for place in range(frame.first, len(frame.changes))
        if frame.changes[place].landed_sha in around
    )
    pushes = tuple(
        one
        for one, place in zip(frame.pushes, _places(frame), strict=True)
        if one.sha in around
        or one.sha in arrived.commits
        or any(abs(place - other) <= AROUND + 1 for other in near)
    )
    return Affected(frozenset(places), pushes)


def _places(frame: Frame) -> list[int]:
    """Where each push stands among the changes."""
    begins = [one.merged_at for one in frame.changes]
    return [bisect_left(begins, one.landed_at) for one in frame.pushes]


def _own_places(conn: sa.Connection, frame: Frame, arrived: Arrived) -> set[int]:
    """Places of the changes that something arrived of; of those that are gone, where they were."""
    by_id = {one.id: place for place, one in enumerate(frame.changes)}
    near = {by_id[id_] for id_ in arrived.changes if id_ in by_id}
    near.update(
        place
        for place, one in enumerate(frame.changes)
        if one.number in arrived.numbers
        or one.landed_sha in arrived.commits
        or one.head_sha in arrived.commits
    )
    begins = [one.merged_at for one in frame.changes]
    gone = sorted(arrived.changes - set(by_id))
    for (merged_at,) in select_ids(
        conn, code.change_request, ("merged_at",), frame.repository[0], "source_id", gone
    ):
        if merged_at is not None:
            near.add(bisect_left(begins, merged_at))
    return near


def _around(frame: Frame, shas: Iterable[str]) -> set[str]:
    """Commits of the branch before and after these: a run tests all that is in it."""
    found: set[str] = set()
    for sha in shas:
        if sha in frame.chain.places:
            found.update((sha, *frame.chain.before(sha, LATER), *frame.chain.after(sha, LATER)))
    return found
