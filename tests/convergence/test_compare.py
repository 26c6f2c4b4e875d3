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


@pytest.mark.full
def test_what_is_gone_is_compared_with_nothing(stores: tuple[Store, Store]) -> None:
    lived, fresh = stores
    change(fresh, "DELETE FROM work_item WHERE key = 'APO-3'")
    change(fresh, "DELETE FROM work_item_key WHERE key = 'APO-3'")
    assert difference(lived, fresh).extra == {
        "work_item": difference(lived, fresh).extra["work_item"]
    }
    change(lived, "UPDATE work_item SET gone_at = '2026-03-02 12:00:00.000000' WHERE key = 'APO-3'")
    assert "work_item" not in difference(lived, fresh).extra


@pytest.mark.full
def test_a_parent_named_by_its_key_alone_is_found_but_where_nobody_can_read_it(
    stores: tuple[Store, Store],
) -> None:
    lived, fresh = stores
    change(lived, "UPDATE work_item SET parent_id = 'key:APO-1' WHERE key = 'APO-2'")
    change(fresh, "UPDATE work_item SET parent_id = NULL WHERE key = 'APO-2'")
    # That another item is out of sight explains nothing.
    found = difference(lived, fresh, vague=["1"], unseen_keys=["APO-3"])
    assert {name: len(rows) for name, rows in found.extra.items()} == {"work_item": 1}
    assert not difference(lived, fresh, unseen_keys=["APO-1"])


def test_a_link_may_name_its_end_by_a_former_key_and_by_no_other(
    stores: tuple[Store, Store],
) -> None:
    lived, fresh = stores
    with lived.reading() as conn:
        end = conn.exec_driver_sql("SELECT MAX(to_id) FROM link").scalar_one()
    # Both ends of a link declare it.
    change(lived, f"UPDATE link SET to_key = 'OLD-7' WHERE to_id = '{end}'", rows=2)
    assert set(difference(lived, fresh).extra) == {"link"}
    with lived.writing() as conn:
        conn.exec_driver_sql(
            "INSERT INTO work_item_key (connection_id, key, work_item_id, first_seen_at) "
            f"VALUES (1, 'OLD-7', '{end}', '2026-03-02 12:00:00.000000')"
        )
    assert not difference(lived, fresh)


def test_only_a_check_that_was_read_once_may_be_named_still(stores: tuple[Store, Store]) -> None:
    lived, fresh = stores
    with lived.writing() as conn:
        conn.exec_driver_sql(
            "INSERT INTO test_check (connection_id, scope_id, name, is_test, why, known_from) "
            "VALUES (1, '1', 'made up', TRUE, 'nobody knows', '2026-03-02 12:00:00.000000')"
        )
    assert set(difference(lived, fresh).extra) == {"test_check"}
