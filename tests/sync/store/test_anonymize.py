"""A copy without names: no word of anybody is left in it, and what is equal stays equal."""

import re
from enum import StrEnum
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.commands import judged
from support.jira_site import serving
from support.store import contents, rows

from mappings import vocabulary
from sync.cli.main import main
from sync.store import schema
from sync.store.anonymize import LEFT_OUT, OURS, Scrub, anonymize, is_left_out
from sync.store.open import Store, open_store


def test_columns_said_to_hold_our_words_are_there() -> None:
    there = {column.name for table in schema.metadata.sorted_tables for column in table.columns}
    assert OURS - there <= set()
    assert set(schema.metadata.tables) >= LEFT_OUT


def test_a_new_column_is_scrubbed_unless_it_is_listed() -> None:
    table = sa.Table("new", sa.MetaData(), sa.Column("what_people_say", sa.Text))
    change = Scrub(b"key").of(table.c.what_people_say)
    assert change is not None
    assert change("Ada") != "Ada"


def test_the_same_word_becomes_the_same_word_and_another_key_another() -> None:
    one, other = Scrub(b"one"), Scrub(b"other")
    assert one.word("Ada") == one.word("Ada") != one.word("ada")
    assert one.word("Ada") != other.word("Ada")
    assert one.word("") == ""


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("10042", "10042"),
        ("issue:10042", "issue:10042"),
        ("gid://gitlab/Issue/12", "gid://gitlab/Issue/12"),
        ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("APO-12", "-12"),
        ("acme/api#7", "#7"),
        ("push:main", "push:"),
    ],
)
def test_what_a_machine_counts_stays_in_an_id(text: str, stays: str) -> None:
    found = Scrub(b"key").id(text)
    assert stays in found
    for word in ("APO", "acme", "api", "main"):
        assert word not in found


def names_in(store: Store) -> set[str]:
    """Every word of at least four letters that a person may have thought of."""
    found: set[str] = set()

    def take(value: object) -> None:
        if isinstance(value, str):
            found.add(value)
            if "://" not in value:
                found.update(re.split(r"[\s/@:#]+", value))
            else:
                found.add(value.split("/")[2])
        elif isinstance(value, (list, tuple)):
            for one in value:
                take(one)

    for table, columns in (
        (schema.account, ("name", "login", "email", "url")),
        (schema.work_item, ("title", "key", "url", "labels", "components", "team")),
        (schema.milestone, ("name", "url")),
        (schema.scope, ("key", "name", "url")),
        (schema.connection, ("name", "base_url", "account_name", "server_name")),
        (schema.metadata.tables["change_request"], ("title", "key", "head_ref", "url")),
        (schema.finding, ("title",)),
        (schema.baseline, ("author", "reason")),
    ):
        for row in rows(store, table, *columns):
            take(row)
    # Numbers, dates and words of our own vocabulary are nobody's.
    ours = {"http", "https", "jira", "github", "gitlab", "index", "missing"} | {
        str(word)
        for kind in vars(vocabulary).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum)
        for word in kind
    }
    for rule, words in rows(store, schema.finding, "rule", "words"):
        ours.update(*(re.split("[_-]", one) for one in (rule or "", *words)))
    ours.update(row[0] for row in rows(store, schema.sync_step, "stream"))
    return {one for one in found if len(one) >= 4 and re.search("[^0-9.:+T-]", one)} - ours


def check(source: Store, file: Path) -> None:
    """No name of the source stands in the file's bytes; rows are as many, and joins hold."""
    target = open_store(str(file))
    written = anonymize(source, target)
    before, after = contents(source), contents(target)
    for table in schema.metadata.sorted_tables:
        if table is not schema.store_info:
            wanted = 0 if is_left_out(table) else len(before[table.name])
            assert len(after[table.name]) == wanted, table.name
    assert written > 0
    item = schema.work_item.c
    status = schema.status.c
    query = sa.select(sa.func.count()).select_from(
        schema.work_item.join(
            schema.status,
            sa.and_(
                status.connection_id == item.connection_id,
                status.source_id == item.raw_status_id,
            ),
        )
    )
    with source.reading() as one, target.reading() as other:
        assert one.execute(query).scalar() == other.execute(query).scalar()
        assert other.execute(query).scalar() or 0 > 0
    target.close()
    raw = b"".join(
        path.read_bytes() for path in (file, file.with_name(f"{file.name}-wal")) if path.exists()
    )
    titles = {row[0] for row in rows(source, schema.work_item, "title")}
    assert titles
    # The end of a scrubbed word and the next column's beginning may spell a name by chance.
    text = re.sub(r"x[0-9a-f]{16}", "*", raw.decode("utf-8", "replace"))
    own = schema_words()
    left = sorted(one for one in names_in(source) if one in text and one not in own)
    assert left == []


def test_a_store_of_jira_keeps_no_name(tmp_path: Path) -> None:
    with serving(issues=12) as bench:
        store = open_store(str(judged(bench, tmp_path)))
    check(store, tmp_path / "shown.db")
    store.close()


@pytest.mark.full
def test_the_company_in_three_systems_keeps_no_name(tmp_path: Path) -> None:
    assert main(["demo", "--out", str(tmp_path), "--seed", "3"]) == 0
    store = open_store(str(tmp_path / "driftline.db"))
    check(store, tmp_path / "shown.db")
    store.close()


def schema_words() -> str:
    """What stands in a store that holds nothing, one long text."""
    from sync.store.views import VIEWS

    tables = " ".join(
        # SQLite writes a table's name twice, one behind the other.
        f"{table.name}{table.name} {' '.join(column.name for column in table.columns)}"
        for table in schema.metadata.sorted_tables
    )
    return f"{tables} {' '.join(f'{one.name} {one.sql}' for one in VIEWS)} {' '.join(sorted(OURS))}"
