"""Whose child data is asked for, and whose is asked for again."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from support.code import REPO, change, merged, run
from support.store import START, Raw, at, item, writer

from mappings.vocabulary import ChangeState, Conclusion, StatusCategory
from sync.store import follow_ups, schema
from sync.store.open import Store
from sync.store.tables_code import change_request, pipeline_run

pytestmark = pytest.mark.full_on_postgres

LATER = at(600)


def keep(store: Store, stream: str, *ids: str, minute: float = 0, text: str = "{}") -> None:
    """Payloads of a stream, read at that minute."""
    with writer(store, now=at(minute)) as one:
        one.raw(REPO, [Raw(id_, text.encode(), stream) for id_ in ids])


def watched(store: Store, parent: sa.Table, stream: str, *, limit: int = 9) -> list[str]:
    with store.reading() as conn:
        return follow_ups.watched(
            conn,
            1,
            REPO,
            parent=parent,
            stream=stream,
            due=follow_ups.Due(
                since=at(300),
                read_before=LATER - timedelta(hours=1),
                quiet_since=at(-100),
                quiet_read_before=at(-50),
            ),
            limit=limit,
        )


def pending(store: Store, parent: sa.Table, of: str, stream: str, after: str = "") -> list[str]:
    with store.reading() as conn:
        return follow_ups.pending(
            conn, 1, REPO, parent=parent, of=of, stream=stream, limit=9, after=after
        )


@pytest.mark.parametrize(
    ("feeds", "table"),
    [
        (("work_item", "account"), schema.work_item),
        (("account", "change_request"), change_request),
        (("pipeline_run",), pipeline_run),
        ((), schema.work_item),
    ],
)
def test_parents_stand_where_their_stream_feeds(feeds: tuple[str, ...], table: sa.Table) -> None:
    assert follow_ups.parent_table(feeds) is table


def test_a_parent_waits_until_its_child_was_read_after_it(store: Store) -> None:
    with writer(store) as one:
        one.code.changes([change("1"), change("2"), change("3"), change("4", scope_id="901")])
    keep(store, "changes", "1", "2", "4")
    # No payload of the third is stored: nobody read it in this stream.
    assert pending(store, change_request, "changes", "details") == ["1", "2"]
    assert pending(store, change_request, "changes", "details", after="1") == ["2"]
    keep(store, "details", "1", "2", minute=1)
    assert pending(store, change_request, "changes", "details") == []
    keep(store, "changes", "2", minute=2, text='{"moved":1}')
    assert pending(store, change_request, "changes", "details") == ["2"]
    with store.writing() as conn:
        follow_ups.touch(conn, 1, "details", ["2"], at(3))
    assert pending(store, change_request, "changes", "details") == []


def test_attempts_of_a_run_wait_as_one(store: Store) -> None:
    with writer(store) as one:
        one.code.runs([run("7"), run("7", attempt=2)])
    keep(store, "runs", "7")
    assert pending(store, pipeline_run, "runs", "jobs") == ["7"]


def test_what_is_gone_is_not_asked_for(store: Store) -> None:
    with writer(store) as one:
        one.code.changes([change("1")])
    keep(store, "changes", "1")
    keep(store, "details", "1")
    assert watched(store, change_request, "details") == ["1"]
    with store.writing() as conn:
        conn.execute(sa.update(change_request).values(gone_at=START))
    assert watched(store, change_request, "details") == []
    assert pending(store, change_request, "changes", "other") == []


def test_changes_are_watched_while_open_and_after_they_landed(store: Store) -> None:
    with writer(store) as one:
        one.code.changes(
            [
                change("1"),
                merged("2", merged_at=at(299)),
                merged("3", merged_at=at(300)),
                change("4", state=ChangeState.CLOSED, closed_at=at(301)),
                change("5"),
                change("6"),
            ]
        )
    keep(store, "details", "2", "3", "4", "6", minute=1)
    keep(store, "details", "1")
    # The fifth was never read: it is pending, and not watched. The longest unread comes first.
    assert watched(store, change_request, "details") == ["1", "3", "6"]
    assert watched(store, change_request, "details", limit=1) == ["1"]
    with store.writing() as conn:
        follow_ups.touch(conn, 1, "details", ["1"], LATER - timedelta(minutes=59))
    assert watched(store, change_request, "details") == ["3", "6"]


def test_what_has_not_moved_for_long_is_read_less_often(store: Store) -> None:
    with writer(store) as one:
        quiet = {"updated_at": at(-101)}
        moving = [change("3", updated_at=at(-100)), change("4", updated_at=None)]
        one.code.changes([change("1", **quiet), change("2", **quiet), *moving])
    keep(store, "details", "2", minute=-51)
    keep(store, "details", "1", "3", "4", minute=-50)
    assert watched(store, change_request, "details") == ["2", "3", "4"]


def test_runs_are_watched_until_they_are_over_for_long(store: Store) -> None:
    """B29: A run that ended long ago is not read again."""
    with writer(store) as one:
        one.code.runs(
            [
                run("1", conclusion=Conclusion.PENDING),
                run("2", finished_at=at(299), updated_at=at(400)),
                run("3", finished_at=at(300)),
                run("4", updated_at=at(300)),
                run("5", updated_at=at(299)),
            ]
        )
    keep(store, "jobs", "1", "2", "3", "4", "5")
    assert watched(store, pipeline_run, "jobs") == ["1", "3", "4"]


def test_items_are_watched_until_they_are_over_for_long(store: Store) -> None:
    done = {"scope_id": REPO, "status_category": StatusCategory.DONE}
    with writer(store) as one:
        one.work_items(
            [
                item("1", scope_id=REPO),
                item("2", **done, resolved_at=at(299)),
                item("3", **done, resolved_at=at(300)),
                item("4", **done),
            ]
        )
    keep(store, "notes", "1", "2", "3", "4")
    assert watched(store, schema.work_item, "notes") == ["1", "3"]


def test_only_what_would_be_asked_for_again_is_touched(store: Store) -> None:
    keep(store, "details", "1", "2", "3")
    keep(store, "changes", "1", minute=5)
    keep(store, "changes", "2", "3")
    keep(store, "details", "4", minute=-90)
    with store.writing() as conn:
        follow_ups.catch_up(
            conn,
            1,
            of="changes",
            stream="details",
            ids=["1", "2", "4"],
            now=at(9),
            read_before=at(9) - timedelta(hours=1),
        )
        c = schema.raw_record.c
        told = conn.execute(
            sa.select(c.source_id, c.fetched_at).where(c.stream == "details").order_by(c.source_id)
        ).all()
    assert [tuple(row) for row in told] == [
        ("1", at(9)),
        ("2", START),
        ("3", START),
        ("4", at(9)),
    ]


def test_keys_are_those_of_the_parents(store: Store) -> None:
    with writer(store) as one:
        one.work_items([item("1", key="acme/web#1")])
        one.code.changes([change("1", key="acme/web!1")])
    with store.reading() as conn:
        assert follow_ups.keys(conn, 1, schema.work_item, ["1", "9"]) == {"1": "acme/web#1"}
        assert follow_ups.keys(conn, 1, change_request, ["1"]) == {"1": "acme/web!1"}
        assert follow_ups.keys(conn, 1, pipeline_run, ["7"]) == {"7": "7"}
