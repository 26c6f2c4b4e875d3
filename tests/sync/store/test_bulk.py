"""Many rows in one call."""

import pytest
from support.store import START, Raw, at, connection, empty, rows, writer

from sync.errors import StoreError
from sync.store import bulk, schema
from sync.store.guard import clean, clean_row
from sync.store.open import Store

COLUMNS = ("connection_id", "key", "work_item_id", "first_seen_at")


@pytest.mark.parametrize("count", [1, bulk.COPY_FROM - 1, bulk.COPY_FROM, bulk.COPY_FROM + 50])
def test_every_size_of_batch_ends_in_the_same_rows(store: Store, count: int) -> None:
    values = [(1, f"APO-{i:04}", str(i), START) for i in range(count)]
    again = [(*value[:3], at(1)) for value in values]
    keep = bulk.upsert(store.dialect, schema.work_item_key, COLUMNS, None)
    overwrite = bulk.upsert(store.dialect, schema.work_item_key, COLUMNS, ("first_seen_at",))
    with store.writing() as conn:
        assert keep.run(conn, values) == count
        keep.run(conn, again)
    assert rows(store, schema.work_item_key) == values
    with store.writing() as conn:
        # Twice in one transaction, and of rows with one key the last.
        overwrite.run(conn, values)
        overwrite.run(conn, [*values, *reversed(again)])
    assert rows(store, schema.work_item_key) == again


@pytest.mark.parametrize(
    "count",
    [1, bulk.TOGETHER - 1, bulk.TOGETHER, bulk.TOGETHER + 1, bulk.BLANK_FROM, bulk.COPY_FROM + 1],
)
@pytest.mark.parametrize("filled", [0, 1, 2])
def test_columns_end_in_the_rows_that_they_are(store: Store, count: int, filled: int) -> None:
    """`filled`: no row has a raw value, every second one from the second on has, or all have."""
    names = ("connection_id", "kind", "subject", "field", "raw_value", "message", "first_seen_at")
    data = ("raw_value", "message", "first_seen_at")
    raw = [f"v{i}" if filled == 2 or (filled and i % 2) else None for i in range(count)]
    values = [(1, "k", f"{i:04}", "f", raw[i], f"m{i}", START) for i in range(count)]
    made = bulk.upsert(store.dialect, schema.data_issue, names, data)
    with store.writing() as conn:
        # Again what is there, and of rows with one key the last.
        old = [(*value[:4], "old", "old", at(1)) for value in values]
        assert made.run_columns(conn, list(zip(*old, strict=True))) == count
        twice = [*old, *values]
        assert made.run_columns(conn, list(zip(*twice, strict=True))) == 2 * count
        assert made.run_columns(conn, list(zip(*values, strict=True))) == count
        assert made.run(conn, values) == count
    assert rows(store, schema.data_issue, *names) == values


def test_no_rows_is_no_statement(store: Store) -> None:
    made = bulk.upsert(store.dialect, schema.work_item_key, COLUMNS, None)
    with store.writing() as conn:
        assert made.run(conn, []) == 0
        assert (
            bulk.updater(store.dialect, schema.work_item_key, ("key",), ("key",)).run(conn, []) == 0
        )


def test_a_batch_that_fails_leaves_nothing(store: Store) -> None:
    def write_two_pages() -> None:
        with writer(store) as one:
            one.raw("10000", [Raw(str(i)) for i in range(bulk.COPY_FROM)])
            one.raw("10000", [Raw("x", shape=2**80)])

    with pytest.raises(Exception, match=r"large|range|big"):
        write_two_pages()
    assert rows(store, schema.raw_record) == []
    with writer(store) as one:
        one.raw("10000", [Raw(str(i)) for i in range(bulk.COPY_FROM)])
    assert len(rows(store, schema.raw_record, "source_id")) == bulk.COPY_FROM


@pytest.mark.postgres
def test_trouble_in_a_large_batch_is_ours_too(shared_postgres: Store) -> None:
    empty(shared_postgres)
    connection(shared_postgres)
    made = bulk.upsert("postgresql", schema.work_item_key, COLUMNS, None)
    values = [(1, f"s3cret\0{i}", str(i), START) for i in range(bulk.COPY_FROM)]
    with pytest.raises(StoreError, match="the database") as caught:
        with shared_postgres.writing() as conn:
            made.run(conn, values)
    assert "s3cret" not in f"{caught.value} {caught.value.__cause__}"
    assert rows(shared_postgres, schema.work_item_key) == []


def test_a_hash_is_of_the_clean_row() -> None:
    values, digest = bulk.hashed(["a\0b", ["\ud800"], START, None, 1.5])
    assert values == ["ab", ["?"], START, None, 1.5]
    assert (values, digest) == bulk.hashed(values)
    assert digest != bulk.hashed(["ab", ["!"], START, None, 1.5])[1]
    # An escape that only looks like one is a text of its own.
    assert bulk.hashed(["\\u0000"])[0] == ["\\u0000"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("Grüße 日本 🚀", "Grüße 日本 🚀"),
        ("a\0", "a"),
        ("\udfff", "?"),
        ("", ""),
    ],
)
def test_text_no_database_takes_is_made_clean(text: str, expected: str) -> None:
    assert clean(text) == expected
    assert clean_row((1, text, None)) == (1, expected, None)
    assert clean((text, [text])) == [expected, [expected]]
