"""Laws of the writer, on both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from support.store import START, Raw, at, connection, empty, event, item, links, rows, writer

from mappings.records import Account, DataIssue, History, WorkItem
from mappings.vocabulary import HistoryState, MilestoneKind
from sync.store import read, schema
from sync.store.open import Store
from sync.store.rows import MembershipRow

COMPLETE = HistoryState.COMPLETE
few = settings(max_examples=settings.default.max_examples // 4)

ids = st.sampled_from(["1", "2", "3"])
#: Any text, also what no database takes.
texts = st.text(st.characters(codec=None), max_size=8) | st.sampled_from(["\0", "\ud800", "é\0x"])
events = st.dictionaries(st.sampled_from("abcd"), texts | st.none(), max_size=4)


def fresh(store: Store) -> None:
    empty(store)
    connection(store)


def history(source_id: str, texts_of: dict[str, str | None]) -> History:
    return History(
        source_id,
        COMPLETE,
        tuple(event(source_id, f"{id_}.0", new_text=text) for id_, text in texts_of.items()),
    )


@st.composite
def pages(draw: st.DrawFn) -> list[tuple[WorkItem, History, Sequence[str]]]:
    page = []
    for source_id in draw(st.lists(ids, max_size=4)):
        one = item(
            source_id,
            title=draw(texts),
            raw_status=draw(st.none() | texts),
            labels=tuple(draw(st.lists(texts, max_size=2))),
            estimate_points=draw(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
            updated_at=draw(st.none() | st.just(START) | st.just(at(1))),
            history=draw(st.sampled_from(HistoryState)),
        )
        page.append((one, history(source_id, draw(events)), draw(st.lists(ids, max_size=2))))
    return page


@few
@given(page=pages())
def test_a_page_written_twice_writes_nothing(
    store: Store, page: list[tuple[WorkItem, History, Sequence[str]]]
) -> None:
    fresh(store)
    written = []
    for minutes in (0, 60):
        with writer(store, now=at(minutes)) as one:
            one.raw(
                "10000",
                [Raw(entry[0].source_id, entry[0].title.encode(errors="ignore")) for entry in page],
            )
            one.accounts([Account(entry[0].source_id, entry[0].title) for entry in page])
            one.work_items([entry[0] for entry in page])
            one.histories([entry[1] for entry in page])
            one.links([links(entry[0].source_id, *entry[2]) for entry in page])
            one.data_issues(["x"], [DataIssue("odd", "x", None, entry[0].title) for entry in page])
            written.append(one.rows)
    assert (written[0] > 0, written[1]) == (bool(page), 0)


@few
@given(
    versions=st.lists(
        st.tuples(ids, st.integers(0, 9), events, st.lists(ids, max_size=2)),
        unique_by=lambda version: (version[0], version[1]),
        max_size=6,
    ).flatmap(lambda made: st.tuples(st.just(made), st.permutations(made)))
)
def test_the_order_of_pages_does_not_matter(store: Store, versions: Any) -> None:
    ends = []
    for order in versions:
        fresh(store)
        for step, (source_id, minute, texts_of, targets) in enumerate(order):
            with writer(store, now=at(100 + step)) as one:
                when = at(minute)
                title = f"at {minute}"
                one.raw("10000", [Raw(source_id, title.encode(), updated_at=when)])
                one.work_items([item(source_id, title=title, updated_at=when, history=COMPLETE)])
                one.histories([history(source_id, texts_of)])
                one.links([links(source_id, *targets)])
        with store.reading() as conn:
            ends.append(
                (
                    rows(store, schema.work_item, "source_id", "title", "updated_at"),
                    rows(store, schema.work_item, "history_state"),
                    rows(store, schema.raw_record, "source_id", "content_hash", "updated_at"),
                    read.events(conn, 1, ["1", "2", "3"]),
                    open_links(store),
                )
            )
    assert ends[0] == ends[1]


def open_links(store: Store) -> set[tuple[str, str]]:
    return {
        (from_id, to_id)
        for from_id, to_id, withdrawn in rows(
            store, schema.link, "from_id", "to_id", "withdrawn_at"
        )
        if withdrawn is None
    }


def known_at(store: Store, table: sa.Table, when: datetime, *columns: str) -> set[tuple[Any, ...]]:
    known_to = table.c.get("known_to", table.c.get("withdrawn_at"))
    known_from = table.c.get("known_from", table.c.get("first_seen_at"))
    assert known_to is not None
    assert known_from is not None
    with store.reading() as conn:
        found = conn.execute(
            sa.select(*(table.c[name] for name in columns)).where(
                known_from <= when, sa.or_(known_to.is_(None), known_to > when)
            )
        ).all()
    assert len(found) == len(set(found))
    return {tuple(row) for row in found}


@few
@given(
    states=st.lists(
        st.dictionaries(
            ids,
            events.map(
                lambda e: {
                    id_: None
                    if text is None
                    else text.encode("utf-8", "ignore").decode().replace("\0", "")
                    for id_, text in e.items()
                }
            ),
            max_size=3,
        ),
        max_size=4,
    )
)
def test_what_was_known_then_stays_known(
    store: Store, states: list[dict[str, dict[str, str | None]]]
) -> None:
    fresh(store)
    expected: dict[str, dict[str, str | None]] = {}
    seen = []
    for step, state in enumerate(states):
        with writer(store, now=at(step)) as one:
            one.histories([history(id_, texts_of) for id_, texts_of in state.items()])
            one.links([links(id_, *texts_of) for id_, texts_of in state.items()])
            one.memberships({id_: intervals(texts_of) for id_, texts_of in state.items()})
        expected = {**expected, **state}
        seen.append(expected)
    for step, then in enumerate(seen):
        when = at(step)
        names = ("work_item_id", "source_event_id", "new_text")
        assert known_at(store, schema.field_event, when, *names) == {
            (id_, f"{event_id}.0", text)
            for id_, texts_of in then.items()
            for event_id, text in texts_of.items()
        }
        assert known_at(store, schema.link, when, "from_id", "to_id") == {
            (id_, target) for id_, texts_of in then.items() for target in texts_of
        }
        names = ("member_id", "milestone_id", "valid_to", "cause")
        assert known_at(store, schema.scope_membership, when, *names) == {
            (id_, row.milestone_id, row.valid_to, row.cause)
            for id_, texts_of in then.items()
            for row in intervals(texts_of)
        }


def intervals(texts_of: dict[str, str | None]) -> list[MembershipRow]:
    return [
        MembershipRow(
            MilestoneKind.VERSION,
            milestone_id,
            START,
            None if text is None else at(len(text)),
            True,
            text or "created",
            None,
            None,
            None,
        )
        for milestone_id, text in texts_of.items()
    ]


zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))


@few
@given(when=st.datetimes(datetime(1000, 1, 3), datetime(9999, 12, 29), timezones=zones))
def test_an_instant_comes_back_in_utc_to_the_microsecond(store: Store, when: datetime) -> None:
    """B47: Neither database nor process moves it by a zone."""
    fresh(store)
    with writer(store) as one:
        one.work_items([item("1", resolved_at=when)])
        one.settle({"1": ("complete", None, when, None)})
    with store.reading() as conn:
        through_core = conn.execute(sa.select(schema.work_item.c.started_at)).scalar_one()
        by_hand = read.items(conn, 1, ["1"])["1"].resolved_at
    assert (through_core, by_hand) == (when, when)
    assert through_core.tzinfo is UTC
    assert by_hand is not None
    assert by_hand.tzinfo is UTC
