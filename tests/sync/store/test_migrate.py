"""Migrations: equal to the tables, whole or not at all, with a copy beside."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import zstandard
from alembic import command
from alembic.script import ScriptDirectory
from support.store import START, Raw, connection, event, rows, writer

from mappings.records import History
from mappings.vocabulary import HistoryState
from sync.errors import StoreError
from sync.store import migrate, read, schema, tables_code
from sync.store.open import HEAD, REVISIONS, Store, open_store, refresh_views
from sync.store.views import VIEWS, drop_views

pytestmark = pytest.mark.full_on_postgres

_REVISION = """
import sqlalchemy as sa
import zstandard
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade():
{body}
"""


def revisions(tmp_path: Path, **bodies: str) -> Path:
    """The program's migrations, followed by others."""
    scripts = tmp_path / "migrations"
    shutil.copytree(migrate.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    before = HEAD
    for revision, body in bodies.items():
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        text = _REVISION.format(revision=revision, before=before, body=lines)
        (scripts / "versions" / f"{revision}.py").write_text(text, encoding="utf-8")
        before = revision
    return scripts


def structure(store: Store) -> Any:
    """Tables with columns, keys and indexes, as the database tells them."""
    found: dict[str, Any] = {}
    with store.reading() as conn:
        inspector = sa.inspect(conn)
        for table in inspector.get_table_names():
            found[table] = (
                # A column that is added later stands last; nothing asks for one by its place.
                sorted(
                    (column["name"], str(column["type"]), column["nullable"], column["default"])
                    for column in inspector.get_columns(table)
                ),
                inspector.get_pk_constraint(table),
                sorted(
                    (
                        str(index["name"]),
                        tuple(index["column_names"]),
                        {name: str(text) for name, text in index["dialect_options"].items()},
                    )
                    for index in inspector.get_indexes(table)
                ),
                sorted(inspector.get_foreign_keys(table), key=str),
                sorted(inspector.get_unique_constraints(table), key=str),
            )
    return found


def columns_of(store: Store) -> dict[str, Any]:
    """Columns by table, as the database tells them."""
    with store.reading() as conn:
        inspector = sa.inspect(conn)
        return {table: inspector.get_columns(table) for table in inspector.get_table_names()}


def migrated(store: Store, to: str = "head") -> None:
    """Make everything anew in an empty database, by migrations up to `to`."""
    config = migrate.config()
    with store.writing() as conn:
        drop_views(conn)
        schema.metadata.drop_all(conn)
        conn.exec_driver_sql("DROP TABLE alembic_version")
        config.attributes["connection"] = conn
        command.upgrade(config, to)


def test_the_program_knows_every_migration() -> None:
    scripts = ScriptDirectory.from_config(migrate.config())
    assert scripts.get_heads() == [HEAD]
    assert [one.revision for one in scripts.walk_revisions()][::-1] == list(REVISIONS)


def test_migrations_make_the_tables_of_the_program(empty_url: str) -> None:
    store = open_store(empty_url)
    at_once = structure(store)
    migrated(store)
    assert structure(store) == at_once
    config = migrate.config()
    with store.writing() as conn:
        config.attributes["connection"] = conn
        # Raises where Alembic finds a difference.
        command.check(config)
    store.close()


def test_tables_without_row_ids_stay_so_by_migration(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "a.db"))
    query = "SELECT name FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID%' ORDER BY name"
    with store.reading() as conn:
        at_once = conn.exec_driver_sql(query).scalars().all()
    migrated(store)
    with store.reading() as conn:
        assert conn.exec_driver_sql(query).scalars().all() == at_once
    # Not the former rows: of a key whose columns lie apart SQLite 3.40 says that they are NULL.
    assert sorted(at_once) == ["field_event", "item_text", "scope_membership"]
    store.close()


def test_an_upgrade_keeps_rows_and_views_and_a_copy(empty_url: str, tmp_path: Path) -> None:
    store = open_store(empty_url)
    with writer(store, connection(store)) as one:
        one.raw("10000", [Raw("1", b"[1]")])
    scripts = revisions(
        tmp_path,
        r0002="""\
with op.batch_alter_table("work_item") as batch:
    batch.alter_column("title", type_=sa.String(500))
    batch.add_column(sa.Column("extra", sa.Text(), nullable=True))
with op.batch_alter_table("connection", recreate="always" if op.get_bind().dialect.name ==
                          "sqlite" else "never") as batch:
    batch.add_column(sa.Column("extra", sa.Text(), nullable=True))""",
    )
    told = migrate.upgrade(store, HEAD, to="r0002", scripts=scripts)
    assert f"the store was brought from revision {HEAD} to r0002" in told
    with store.reading() as conn:
        assert conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "r0002"
        assert set(sa.inspect(conn).get_view_names()) == {view.name for view in VIEWS}
        assert conn.exec_driver_sql("SELECT extra FROM work_item").all() == []
        assert conn.exec_driver_sql("SELECT name, extra FROM connection").all() == [("jira", None)]
    assert rows(store, schema.raw_record, "source_id") == [("1",)]
    if store.dialect == "sqlite":
        with store.reading() as conn:
            assert conn.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert told.endswith(f"As it was before, it lies in {empty_url}.before-{HEAD}.")
        assert Path(f"{empty_url}.before-{HEAD}").stat().st_mode & 0o077 == 0
        copy = sqlite3.connect(f"{empty_url}.before-{HEAD}")
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
        assert copy.execute("SELECT source_id FROM raw_record").fetchall() == [("1",)]
        copy.close()
    else:
        address = sa.make_url(empty_url).set(drivername="postgresql").render_as_string()
        command_line = f"pg_dump --format=custom --file=driftline.dump {address}"
        assert told.endswith(f"before the next version, back it up with `{command_line}`.")
    store.close()


@pytest.mark.full
@pytest.mark.parametrize(
    "trouble",
    [
        'op.execute("SELECT nonsense FROM nowhere")',
        pytest.param("raise RuntimeError('stopped')", marks=pytest.mark.full),
    ],
)
def test_a_failing_upgrade_leaves_everything_as_it_was(
    empty_url: str, tmp_path: Path, trouble: str
) -> None:
    store = open_store(empty_url)
    connection(store)
    before = structure(store)
    scripts = revisions(
        tmp_path,
        r0002='op.create_table("half", sa.Column("id", sa.Integer()))',
        r0003=f'op.drop_table("outbox")\n{trouble}',
    )
    with pytest.raises(StoreError, match=r"the database refused|RuntimeError: stopped") as caught:
        migrate.upgrade(store, HEAD, to="r0003", scripts=scripts)
    assert caught.value.exit_code == 1
    assert f"the upgrade from revision {HEAD} to r0003 was taken back: " in str(caught.value)
    assert f"a driftline of revision {HEAD} works with it" in str(caught.value)
    assert structure(store) == before
    with store.reading() as conn:
        assert set(sa.inspect(conn).get_view_names()) == {view.name for view in VIEWS}
        assert conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == HEAD
    assert rows(store, schema.connection, "name", "first_seen_at") == [("jira", START)]
    store.close()


def test_an_upgrade_that_breaks_references_is_taken_back(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "a.db"))
    with writer(store, connection(store)) as one:
        one.raw("10000", [Raw("1")])
    scripts = revisions(tmp_path, r0002='op.execute("DELETE FROM connection")')
    with pytest.raises(StoreError, match=r"was taken back: it would break 1 references"):
        migrate.upgrade(store, HEAD, to="r0002", scripts=scripts)
    assert rows(store, schema.connection, "name") == [("jira",)]
    store.close()


def test_a_copy_that_cannot_be_finished_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(tmp_path / "a.db"))
    earlier = migrate.back_up(tmp_path / "a.db", HEAD).read_bytes()

    def stop(path: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(migrate, "copy_file", stop)
    scripts = revisions(tmp_path, r0002='op.execute("DELETE FROM connection")')
    connection(store)
    with pytest.raises(StoreError, match=r"could not be backed up .*: database or disk is full"):
        migrate.upgrade(store, HEAD, to="r0002", scripts=scripts)
    assert rows(store, schema.connection, "name") == [("jira",)]
    assert (tmp_path / f"a.db.before-{HEAD}").read_bytes() == earlier
    assert not list(tmp_path.glob("*.part"))
    store.close()


def test_a_damaged_store_is_not_upgraded(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "a.db"))
    connection(store)
    with store.writing() as conn:
        conn.exec_driver_sql("PRAGMA writable_schema = ON")
        # Two tables now claim the same pages.
        conn.exec_driver_sql(
            "UPDATE sqlite_master SET rootpage = "
            "(SELECT rootpage FROM sqlite_master WHERE name = 'status') WHERE name = 'outbox'"
        )
    store.close()
    store = open_store(str(tmp_path / "a.db"))
    scripts = revisions(tmp_path, r0002='op.execute("DELETE FROM connection")')
    with pytest.raises(StoreError, match="damaged and was not upgraded") as caught:
        migrate.upgrade(store, HEAD, to="r0002", scripts=scripts)
    assert "Restore a backup" in str(caught.value)
    assert not list(tmp_path.glob("*.before-*"))
    store.close()


def test_an_older_store_is_upgraded_when_it_is_opened(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(empty_url)
    connection(store)
    store.close()
    scripts = revisions(tmp_path, r0002='op.create_table("more", sa.Column("id", sa.Integer()))')
    monkeypatch.setattr("sync.store.open.HEAD", "r0002")
    monkeypatch.setattr("sync.store.open.REVISIONS", (HEAD, "r0002"))
    upgrade = migrate.upgrade
    monkeypatch.setattr(
        "sync.store.migrate.upgrade",
        lambda store, revision: upgrade(store, revision, to="r0002", scripts=scripts),
    )
    with pytest.raises(StoreError, match="older than this program") as caught:
        open_store(empty_url, read_only=True)
    assert caught.value.exit_code == 2
    for _ in range(2):
        store = open_store(empty_url)
        with store.reading() as conn:
            assert "more" in sa.inspect(conn).get_table_names()
        assert rows(store, schema.connection, "name") == [("jira",)]
        store.close()


@pytest.mark.full
def test_a_store_of_the_first_version_keeps_its_rows(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The program of then kept no former rows, and knew fewer columns.
    monkeypatch.setattr("sync.store.past.keep_ids", lambda *_: None)
    store = open_store(empty_url)
    expected = structure(store)
    migrated(store, "0001")
    with store.writing() as conn:
        conn.execute(sa.insert(schema.store_info).values(name="application", value="driftline"))
    connection(store)
    with store.writing() as conn:
        conn.execute(sa.insert(schema.work_item).values(**_of_then("1")))
        conn.execute(
            sa.insert(schema.work_item_key).values(
                connection_id=1, key="APO-1", work_item_id="1", first_seen_at=START
            )
        )
    with writer(store, 1) as one:
        one.histories([History("1", HistoryState.COMPLETE, (event("1", "1.0"),))])
    with store.writing() as conn:
        conn.execute(
            sa.insert(schema.raw_record).values(
                connection_id=1,
                stream="issues",
                source_id="1",
                scope_id="10000",
                shape=1,
                payload=zstandard.ZstdCompressor().compress(b'{"id":"1"}'),
                content_hash=b"0",
                fetched_at=START,
            )
        )
    # Columns of then: later ones are empty.
    kept = {
        name: [column["name"] for column in columns]
        for name, columns in columns_of(store).items()
        if name in ("work_item", "work_item_key", "field_event", "raw_record", "connection")
    }
    before = {name: rows(store, schema.metadata.tables[name], *kept[name]) for name in kept}
    assert all(before.values())
    with store.reading() as conn:
        assert "change_request" not in sa.inspect(conn).get_table_names()
    store.close()
    store = open_store(empty_url)
    assert structure(store) == expected
    after = {name: rows(store, schema.metadata.tables[name], *kept[name]) for name in kept}
    assert after == before
    assert rows(store, tables_code.change_request) == []
    with store.reading() as conn:
        (page,) = read.raw_pages(conn, 1, "issues", 10)
        assert page == [("1", "10000", b'{"id":"1"}', 1)]
        assert set(sa.inspect(conn).get_view_names()) == {view.name for view in VIEWS}
    store.close()


def _of_then(id_: str) -> dict[str, Any]:
    """A work item as the first version wrote it."""
    return {
        "connection_id": 1,
        "source_id": id_,
        "key": f"APO-{id_}",
        "scope_id": "10000",
        "item_type": "task",
        "status_category": "todo",
        "code_complete": False,
        "priority": "medium",
        "title": "Log in",
        "labels": [],
        "components": [],
        "milestones": [],
        "restricted": False,
        "history_state": "complete",
        "first_seen_at": START,
        "content_hash": b"0",
    }


def test_views_of_another_version_are_made_anew(empty_url: str) -> None:
    store = open_store(empty_url)
    with store.writing() as conn:
        drop_views(conn)
        conn.exec_driver_sql("CREATE VIEW v_old AS SELECT 1 AS one")
        conn.exec_driver_sql("CREATE VIEW mine AS SELECT 2 AS two")
    store.close()
    store = open_store(empty_url)
    with store.reading() as conn:
        expected = {view.name for view in VIEWS} | {"mine"}
        assert set(sa.inspect(conn).get_view_names()) == expected
    with store.writing() as conn:
        conn.exec_driver_sql("DROP VIEW v_link")
        refresh_views(conn)
        assert "v_link" not in sa.inspect(conn).get_view_names()
    store.close()
