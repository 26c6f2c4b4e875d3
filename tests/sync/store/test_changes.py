"""Change requests and the sets of their children."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from support.code import (
    PARTIAL,
    REPO,
    change,
    commits,
    files,
    merged,
    pushes,
    refers,
    reviews,
)
from support.store import at, contents, rows, writer

from mappings.code_records import Commit, Commits
from mappings.vocabulary import HistoryState, MergeMethod, Origin, RefKind
from sync.store import tables_code as t
from sync.store.code_writer import CodeWriter
from sync.store.open import Store

pytestmark = pytest.mark.full_on_postgres

Write = Callable[[CodeWriter], Any]


def write(store: Store, *steps: Write, minute: float = 0) -> int:
    """Rows written by these steps in one transaction."""
    with writer(store, now=at(minute)) as one:
        for step in steps:
            step(one.code)
        return one.rows


def everything(code: CodeWriter) -> None:
    """A change with all that belongs to it."""
    code.changes([change("1", labels=("a",), assignee_ids=("ana",))])
    code.files([files("1", "a.py", "b.py")])
    code.reviews([reviews("1", ("r1", "approved"))])
    code.change_commits([commits("1", "c1", "h1")])
    code.pushes([pushes("1", "p1")])
    code.references([refers("1", "title", "APO-1")])
    code.commits([Commits(REPO, (Commit("m1", "t"),))])


def now(store: Store, table: Any, *columns: str) -> list[tuple[Any, ...]]:
    """Rows known now."""
    return [row[:-1] for row in rows(store, table, *columns, "known_to") if row[-1] is None]


def test_an_equal_second_write_writes_nothing(store: Store) -> None:
    assert write(store, everything) > 0
    before = contents(store)
    assert write(store, everything, minute=60) == 0
    assert contents(store) == before


def test_a_change_that_moved_is_written_again_and_keeps_its_first_sight(store: Store) -> None:
    write(store, lambda code: code.changes([change("1")]))
    moved = merged("1", key="acme/site#1")
    assert write(store, lambda code: code.changes([moved]), minute=20) == 1
    assert rows(store, t.change_request, "key", "state", "landed_sha", "first_seen_at") == [
        ("acme/site#1", "merged", "m1", at(0))
    ]
    assert rows(store, t.change_request_key, "key") == [("acme/site#1",), ("acme/web#1",)]


def test_an_older_answer_undoes_neither_the_change_nor_its_children(store: Store) -> None:
    write(
        store,
        lambda code: code.changes([merged("1")]),
        lambda code: code.files([files("1", "new.py")]),
        lambda code: code.references([refers("1", "title", "APO-2")]),
    )
    before = contents(store)
    old = write(
        store,
        lambda code: code.changes([change("1")]),
        lambda code: code.files([files("1", "old.py")]),
        lambda code: code.references([refers("1", "title", "APO-1")]),
        minute=30,
    )
    assert (old, contents(store)) == (0, before)


@pytest.mark.parametrize("at_once", [True, False])
def test_what_an_answer_leaves_out_stays_as_told(store: Store, at_once: bool) -> None:
    full = merged(
        "1",
        landed_tree="T",
        head_tree="H",
        additions=5,
        base_sha_at_merge="b",
        base_known=Origin.SOURCE,
        merge_method=MergeMethod.SQUASH,
        merged_by_id="bo",
    )
    short = merged("1", title="Renamed", updated_at=at(11), landed_sha=None)
    if at_once:
        write(store, lambda code: code.changes([full, short]))
    else:
        write(store, lambda code: code.changes([full]))
        write(store, lambda code: code.changes([short]), minute=5)
    told = ("title", "landed_sha", "landed_tree", "head_tree", "additions", "base_sha_at_merge")
    assert rows(store, t.change_request, *told, "base_known", "merge_method", "merged_by_id") == [
        ("Renamed", "m1", "T", "H", 5, "b", "source", "squash", "bo")
    ]


def test_another_head_takes_along_what_was_told_of_the_former(store: Store) -> None:
    write(store, lambda code: code.changes([change("1", head_tree="H", additions=5)]))
    moved = change("1", head_sha="h2", updated_at=at(1))
    write(store, lambda code: code.changes([moved]), minute=5)
    assert rows(store, t.change_request, "head_sha", "head_tree", "additions") == [
        ("h2", None, None)
    ]


def test_a_reopened_change_has_not_landed(store: Store) -> None:
    write(store, lambda code: code.changes([merged("1")]))
    write(store, lambda code: code.changes([change("1", updated_at=at(20))]), minute=20)
    assert rows(store, t.change_request, "state", "landed_sha") == [("open", None)]


def test_parts_wait_when_the_head_moved_until_they_are_read(store: Store) -> None:
    write(store, everything)
    moved = change("1", head_sha="h2", updated_at=at(1))
    write(store, lambda code: code.changes([moved]), minute=5)
    states = now(store, t.change_part, "part", "state")
    assert states == [(part, "not_fetched") for part in ("commits", "files", "pushes", "reviews")]
    assert len(now(store, t.change_file, "path")) == 2
    write(store, lambda code: code.files([files("1", "a.py")]), minute=6)
    assert ("files", "complete") in now(store, t.change_part, "part", "state")
    assert now(store, t.change_file, "path") == [("a.py",)]


def test_only_a_complete_set_takes_away(store: Store) -> None:
    write(store, everything)
    cut = replace(files("1", "c.py", state=PARTIAL), reason="the vendor names 300 at most")
    write(store, lambda code: code.files([cut]), minute=1)
    assert now(store, t.change_file, "path") == [("a.py",), ("b.py",), ("c.py",)]
    assert ("files", "partial", "the vendor names 300 at most") in now(
        store, t.change_part, "part", "state", "reason"
    )
    unavailable = reviews("1", state=HistoryState.UNAVAILABLE)
    write(store, lambda code: code.reviews([unavailable]), minute=2)
    assert now(store, t.review, "source_id") == [("r1",)]
    write(store, lambda code: code.files([files("1", "c.py")]), minute=3)
    assert now(store, t.change_file, "path") == [("c.py",)]
    write(store, lambda code: code.files([files("1")]), minute=4)
    assert now(store, t.change_file, "path") == []


def test_what_was_known_before_a_correction_can_be_read_back(store: Store) -> None:
    write(store, lambda code: code.reviews([reviews("1", ("r1", "approved"))]))
    write(store, lambda code: code.reviews([reviews("1", ("r1", "dismissed"))]), minute=9)
    assert rows(store, t.review, "verdict", "known_from", "known_to") == [
        ("approved", at(0), at(9)),
        ("dismissed", at(9), None),
    ]


def test_a_correction_within_one_transaction_leaves_one_row(store: Store) -> None:
    write(
        store,
        lambda code: code.reviews([reviews("1", ("r1", "approved"))]),
        lambda code: code.reviews([reviews("1", ("r1", "dismissed"))]),
    )
    assert rows(store, t.review, "verdict", "known_to") == [("dismissed", None)]


def test_commits_keep_their_order_and_what_is_told_of_them(store: Store) -> None:
    write(store, lambda code: code.change_commits([commits("1", "z", "a")]))
    assert sorted(now(store, t.change_commit, "position", "sha")) == [(0, "z"), (1, "a")]
    bare = Commits(REPO, (Commit("z"), Commit("m1", "t-m1", ("z",))))
    assert write(store, lambda code: code.commits([bare]), minute=1) == 1
    told = rows(store, t.code_commit, "sha", "tree", "parents", "subject")
    assert told == [
        ("a", "t-a", ["p"], "Do a"),
        ("m1", "t-m1", ["z"], None),
        ("z", "t-z", ["p"], "Do z"),
    ]


def test_commits_of_a_fork_are_its_own(store: Store) -> None:
    fork = Commits("901", (Commit("c1", "t"),))
    write(store, lambda code: code.commits([Commits(REPO, (Commit("c1"),)), fork]))
    assert rows(store, t.code_commit, "scope_id", "tree") == [("900", None), ("901", "t")]


def test_references_are_a_set_per_place(store: Store) -> None:
    write(
        store,
        lambda code: code.references(
            [refers("1", "title", "APO-1", "APO-2"), refers("1", "branch", "APO-1")]
        ),
    )
    write(store, lambda code: code.references([refers("1", "title", "APO-2")]), minute=1)
    assert now(store, t.reference, "source", "target") == [
        ("branch", "APO-1"),
        ("title", "APO-2"),
    ]
    closes = refers("1", "title", "APO-2", kind=RefKind.CLOSES)
    write(store, lambda code: code.references([closes]), minute=2)
    assert now(store, t.reference, "source", "kind") == [
        ("branch", "implements"),
        ("title", "closes"),
    ]


def test_of_two_places_in_a_text_the_first_is_shown(store: Store) -> None:
    twice = refers("1", "body", "APO-1", "APO-1")
    first, second = twice.references
    told = replace(twice, references=(replace(first, span="first"), second))
    write(store, lambda code: code.references([told]))
    assert now(store, t.reference, "span") == [("first",)]


def test_texts_no_database_takes_are_cleaned_and_stay_equal(store: Store) -> None:
    dirty = "a\0b\ud800"
    steps: tuple[Write, ...] = (
        lambda code: code.changes([change("1", title=dirty)]),
        lambda code: code.files([files("1", dirty)]),
        lambda code: code.references([refers("1", "title", dirty)]),
        lambda code: code.commits([Commits(REPO, (Commit("c1", subject=dirty),))]),
    )
    assert write(store, *steps) > 0
    assert rows(store, t.change_request, "title") == [("ab?",)]
    assert write(store, *steps, minute=1) == 0
