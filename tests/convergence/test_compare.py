"""What holds two stores against each other finds what is lost, too much, and wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.schedules.compare import difference
from support.schedules.systems import Company, company

from sync.store.open import Store, open_store


@pytest.fixture(scope="module")
def there() -> Iterator[Company]:
    with company("jira-dc", 1, scopes=1, items=4) as made:
        yield made


@pytest.fixture
def stores(there: Company, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    pair = (open_store(str(tmp_path / "lived.db")), open_store(str(tmp_path / "fresh.db")))
    for one in pair:
        there.run(one)
    yield pair
    for one in pair:
        one.close()


def change(store: Store, statement: str, rows: int = 1) -> None:
    with store.writing() as conn:
        assert conn.exec_driver_sql(statement).rowcount == rows


def test_equal_stores_are_equal_and_each_change_is_found(stores: tuple[Store, Store]) -> None:
    lived, fresh = stores
    found = difference(lived, fresh)
    assert (found.lost, found.extra) == ({}, {})
    assert found.compared > 100
    change(lived, "UPDATE work_item SET title = 'Wrong' WHERE key = 'APO-2'")
    change(lived, "DELETE FROM milestone WHERE source_id = (SELECT MAX(source_id) FROM milestone)")
    # Both ends of a link declare it.
    change(fresh, "DELETE FROM link WHERE source_id = (SELECT MIN(source_id) FROM link)", rows=2)
    found = difference(lived, fresh)
    assert {name: len(rows) for name, rows in found.lost.items()} == {
        "milestone": 1,
        "work_item": 1,
    }
    assert {name: len(rows) for name, rows in found.extra.items()} == {"link": 2, "work_item": 1}


def test_what_is_gone_is_compared_with_nothing(stores: tuple[Store, Store]) -> None:
    lived, fresh = stores
    change(fresh, "DELETE FROM work_item WHERE key = 'APO-3'")
    change(fresh, "DELETE FROM work_item_key WHERE key = 'APO-3'")
    assert difference(lived, fresh).extra == {
        "work_item": difference(lived, fresh).extra["work_item"]
    }
    change(lived, "UPDATE work_item SET gone_at = '2026-03-02 12:00:00.000000' WHERE key = 'APO-3'")
    assert "work_item" not in difference(lived, fresh).extra
