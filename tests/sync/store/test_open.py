"""Opening stores: made once, refused with a reason, never half made."""

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.store import START, Raw, connection, postgres_database, rows, writer

from sync.errors import ConfigError, DriftlineError, StoreBusy, StoreError, StoreRefused
from sync.store import schema, sqlite
from sync.store.bulk import COPY_FROM
from sync.store.open import HEAD, Store, memory_store, open_store
from sync.store.views import VIEWS

pytestmark = pytest.mark.full_on_postgres

_OPEN = """
import sys
sys.path.insert(0, sys.argv[1])
from sync.store.open import open_store
store = open_store(sys.argv[2])
with store.reading() as conn:
    print(conn.exec_driver_sql("SELECT COUNT(*) FROM v_store").scalar())
store.close()
"""


def run_python(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def root() -> str:
    return str(Path(__file__).parents[3])


def test_a_store_is_made_once_and_opened_again(empty_url: str) -> None:
    first = open_store(empty_url)
    connection(first)
    first.close()
    second = open_store(empty_url, create=False)
    assert rows(second, schema.connection, "name") == [("jira",)]
    with second.reading() as conn:
        assert set(sa.inspect(conn).get_view_names()) == {view.name for view in VIEWS}
        assert (
            conn.exec_driver_sql("SELECT value FROM v_store WHERE name = 'schema'").scalar() == HEAD
        )
    second.close()


@pytest.mark.full
@pytest.mark.parametrize(
    "empty_url",
    ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.full])],
    indirect=True,
)
def test_three_processes_may_open_an_empty_store_at_once(empty_url: str) -> None:
    running = [run_python(_OPEN, root(), empty_url) for _ in range(3)]
    answers = [process.communicate(timeout=120) for process in running]
    assert answers == [("4\n", "")] * 3


def test_an_opened_store_leaves_alembic_alone(tmp_path: Path) -> None:
    code = f"{_OPEN}\nprint('alembic' in sys.modules, 'psycopg' in sys.modules)"
    process = run_python(code, root(), str(tmp_path / "a.db"))
    assert process.communicate(timeout=60) == ("4\nFalse False\n", "")


def test_an_error_in_a_transaction_leaves_nothing_behind(store: Store) -> None:
    def stop_half_way() -> None:
        with writer(store) as one:
            one.raw("10000", [Raw("1")])
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        stop_half_way()
    assert rows(store, schema.raw_record) == []


def test_a_reader_sees_one_state_while_another_writes(store: Store) -> None:
    count = sa.select(sa.func.count()).select_from(schema.raw_record)
    with store.reading() as conn:
        assert conn.execute(count).scalar() == 0
        with writer(store) as one:
            one.raw("10000", [Raw("1")])
        assert conn.execute(count).scalar() == 0
    with store.reading() as conn:
        assert conn.execute(count).scalar() == 1


def test_one_thread_writes_at_a_time(store: Store) -> None:
    def write(number: int) -> None:
        for page in range(5):
            with writer(store) as one:
                one.raw("10000", [Raw(f"{number}-{page}-{i}") for i in range(20)])

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows(store, schema.raw_record, "source_id")) == 400


def test_a_first_load_uses_a_larger_cache_and_gives_it_back(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "a.db"))

    def settings() -> tuple[int, int]:
        with store.writing() as conn:
            cache = conn.exec_driver_sql("PRAGMA cache_size").scalar_one()
            return cache, conn.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one()

    usual = (-sqlite.WRITER_CACHE, sqlite.CHECKPOINT)
    assert settings() == usual
    with store.bulk():
        assert settings() == (-sqlite.BULK_CACHE, sqlite.BULK_CHECKPOINT)
    assert settings() == usual
    store.close()


def test_sqlite_is_set_up_for_many_readers_and_one_writer(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "a.db"))
    with store.reading() as conn:
        found = [
            conn.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        ]
    assert found == ["wal", 1, 1, 15000]
    store.close()


def test_a_memory_store_has_everything(store: Store) -> None:
    memory = memory_store()
    assert connection(memory) == 1
    with memory.reading() as conn:
        assert set(sa.inspect(conn).get_table_names()) >= set(schema.metadata.tables)
        assert conn.exec_driver_sql("SELECT COUNT(*) FROM v_work_item").scalar() == 0
    memory.close()


def test_values_of_rows_are_in_no_error(store: Store) -> None:
    with pytest.raises(StoreError) as caught, store.writing() as conn:
        conn.execute(
            sa.insert(schema.connection).values(id=1, name="s3cret", kind="x", first_seen_at=START)
        )
    assert caught.value.exit_code == 1
    assert "the database refused" in str(caught.value)
    assert "s3cret" not in repr(caught.value.__cause__)


# --- refusals -------------------------------------------------------------------------------


def refused(url: str, **options: bool) -> DriftlineError:
    with pytest.raises(DriftlineError) as caught:
        open_store(url, **options)
    error = caught.value
    assert error.todo
    return error


def test_no_store_yet(tmp_path: Path) -> None:
    for options in ({"create": False}, {"read_only": True}):
        error = refused(str(tmp_path / "a.db"), **options)
        assert (type(error), error.exit_code) == (StoreError, 1)
        assert "Run `driftline sync` first." in str(error)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_is_no_store_yet(empty_url: str) -> None:
    if "://" not in empty_url:
        Path(empty_url).touch()
    error = refused(empty_url, create=False)
    assert (type(error), error.exit_code) == (StoreError, 1)
    assert "the store is empty" in str(error)


def test_a_directory_is_no_store(tmp_path: Path) -> None:
    error = refused(str(tmp_path))
    assert (type(error), error.exit_code) == (ConfigError, 2)
    error = refused(str(tmp_path / "missing" / "a.db"))
    assert (type(error), error.exit_code) == (StoreError, 1)
    assert f"{tmp_path / 'missing'}: the directory of the store does not exist" in str(error)


def test_a_database_that_is_not_ours(empty_url: str) -> None:
    engine = sa.create_engine(f"sqlite:///{empty_url}" if "://" not in empty_url else empty_url)
    with engine.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE orders (id INTEGER)")
    engine.dispose()
    error = refused(empty_url)
    assert (type(error), error.exit_code) == (StoreRefused, 2)
    assert "not a driftline store" in str(error)
    engine = sa.create_engine(f"sqlite:///{empty_url}" if "://" not in empty_url else empty_url)
    assert sa.inspect(engine).get_table_names() == ["orders"]
    engine.dispose()


def test_another_program_s_migrations_are_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE store_info (name TEXT, value TEXT)")
        conn.execute("CREATE TABLE alembic_version (version_num TEXT)")
        conn.execute(f"INSERT INTO alembic_version VALUES ('{HEAD}')")
    conn.close()
    assert "not a driftline store" in str(refused(str(path)))


def test_a_newer_store(empty_url: str) -> None:
    store = open_store(empty_url)
    with store.writing() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    for options in ({}, {"read_only": True}):
        error = refused(empty_url, **options)
        assert (type(error), error.exit_code) == (StoreRefused, 2)
        assert "written by a newer driftline (revision 9999)" in str(error)


def test_a_store_that_is_upgraded_elsewhere_takes_no_more_rows_from_here(
    empty_url: str,
) -> None:
    """A run of the older program is under way on one host while another host is upgraded."""
    store = open_store(empty_url)
    connection(store)
    newer = open_store(empty_url)
    with newer.writing() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreRefused, match=r"newer driftline \(revision 9999\)") as caught:
        connection(store, "late")
    assert caught.value.exit_code == 2
    assert rows(store, schema.connection, "name") == [("jira",)]
    store.close()
    newer.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Meeting notes\n" * 100, encoding="utf-8")
    error = refused(str(path))
    assert (type(error), error.exit_code) == (StoreRefused, 2)
    assert str(error).startswith(f"{path}: the file is not a database")
    assert path.read_text(encoding="utf-8").startswith("Meeting notes\n")


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    store = open_store(str(path))
    with writer(store, connection(store)) as one:
        one.raw("10000", [Raw(str(i), b"x" * 3000) for i in range(200)])
    store.close()
    data = bytearray(path.read_bytes())
    data[8192:] = b"\xa5" * (len(data) - 8192)
    path.write_bytes(data)
    with pytest.raises(StoreError) as caught:
        rows(open_store(str(path), read_only=True), schema.raw_record)
    assert (type(caught.value), caught.value.exit_code) == (StoreError, 1)
    assert "the database is damaged" in str(caught.value)


@pytest.mark.parametrize("many", [1, COPY_FROM])
def test_a_locked_store(empty_url: str, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.store.sqlite.BUSY_SECONDS", 0.2)
    monkeypatch.setattr("sync.store.postgres.BUSY_SECONDS", 0.2)
    holder, other = open_store(empty_url), open_store(empty_url)

    def write_beside_the_holder() -> None:
        with holder.writing() as conn:
            if holder.dialect == "postgresql":
                conn.exec_driver_sql("LOCK TABLE raw_record IN EXCLUSIVE MODE")
            with writer(other) as one:
                one.raw("10000", [Raw(str(i)) for i in range(many)])

    with pytest.raises(StoreBusy) as caught:
        write_beside_the_holder()
    assert caught.value.exit_code == 75
    assert "stays locked by another process" in str(caught.value)
    with holder.reading() as conn:
        assert conn.exec_driver_sql("SELECT 1").scalar() == 1
    other.close()
    holder.close()


def test_an_upgrade_under_way_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from filelock import FileLock

    monkeypatch.setattr("sync.store.locks._PATIENCE", 0.1)
    with FileLock(tmp_path / "a.db.lock"):
        error = refused(str(tmp_path / "a.db"))
    assert (type(error), error.exit_code) == (StoreBusy, 75)
    assert "another process is upgrading the store" in str(error)


def test_a_store_opened_to_read_takes_no_writing(empty_url: str) -> None:
    open_store(empty_url).close()
    store = open_store(empty_url, read_only=True)
    with pytest.raises(StoreError, match="cannot be written") as caught:
        connection(store)
    assert caught.value.exit_code == 1
    assert rows(store, schema.connection) == []
    store.close()


@contextmanager
def somebody_else() -> Iterator[None]:
    """Not root, who may write anywhere."""
    before = os.getresuid()
    if os.geteuid() == 0:
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(*before)


@pytest.mark.skipif(not hasattr(os, "setresuid"), reason="file permissions of POSIX")
def test_a_store_without_the_right_to_write() -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "a.db"
        store = open_store(str(path))
        connection(store)
        store.close()
        path.chmod(0o444)
        path.parent.chmod(0o555)
        with somebody_else():
            error = refused(str(path))
            assert (type(error), error.exit_code) == (StoreError, 1)
            assert "the store cannot be written" in str(error)
            store = open_store(str(path), read_only=True)
            assert rows(store, schema.connection, "name") == [("jira",)]
            store.close()
            error = refused(str(path.with_name("b.db")))
            assert (type(error), error.exit_code) == (StoreError, 1)
        path.parent.chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="file permissions of POSIX")
def test_the_files_of_a_store_are_its_owner_s_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = open_store(str(tmp_path / "a.db"))
        with writer(store, connection(store)) as one:
            one.raw("10000", [Raw("1")])
        found = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert found == dict.fromkeys(("a.db", "a.db-wal", "a.db-shm", "a.db.lock"), "0o600")


@pytest.mark.skipif(os.name != "posix", reason="file permissions of POSIX")
def test_a_store_that_its_owner_shares_stays_shared(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    open_store(str(path)).close()
    path.chmod(0o640)
    open_store(str(path)).close()
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_link_to_a_file_that_is_not_there_yet_is_followed_in_private(tmp_path: Path) -> None:
    (tmp_path / "a.db").symlink_to(tmp_path / "b.db")
    open_store(str(tmp_path / "a.db")).close()
    assert (tmp_path / "b.db").stat().st_mode & 0o777 == 0o600


# --- one writer -----------------------------------------------------------------------------


def test_what_was_read_before_a_write_is_still_so(store: Store, store_of_another: Store) -> None:
    """Two processes that both look and then insert do not clash on either database."""
    began = threading.Event()

    def insert_if_missing(mine: Store, first: bool) -> None:
        if not first:
            began.wait(10)
        with mine.writing() as conn:
            query = sa.select(schema.connection.c.id).where(schema.connection.c.name == "new")
            held = conn.execute(query).first()
            began.set()
            if first:
                time.sleep(0.2)
            if held is None:
                conn.execute(
                    sa.insert(schema.connection).values(
                        name="new", kind="jira", first_seen_at=START
                    )
                )

    threads = [
        threading.Thread(target=insert_if_missing, args=(store, True)),
        threading.Thread(target=insert_if_missing, args=(store_of_another, False)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(store, schema.connection, "name") == [("jira",), ("new",)]


@pytest.mark.full
@pytest.mark.postgres
def test_a_transaction_that_stands_still_is_ended_by_the_server(
    bare_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.store.postgres.STALLED_SECONDS", 0.2)
    store = open_store(bare_postgres)

    def stand_still() -> None:
        with store.writing() as conn:
            time.sleep(0.6)
            conn.exec_driver_sql("SELECT 1")

    with pytest.raises(StoreError) as caught:
        stand_still()
    assert (type(caught.value), caught.value.exit_code) == (StoreError, 1)
    with store.writing() as conn:
        assert conn.exec_driver_sql("SELECT 1").scalar() == 1
    store.close()


# --- servers --------------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_database_that_does_not_exist(server: str) -> None:
    address = sa.make_url(server).set(database="driftline_nowhere", password="s3cret")
    error = refused(address.render_as_string(hide_password=False))
    assert (type(error), error.exit_code) == (ConfigError, 2)
    assert 'database "driftline_nowhere" does not exist' in str(error)
    assert "s3cret" not in f"{error} {error.__cause__}"


@pytest.mark.postgres
def test_a_database_that_cannot_hold_every_letter(server: str) -> None:
    """B55: with another encoding the first emoji would end a run."""
    name = f"driftline_test_{uuid.uuid4().hex[:12]}"
    import psycopg

    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    try:
        address = sa.make_url(server).set(database=name)
        error = refused(address.render_as_string(hide_password=False))
    finally:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert (type(error), error.exit_code) == (StoreRefused, 2)
    assert "keeps its texts as LATIN1" in str(error)
    assert "ENCODING 'UTF8'" in str(error)


def test_a_server_that_does_not_answer() -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        error = refused(f"postgresql://ada:s3cret@127.0.0.1:{port}/drift")
    assert (type(error), error.exit_code) == (StoreError, 1)
    assert "the database does not answer" in str(error)
    assert "s3cret" not in str(error)


@pytest.mark.postgres
def test_a_role_that_may_only_read(server: str) -> None:
    with postgres_database(server) as url:
        error = refused(f"{url}?options=-c%20default_transaction_read_only%3Don")
    assert (type(error), error.exit_code) == (StoreError, 1)
    assert "cannot be written" in str(error)
