"""What belongs to the changes themselves: files, reviews, authors, commits of their own."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from mappings.vocabulary import FileChange, HistoryState, ReviewVerdict
from sync.store import schema
from sync.store import tables_code as code
from sync.store.bulk import select_ids
from sync.verdict.change_facts import ReviewFact
from sync.verdict.evidence import Commit, Evidence
from sync.verdict.exempt import FileShape

_NOW = "AND known_to IS NULL"


def load_changes(conn: sa.Connection, found: Evidence) -> None:
    """Add it to evidence that holds the commits already."""
    parts = _parts(conn, found)
    _files(conn, found, parts)
    _reviews(conn, found, parts)
    _authors(conn, found)
    _own_commits(conn, found, parts)


def _files(conn: sa.Connection, found: Evidence, parts: Collection[tuple[str, str]]) -> None:
    whole = [id_ for id_ in found.ids if (id_, "files") in parts]
    files: dict[str, list[FileShape]] = {id_: [] for id_ in whole}
    for change_id, *told in select_ids(
        conn,
        code.change_file,
        ("change_request_id", "path", "change", "old_path", "additions", "deletions"),
        found.frame.repository[0],
        "change_request_id",
        whole,
        _NOW,
    ):
        path, change, old, added, removed = told
        files[change_id].append(FileShape(path, FileChange(change), old, added, removed))
    for change_id, held in files.items():
        held.sort(key=lambda one: one.path)
        found.files[change_id] = tuple(held)
        olds = (one.old_path for one in held if one.old_path is not None)
        found.paths[change_id] = frozenset((*(one.path for one in held), *olds))


def _authors(conn: sa.Connection, found: Evidence) -> None:
    ids = {one.author_id for one in found.changes if one.author_id is not None}
    rows = select_ids(
        conn,
        schema.account,
        ("source_id", "login"),
        found.frame.repository[0],
        "source_id",
        sorted(ids),
    )
    found.logins = {id_: login for id_, login in rows if login is not None}


def _own_commits(conn: sa.Connection, found: Evidence, parts: Collection[tuple[str, str]]) -> None:
    """Of each change whose commits were read whole those that landed with none before it."""
    host, frame = found.frame.repository[0], found.frame
    columns = ("change_request_id", "sha")
    whole = [id_ for id_ in found.ids if (id_, "commits") in parts]
    mine: dict[str, list[str]] = {id_: [] for id_ in whole}
    for change_id, sha in select_ids(
        conn, code.change_commit, columns, host, "change_request_id", whole, _NOW
    ):
        mine[change_id].append(sha)
    places = {one.id: place for place, one in enumerate(frame.changes)}
    shas = {sha for held in mine.values() for sha in held}
    first: dict[str, int] = {}
    for change_id, sha in select_ids(
        conn, code.change_commit, columns, host, "sha", sorted(shas), _NOW
    ):
        if change_id in places:
            first[sha] = min(first.get(sha, len(places)), places[change_id])
    for place, one in enumerate(frame.changes):
        if one.landed_sha in shas:
            first[one.landed_sha] = min(first.get(one.landed_sha, len(places)), place)
    for id_, held in mine.items():
        if held:
            found.own_commits[id_] = sum(
                1
                for sha in held
                if first[sha] >= places[id_]
                and len(found.commits.get(sha, Commit(None, (), None)).parents) < 2
            )
            fork = _fork(found, held)
            if fork is not None:
                found.forks[id_] = fork


def _fork(found: Evidence, shas: Sequence[str]) -> str | None:
    """The commit that a change with these commits was begun on.

    None: parents are not known, it merged a branch in, or it was begun in several places.
    """
    mine = [found.commits.get(sha) for sha in shas]
    parents = [one.parents for one in mine if one is not None and len(one.parents) == 1]
    if len(parents) < len(shas):
        return None
    outside = {only for (only,) in parents} - set(shas)
    return outside.pop() if len(outside) == 1 else None


def _reviews(conn: sa.Connection, found: Evidence, parts: Collection[tuple[str, str]]) -> None:
    found.reviews = {id_: [] for id_ in found.ids if (id_, "reviews") in parts}
    for change_id, reviewer, verdict, sha, at in select_ids(
        conn,
        code.review,
        ("change_request_id", "reviewer_id", "verdict", "commit_sha", "at"),
        found.frame.repository[0],
        "change_request_id",
        sorted(found.reviews),
        _NOW,
    ):
        is_bot = reviewer in found.frame.bots
        found.reviews[change_id].append(
            ReviewFact(reviewer, ReviewVerdict(verdict), sha, at, is_bot)
        )


def _parts(conn: sa.Connection, found: Evidence) -> set[tuple[str, str]]:
    """(change, part) of what was read whole."""
    return {
        (change_id, part)
        for change_id, part, state in select_ids(
            conn,
            code.change_part,
            ("change_request_id", "part", "state"),
            found.frame.repository[0],
            "change_request_id",
            found.ids,
            _NOW,
        )
        if state == HistoryState.COMPLETE.value
    }
