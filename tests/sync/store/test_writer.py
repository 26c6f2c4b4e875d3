"""What a writer leaves behind, on both databases."""

from contextlib import suppress
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from support.store import START, Raw, at, event, item, links, rows, writer

from mappings.records import (
    Account,
    DataIssue,
    Field,
    History,
    Milestone,
    Scope,
    Status,
)
from mappings.vocabulary import (
    EventField,
    HistoryState,
    MilestoneKind,
    MilestoneState,
    Priority,
    ScopeKind,
    StatusCategory,
    WaitsFor,
)
from sync.store import presence, read, schema
from sync.store.open import Store
from sync.store.payloads import SAMPLES
from sync.store.rows import Fate, MembershipRow
from sync.store.tables_code import default_branch
from sync.store.writer import Writer

COMPLETE, NOT_FETCHED = HistoryState.COMPLETE, HistoryState.NOT_FETCHED
RELEASE = Milestone(
    "501",
    MilestoneKind.VERSION,
    "Apollo 3.2",
    MilestoneState.FUTURE,
    "unreleased",
    scope_id="10000",
    start_date=date(2026, 3, 1),
    due_date=date(2026, 4, 30),
)
SPRINT = Milestone("7", MilestoneKind.SPRINT, "Sprint 7", MilestoneState.ACTIVE, "active")


def member(**changes: object) -> MembershipRow:
    plain = MembershipRow(
        milestone_kind=MilestoneKind.VERSION,
        milestone_id="501",
        valid_from=START,
        valid_to=None,
        from_exact=True,
        cause="created",
        source_event_id=None,
        end_cause=None,
        end_event_id=None,
    )
    return replace(plain, **changes)


# --- raw payloads ---------------------------------------------------------------------------


def payloads(store: Store, connection_id: int = 1, stream: str = "issues") -> dict[str, bytes]:
    """Stored payloads of a stream by id."""
    with store.reading() as conn:
        pages = list(read.raw_pages(conn, connection_id, stream, 40))
    return {id_: payload for page in pages for id_, _, payload, _ in page}


def similar(first: int, count: int) -> list[Raw]:
    """Payloads that have most of their bytes in common, as those of one stream do."""
    return [
        Raw(str(n), b'{"self":"https://example.org/rest/%d","fields":{%s}}' % (n, _COMMON))
        for n in range(first, first + count)
    ]


_COMMON = b",".join(b'"field_%d":{"name":"Value %d","id":%d}' % (n, n * n, n) for n in range(60))


def test_a_large_page_makes_the_dictionary_that_later_pages_use(store: Store) -> None:
    first, second = similar(1, SAMPLES), similar(SAMPLES + 1, 3)
    with writer(store) as one:
        one.raw("10000", first)
    with writer(store) as two:
        two.raw("10000", [*second, Raw("x", b"nothing like it")])
        two.raw("10000", [Raw("1", b"{}", stream="other")])
    assert payloads(store) == {one.source_id: one.payload for one in (*first, *second)} | {
        "x": b"nothing like it"
    }
    assert payloads(store, stream="other") == {"1": b"{}"}
    assert rows(store, schema.raw_dictionary, "connection_id", "stream") == [(1, "issues")]
    packed = dict(rows(store, schema.raw_record, "source_id", "payload"))
    assert len(bytes(packed["101"])) < len(second[0].payload) / 10


def test_small_pages_make_no_dictionary(store: Store) -> None:
    with writer(store) as one:
        one.raw("10000", similar(1, SAMPLES - 1))
        one.raw("10000", [Raw(str(n), b"{}", stream="other") for n in range(SAMPLES)])
    assert rows(store, schema.raw_dictionary) == []


def test_a_page_that_is_rolled_back_takes_its_dictionary_along(store: Store) -> None:
    with suppress(RuntimeError), writer(store) as one:
        one.raw("10000", similar(1, SAMPLES))
        raise RuntimeError
    assert rows(store, schema.raw_dictionary) == []
    with writer(store) as two:
        two.raw("10000", similar(1, 5))
    assert payloads(store) == {one.source_id: one.payload for one in similar(1, 5)}


def test_each_connection_has_dictionaries_of_its_own(store: Store) -> None:
    with store.writing() as conn:
        conn.execute(
            sa.insert(schema.connection).values(
                id=2, name="other", kind="jira", first_seen_at=START
            )
        )
    with writer(store) as one:
        one.raw("10000", similar(1, SAMPLES))
    with writer(store, connection_id=2) as two:
        two.raw("10000", similar(1, 2))
    assert len(payloads(store, connection_id=2)) == 2
    assert [row[0] for row in rows(store, schema.raw_dictionary, "connection_id")] == [1]


def test_raw_keeps_the_newest_payload_and_tells_what_is_new(store: Store) -> None:
    with writer(store) as first:
        assert {"1", "2"} == first.raw("10000", [Raw("1", b'{"a":1}'), Raw("2")])
        assert first.rows == 0
    with writer(store, now=at(60)) as second:
        changed = second.raw("10000", [Raw("1", b'{"a":2}'), Raw("2"), Raw("1", stream="other")])
    assert {"1"} == changed
    assert payloads(store) == {"1": b'{"a":2}', "2": b"{}"}
    assert payloads(store, stream="other") == {"1": b"{}"}
    assert [
        ("issues", "1", at(60)),
        ("issues", "2", START),
        ("other", "1", at(60)),
    ] == rows(store, schema.raw_record, "stream", "source_id", "fetched_at")


def test_a_new_query_shape_is_a_new_payload(store: Store) -> None:
    with writer(store) as first:
        first.raw("10000", [Raw("1")])
    with writer(store) as second:
        assert {"1"} == second.raw("10000", [Raw("1", shape=2)])
    assert rows(store, schema.raw_record, "shape") == [(2,)]


def test_an_older_payload_never_replaces_a_newer_one(store: Store) -> None:
    with writer(store) as first:
        first.raw("10000", [Raw("1", b"new", updated_at=at(5)), Raw("1", b"old", updated_at=at(1))])
    with writer(store) as second:
        assert frozenset() == second.raw("10000", [Raw("1", b"old", updated_at=at(1))])
    assert payloads(store) == {"1": b"new"}


def test_raw_pages_bring_every_payload_back(store: Store) -> None:
    with writer(store) as first:
        first.raw("10000", [Raw(str(i), f"[{i}]".encode()) for i in range(25)])
    with store.reading() as conn:
        pages = list(read.raw_pages(conn, 1, "issues", 10))
    assert [len(page) for page in pages] == [10, 10, 5]
    assert {str(i): f"[{i}]".encode() for i in range(25)} == {
        id_: payload for page in pages for id_, _, payload, _ in page
    }


# --- small entities -------------------------------------------------------------------------


def test_small_entities_are_written_once(store: Store) -> None:
    for expected in (4, 0):
        with writer(store, now=at(1)) as one:
            one.accounts([Account("u1", "Ada", email="ada@example.org")])
            one.scopes([Scope("10000", ScopeKind.PROJECT, "APO", "Apollo")])
            one.statuses([Status("1", "QA", "indeterminate", StatusCategory.IN_REVIEW)])
            one.fields([Field("f1", "Story Points", "float", EventField.POINTS)])
            assert expected == one.rows


def test_a_mention_never_blanks_a_known_account(store: Store) -> None:
    with writer(store) as first:
        first.accounts([Account("u1", "Ada", email="ada@example.org", active=True)])
    with writer(store) as second:
        second.accounts([Account("u1"), Account("u1", login="ada")])
    assert rows(store, schema.account, "name", "login", "email", "active") == [
        ("Ada", "ada", "ada@example.org", True)
    ]


def test_a_default_branch_is_known_as_long_as_it_was_told(store: Store) -> None:
    """Nobody tells since when it is; a reading that tells none takes none away."""
    told = (("trunk", 1), ("trunk", 2), ("main", 3), (None, 4))
    for (name, minute), expected in zip(told, (2, 0, 2, 0), strict=True):
        with writer(store, now=at(minute)) as one:
            one.scopes([Scope("5", ScopeKind.REPOSITORY, "acme/web", "Web", default_branch=name)])
            assert expected == one.rows
    assert rows(store, default_branch, "known_from", "known_to", "scope_id", "name") == [
        (at(1), at(3), "5", "trunk"),
        (at(3), None, "5", "main"),
    ]


def test_one_id_may_name_a_project_and_a_board(store: Store) -> None:
    with writer(store) as one:
        one.scopes(
            [
                Scope("1", ScopeKind.PROJECT, "APO", "Apollo"),
                Scope("1", ScopeKind.BOARD, None, "Apollo board", parent_id="1"),
            ]
        )
    assert rows(store, schema.scope, "kind", "name") == [
        ("board", "Apollo board"),
        ("project", "Apollo"),
    ]


def test_what_a_whole_listing_no_longer_names_is_gone_and_may_come_back(store: Store) -> None:
    statuses = [Status(id_, id_, None, StatusCategory.TODO) for id_ in ("1", "2")]
    with writer(store) as first:
        first.statuses(statuses)
        first.listing("status", None, ["1", "2"])
        assert first.rows == 2
    with writer(store, now=at(9)) as second:
        second.statuses(statuses[:1])
        second.listing("status", None, ["1"])
        assert second.rows == 1
    gone = ("source_id", "gone_at", "gone_reason")
    assert [("1", None, None), ("2", at(9), "deleted")] == rows(store, schema.status, *gone)
    with writer(store, now=at(10)) as third:
        third.statuses(statuses)
        assert third.rows == 1
    assert rows(store, schema.status, *gone) == [("1", None, None), ("2", None, None)]
    assert rows(store, schema.status, "first_seen_at") == [(START,), (START,)]


def test_status_and_field_come_back_as_they_were_written(store: Store) -> None:
    status = Status("3", "QA", "indeterminate", StatusCategory.IN_REVIEW, WaitsFor.QA, True)
    field = Field("customfield_1", "Story Points", "float", EventField.POINTS)
    with writer(store) as one:
        one.statuses([status])
        one.fields([field])
    with store.reading() as conn:
        assert ([status], [field]) == (read.statuses(conn, 1), read.fields(conn, 1))


# --- milestones -----------------------------------------------------------------------------


def test_a_milestone_s_dates_are_followed(store: Store) -> None:
    with writer(store) as first:
        first.milestones([RELEASE])
        assert first.rows == 9
    with writer(store, now=at(60)) as second:
        moved = replace(RELEASE, due_date=date(2026, 5, 15), name="Apollo 3.2 (late)")
        second.milestones([moved], observed_after=at(30))
        assert second.rows == 3
    found = rows(
        store,
        schema.milestone_date_event,
        "field",
        "old",
        "new",
        "is_first",
        "observed_after",
        "observed_at",
    )
    assert [
        ("due_date", None, "2026-04-30", True, None, START),
        ("due_date", "2026-04-30", "2026-05-15", False, at(30), at(60)),
    ] == [row for row in found if row[0] == "due_date"]
    assert [(row[2], row[3]) for row in found if row[0] == "name"] == [
        ("Apollo 3.2", True),
        ("Apollo 3.2 (late)", False),
    ]
    assert len(found) == 10


def test_two_readings_at_one_instant_keep_what_was_before_both(store: Store) -> None:
    for due in (date(2026, 4, 30), date(2026, 5, 15)):
        with writer(store) as one:
            one.milestones([replace(RELEASE, due_date=due)])
    found = rows(store, schema.milestone_date_event, "field", "old", "new", "is_first")
    assert [r for r in found if r[0] == "due_date"] == [("due_date", None, "2026-05-15", True)]


def test_a_sighting_never_overwrites_the_listing(store: Store) -> None:
    with writer(store) as first:
        first.milestones([SPRINT], sightings=True)
        first.milestones([replace(SPRINT, state=MilestoneState.CLOSED)])
    with writer(store, now=at(5)) as second:
        second.milestones([SPRINT, replace(SPRINT, source_id="8")], sightings=True)
        assert second.rows == 9
    assert rows(store, schema.milestone, "source_id", "state") == [("7", "closed"), ("8", "active")]


def test_a_sprint_is_gone_only_when_no_board_holds_it(store: Store) -> None:
    with writer(store) as first:
        first.milestones([SPRINT])
        first.scope_entities("b1", "sprint", ["7"])
        first.scope_entities("b2", "sprint", ["7"])
    with writer(store, now=at(1)) as second:
        second.scope_entities("b1", "sprint", [])
    assert rows(store, schema.milestone, "gone_at") == [(None,)]
    with writer(store, now=at(2)) as third:
        third.scope_entities("b2", "sprint", [])
        assert third.rows == 2
    assert [(at(2), "left_scope")] == rows(store, schema.milestone, "gone_at", "gone_reason")
    assert [("b1", START, at(1)), ("b2", START, at(2))] == rows(
        store, schema.scope_entity, "scope_id", "known_from", "known_to"
    )


def test_a_listing_of_versions_speaks_of_its_own_project_only(store: Store) -> None:
    other = replace(RELEASE, source_id="502", scope_id="20000")
    with writer(store) as first:
        first.milestones([RELEASE, other, SPRINT])
        first.listing("version", "10000", [])
    assert rows(store, schema.milestone, "kind", "source_id", "gone_reason") == [
        ("sprint", "7", None),
        ("version", "501", "deleted"),
        ("version", "502", None),
    ]


# --- work items -----------------------------------------------------------------------------


def test_an_item_comes_back_as_it_was_written(store: Store) -> None:
    full = item(
        "1",
        waits_for=WaitsFor.REVIEW,
        code_complete=True,
        resolved_at=at(3),
        priority=Priority.HIGH,
        estimate_points=0.5,
        estimate_seconds=3600,
        due_date=date(2026, 5, 1),
        labels=("a", "b"),
        components=("core",),
        raw_teams=("Squad 7", "77"),
        milestones=((MilestoneKind.VERSION, "501"), (MilestoneKind.SPRINT, "7")),
        restricted=True,
        history=COMPLETE,
    )
    with writer(store) as one:
        assert {"1"} == one.work_items([full])
    with store.reading() as conn:
        row = conn.execute(sa.select(schema.work_item)).one()._asdict()
        now = read.items(conn, 1, ["1", "2"])
    lists = ("milestones", "labels", "components", "raw_teams", "former_keys")
    expected = {
        name: getattr(full, name) for name in full.__slots__ if name not in (*lists, "history")
    }
    assert row["raw_teams"] == ["Squad 7", "77"]
    assert expected == {name: row[name] for name in expected}
    assert row["labels"] == ["a", "b"]
    assert row["history_state"] == "complete"
    assert list(now) == ["1"]
    assert frozenset((("version", "501"), ("sprint", "7"))) == now["1"].milestones
    assert (START, at(3)) == (now["1"].updated_at, now["1"].resolved_at)


def test_not_estimated_stays_null_and_zero_stays_zero(store: Store) -> None:
    with writer(store) as one:
        one.work_items([item("1"), item("2", estimate_points=0.0, estimate_seconds=0)])
    assert rows(store, schema.work_item, "estimate_points", "estimate_seconds") == [
        (None, None),
        (0.0, 0),
    ]


def test_an_item_that_moved_waits_for_its_history_again(store: Store) -> None:
    with writer(store) as first:
        first.work_items([item("1"), item("2")])
        first.histories([History("1", COMPLETE, ()), History("2", COMPLETE, ())])
    with writer(store, now=at(9)) as second:
        # Another address at the same instant is no reason to read the history again.
        changed = second.work_items([item("1", url="x"), item("2", updated_at=at(8))])
    assert {"1", "2"} == changed
    assert rows(store, schema.work_item, "source_id", "history_state") == [
        ("1", "complete"),
        ("2", "not_fetched"),
    ]
    with store.reading() as conn:
        assert read.pending_histories(conn, 1, "10000", limit=9, after="") == ["2"]
        assert read.pending_histories(conn, 1, "10000", limit=9, after="2") == []
        assert read.history_gaps(conn, 1, "10000") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"title": "x"},
        {"raw_status_id": "9"},
        {"labels": ("x",)},
        {"milestones": ((MilestoneKind.VERSION, "501"),)},
        {"estimate_points": 2.5},
        {"due_date": date(2026, 3, 1)},
    ],
)
def test_a_second_change_of_one_second_waits_for_its_history_too(
    store: Store, change: dict[str, Any]
) -> None:
    """Its history may have been read between the two; only a reading tells of a change."""
    whole = {
        "labels": ("a", "b"),
        "milestones": ((MilestoneKind.VERSION, "7"),),
        "estimate_points": 1.0,
        "due_date": date(2026, 3, 2),
    }
    shown = schema.work_item, "history_state"
    with writer(store) as first:
        first.work_items([item("1", **whole)])
        first.histories([History("1", COMPLETE, ())])
    with writer(store, now=at(1)) as second:
        second.work_items([item("1", **whole, url="x")])
    assert rows(store, *shown) == [("complete",)]
    with store.writing() as conn:
        again = Writer(store, conn, 1, at(2), is_replay=True)
        again.work_items([item("1", **{**whole, **change})])
    assert rows(store, *shown) == [("complete",)]
    with writer(store, now=at(3)) as third:
        third.work_items([item("1", **whole)])
    assert rows(store, *shown) == [("not_fetched",)]


def test_an_older_page_never_undoes_a_newer_row(store: Store) -> None:
    new = item("1", title="new", updated_at=at(5), history=COMPLETE)
    old = item("1", title="old", updated_at=at(1), history=COMPLETE)
    with writer(store) as first:
        first.work_items([new])
        first.histories([History("1", COMPLETE, (event("1", "10.0"),))])
        first.links([links("1", "2")])
    with writer(store, now=at(9)) as second:
        assert frozenset() == second.work_items([old])
        second.histories([History("1", COMPLETE, ())])
        second.links([links("1")])
        assert second.rows == 0
    assert rows(store, schema.work_item, "title") == [("new",)]
    assert rows(store, schema.field_event, "known_to") == [(None,)]
    assert rows(store, schema.link, "withdrawn_at") == [(None,)]


def test_an_item_that_is_gone_keeps_its_row_and_may_come_back(store: Store) -> None:
    with writer(store) as first:
        first.work_items([item("1", history=COMPLETE), item("2")])
    with writer(store, now=at(1)) as second:
        second.tombstones({"1": Fate("moved", "ORI-5"), "9": Fate("deleted")})
        second.tombstones({"1": Fate("deleted")})
        assert second.rows == 1
    shown = ("source_id", "gone_at", "gone_reason", "gone_to", "history_state")
    assert ("1", at(1), "moved", "ORI-5", "complete") == rows(store, schema.work_item, *shown)[0]
    with store.reading() as conn:
        assert presence.present(conn, 1, schema.work_item, "10000") == ["2"]
    with writer(store, now=at(2)) as third:
        assert {"1"} == third.work_items([item("1")])
        assert third.rows == 1
    assert rows(store, schema.work_item, *shown)[0] == ("1", None, None, None, "not_fetched")
    assert rows(store, schema.work_item, "first_seen_at")[0] == (START,)


def test_former_keys_stay_aliases(store: Store) -> None:
    with writer(store) as first:
        first.work_items([item("1", key="APO-1", former_keys=("OLD-9",))])
    with writer(store, now=at(1)) as second:
        second.work_items([item("1", key="ORI-3", updated_at=at(1))])
        second.histories(
            [History("1", COMPLETE, (event("1", "5.0", field=EventField.KEY, old_text="MID-2"),))]
        )
    assert [("APO-1", START), ("MID-2", at(1)), ("OLD-9", START), ("ORI-3", at(1))] == rows(
        store, schema.work_item_key, "key", "first_seen_at"
    )


def test_a_parent_named_by_key_becomes_an_id_once_it_is_there(store: Store) -> None:
    child = item("2", parent_id="key:APO-1")
    with writer(store) as first:
        first.work_items([child, item("3", parent_id="key:APO-404"), item("4", parent_id="9")])
        first.resolve_parents()
    with writer(store) as second:
        second.work_items([item("1")])
        second.resolve_parents()
    expected = [("1", None), ("2", "1"), ("3", "key:APO-404"), ("4", "9")]
    assert expected == rows(store, schema.work_item, "source_id", "parent_id")
    with writer(store) as third:
        third.work_items([child])
        assert third.rows == 0


# --- histories ------------------------------------------------------------------------------


def test_a_history_is_a_set_of_which_the_past_stays_known(store: Store) -> None:
    one, two, three = (event("1", f"{n}.0", at=at(n)) for n in (1, 2, 3))
    with writer(store) as first:
        first.work_items([item("1")])
        first.histories([History("1", COMPLETE, (one, two))])
        assert first.rows == 3
    with writer(store, now=at(60)) as second:
        second.histories([History("1", COMPLETE, (replace(one, new_text="Doing"), three))])
        assert second.rows == 4
    with writer(store, now=at(120)) as third:
        third.histories([History("1", COMPLETE, (replace(one, new_text="Doing"), two, three))])
        assert third.rows == 1
    shown = ("source_event_id", "new_text", "known_from", "known_to")
    assert [
        ("1.0", "In Progress", START, at(60)),
        ("1.0", "Doing", at(60), None),
        ("2.0", "In Progress", START, at(60)),
        ("2.0", "In Progress", at(120), None),
        ("3.0", "In Progress", at(60), None),
    ] == rows(store, schema.field_event, *shown)


@pytest.mark.parametrize("state", [HistoryState.PARTIAL, HistoryState.UNAVAILABLE])
def test_a_cut_history_takes_nothing_away(store: Store, state: HistoryState) -> None:
    with writer(store) as first:
        first.work_items([item("1")])
        first.histories([History("1", COMPLETE, (event("1", "1.0"), event("1", "2.0")))])
    with writer(store, now=at(1)) as second:
        second.histories([History("1", state, (event("1", "2.0"),), reason="cut at 100")])
        assert second.rows == 0
    assert rows(store, schema.field_event, "known_to") == [(None,), (None,)]
    assert [(state.value, "cut at 100")] == rows(
        store, schema.work_item, "history_state", "history_reason"
    )


def test_events_come_back_in_order_of_time_and_number(store: Store) -> None:
    named = [("10.0", 5), ("9.1", 5), ("9.0", 5), ("11.0", 1)]
    with writer(store) as one:
        events = [event("1", id_, at=at(minutes)) for id_, minutes in named]
        events[0] = replace(events[0], old_ids=("1", "2"), new_ids=(), old_text=None)
        one.histories([History("1", COMPLETE, tuple(events))])
    with store.reading() as conn:
        found = read.events(conn, 1, ["1"])["1"]
    assert [row.source_event_id for row in found] == ["11.0", "9.0", "9.1", "10.0"]
    assert (found[-1].old_ids, found[-1].new_ids, found[-1].old_text) == (("1", "2"), (), None)
    assert (at(1), EventField.STATUS, False) == (found[0].at, found[0].field, found[0].is_delta)


def test_the_history_state_is_set_also_where_the_item_itself_did_not_change(store: Store) -> None:
    with writer(store) as first:
        first.work_items([item("1")])
    with writer(store) as second:
        second.work_items([item("1", history=COMPLETE)])
        second.histories([History("1", COMPLETE, ())])
        assert second.rows == 0
    assert rows(store, schema.work_item, "history_state") == [("complete",)]


# --- what follows from histories ------------------------------------------------------------


def test_memberships_are_corrected_and_not_overwritten(store: Store) -> None:
    row = member()
    with writer(store) as first:
        first.memberships({"1": [row], "2": [row]})
        assert first.rows == 2
    with writer(store, now=at(60)) as second:
        ended = replace(row, valid_to=at(30), end_cause="event", end_event_id="4.0")
        again = replace(row, valid_from=at(40), cause="event")
        second.memberships({"1": [ended, again]})
        assert second.rows == 3
    with writer(store, now=at(90)) as third:
        third.memberships({"1": [ended, again], "2": [row]})
        assert third.rows == 0
    shown = ("member_id", "valid_from", "valid_to", "known_from", "known_to")
    assert [
        ("1", START, None, START, at(60)),
        ("1", START, at(30), at(60), None),
        ("1", at(40), None, at(60), None),
        ("2", START, None, START, None),
    ] == rows(store, schema.scope_membership, *shown)
    with store.reading() as conn:
        assert {"1": {ended, again}, "2": {row}} == {
            id_: set(found) for id_, found in read.memberships(conn, 1, ["1", "2", "3"]).items()
        }


def test_what_follows_from_a_history_is_no_source_row(store: Store) -> None:
    with writer(store) as one:
        one.raw("10000", [Raw("1"), Raw("2")])
        one.work_items([item("1"), item("2")])
        before = one.rows
        one.settle({"1": ("partial", "cut at 100", at(1), at(5))})
        assert before == one.rows
    with writer(store) as two:
        two.settle({"1": ("complete", None, at(1), None)})
    assert [("complete", None, at(1), None), ("not_fetched", None, None, None)] == rows(
        store,
        schema.work_item,
        "history_state",
        "history_reason",
        "started_at",
        "done_at",
    )


def test_links_that_vanish_are_withdrawn_and_may_come_back(store: Store) -> None:
    for minutes, targets, written in ((0, "23", 2), (1, "3", 1), (2, "23", 1), (3, "23", 0)):
        with writer(store, now=at(minutes)) as one:
            one.links([links("1", *targets)])
            assert written == one.rows
    assert [("2", START, at(1)), ("2", at(2), None), ("3", START, None)] == rows(
        store, schema.link, "to_id", "first_seen_at", "withdrawn_at"
    )


def test_data_issues_are_a_set_per_subject(store: Store) -> None:
    bad = DataIssue("bad-date", "issues:1", "duedate", "tomorrow", "Look at it.")
    unmapped = DataIssue("unmapped-status", "status:5", None, "Odd", "Add the line …")
    with writer(store) as first:
        first.data_issues(["issues:1", "issues:2"], [bad, unmapped])
        assert first.rows == 2
    with writer(store, now=at(1)) as second:
        second.data_issues(["issues:1", "issues:2"], [])
        assert second.rows == 1
    shown = ("kind", "field", "first_seen_at", "gone_at")
    expected = [("bad-date", "duedate", START, at(1)), ("unmapped-status", "", START, None)]
    assert expected == rows(store, schema.data_issue, *shown)
    with writer(store, now=at(2)) as third:
        third.data_issues(["issues:1"], [bad, unmapped])
        assert third.rows == 1
    assert rows(store, schema.data_issue, *shown)[0] == ("bad-date", "duedate", START, None)


# --- text no database takes -----------------------------------------------------------------


def test_nul_and_lone_surrogates_never_reach_the_database(store: Store) -> None:
    bad, good = "a\0b\ud800c", "ab?c"
    for written in (7, 0):
        with writer(store) as one:
            one.accounts([Account("u1", bad)])
            one.work_items([item("1", title=bad, labels=(bad,))])
            one.histories([History("1", COMPLETE, (event("1", "1.0", old_text=bad),))])
            one.links([links("1", "2", raw_kind=bad)])
            one.memberships({"1": [member(source_event_id=bad)]})
            one.data_issues([], [DataIssue("odd", "x", bad, bad, bad)])
            one.scopes([Scope("1", ScopeKind.PROJECT, "A", bad)])
            assert written == one.rows
    assert [(good, [good])] == rows(store, schema.work_item, "title", "labels")
    assert [(good,)] == rows(store, schema.field_event, "old_text")
    assert [(good,)] == rows(store, schema.link, "raw_kind")
    assert [(good,)] == rows(store, schema.account, "name")
    assert [(good,)] == rows(store, schema.scope, "name")
    assert [(good,)] == rows(store, schema.scope_membership, "source_event_id")
    assert [(good, good, good)] == rows(store, schema.data_issue, "field", "raw_value", "message")


def test_a_naive_instant_is_refused(store: Store) -> None:
    """B47: No instant without a zone is ever stored."""
    with pytest.raises(ValueError, match="naive"), writer(store) as one:
        one.work_items([item("1", updated_at=START.replace(tzinfo=None))])
    assert rows(store, schema.work_item) == []


def test_many_rows_of_one_page(store: Store) -> None:
    ids = [str(i) for i in range(400)]
    for written in (1600, 0):
        with writer(store) as one:
            one.raw("10000", [Raw(id_) for id_ in ids])
            one.work_items([item(id_) for id_ in ids])
            one.histories(
                [
                    History(id_, COMPLETE, tuple(event(id_, f"{id_}.{n}") for n in range(2)))
                    for id_ in ids
                ]
            )
            one.links([links(id_, "x") for id_ in ids])
            assert written == one.rows
    assert len(rows(store, schema.field_event, "source_event_id")) == 800


def test_what_a_page_writes_twice_ends_as_the_second(store: Store) -> None:
    first, second = event("1", "1.0"), event("1", "2.0")
    with writer(store) as one:
        one.raw("10000", [Raw("1")])
        one.work_items([item("1", history=COMPLETE)])
        for events, target, milestone in (((first,), "2", "501"), ((second,), "3", "502")):
            one.histories([History("1", COMPLETE, events)])
            one.links([links("1", target)])
            one.memberships({"1": [member(milestone_id=milestone)]})
            one.settle({"1": ("complete", None, START, at(int(target)))})
    with store.reading() as conn:
        found = read.events(conn, 1, ["1"])["1"]
        assert [row.source_event_id for row in found] == ["2.0"]
        assert [row.milestone_id for row in read.memberships(conn, 1, ["1"])["1"]] == ["502"]
    assert rows(store, schema.link, "to_id", "withdrawn_at") == [("2", START), ("3", None)]
    assert rows(store, schema.work_item, "done_at") == [(at(3),)]
