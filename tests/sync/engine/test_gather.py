"""Pages that are written in one transaction."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Page, RawRecord, Unavailable, Unreadable
from sync.engine.gather import RECORDS, SECONDS, gathered

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def record(id_: str, stream: str = "issues") -> RawRecord:
    return RawRecord(stream, id_, b"{}", NOON)


def page(*ids: str, cursor: int | None = None, committed: bool = False) -> Page:
    held = None if cursor is None else {"at": cursor}
    return Page(tuple(map(record, ids)), cursor=held, committed=committed)


def still() -> float:
    return 0.0


def test_small_pages_are_one_and_the_last_cursor_counts() -> None:
    found = list(gathered([page("1", cursor=1), page("2", cursor=2), page("3", cursor=3)], still))
    assert [[one.source_id for one in each.records] for each in found] == [["1", "2", "3"]]
    assert found[0].cursor == {"at": 3}
    assert not found[0].committed


def test_a_page_without_a_cursor_leaves_the_one_before_it() -> None:
    (found,) = gathered([page("1", cursor=1), page("2")], still)
    assert found.cursor == {"at": 1}


def test_the_last_page_of_a_walk_tells_the_start_of_the_next_one_alone() -> None:
    (found,) = gathered([page("1", cursor=1), page("2", committed=True)], still)
    assert found.committed
    assert found.cursor is None


def test_what_could_not_be_read_and_what_is_done_are_kept() -> None:
    pages = [
        Page((record("1"),), unreadable=(Unreadable("7", "gone", "missing"),), done_ids=("1",)),
        Page((record("2"),), unreadable=(Unreadable("8", "gone", "missing"),), done_ids=("2",)),
    ]
    (found,) = gathered(pages, still)
    assert [one.source_id for one in found.unreadable] == ["7", "8"]
    assert found.done_ids == ("1", "2")


def test_one_record_never_comes_twice_in_a_transaction() -> None:
    found = list(gathered([page("1", "2"), page("2", "3"), page("4")], still))
    assert [[one.source_id for one in each.records] for each in found] == [
        ["1", "2"],
        ["2", "3", "4"],
    ]


def test_one_id_of_two_streams_is_two_records() -> None:
    pages = [Page((record("1"),)), Page((record("1", "changelogs"),))]
    assert len(list(gathered(pages, still))) == 1


def test_enough_records_are_written() -> None:
    full = page(*map(str, range(RECORDS)))
    assert len(list(gathered([full, page("a"), page("b")], still))) == 2


def test_a_slow_server_does_not_hold_back_what_came() -> None:
    now = iter([0.0, SECONDS, 10.0, 10.1, 10.2, 10.3])
    found = list(gathered([page("1"), page("2"), page("3")], lambda: next(now)))
    assert [len(one.records) for one in found] == [1, 2]


def test_what_came_before_trouble_is_handed_on_before_it() -> None:
    def pages() -> Iterator[Page]:
        yield page("1", cursor=1)
        yield page("2", cursor=2)
        raise Unavailable("no answer")

    found: list[Page] = []
    with pytest.raises(Unavailable):
        found.extend(gathered(pages(), still))
    assert [one.cursor for one in found] == [{"at": 2}]


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=4, unique=True), max_size=12))
def test_every_record_comes_in_its_order(pages: list[list[str]]) -> None:
    given_ = [page(*ids, cursor=i) for i, ids in enumerate(pages)]
    found = list(gathered(given_, still))
    assert [r.source_id for p in found for r in p.records] == [id_ for ids in pages for id_ in ids]
    assert all(len({r.source_id for r in p.records}) == len(p.records) for p in found)
    assert (found[-1].cursor == {"at": len(pages) - 1}) if pages else not found
