"""A store that is sick: one message, the right exit code, nothing lost; well again, it goes on."""

import shutil
import sqlite3
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from support.commands import CONFIG, Desk, Said, desk, judged
from support.company import company
from support.jira_site import Bench, serving
from support.nursery import Nursery
from support.synced import synced

from connectors.contract import Outcome
from connectors.simulator.faults import Hook
from sync.engine import gather
from sync.errors import StoreError
from sync.store.open import open_store


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One served world, which no test changes."""
    with serving(issues=12) as made:
        yield made


@pytest.fixture(scope="module")
def made(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which it was read and judged."""
    return judged(bench, tmp_path_factory.mktemp("judged"))


@pytest.fixture
def here(
    bench: Bench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    """A desk without a store."""
    with desk(tmp_path, monkeypatch, capsys, bench=bench) as found:
        yield found


def keep_in(here: Desk, store: str) -> None:
    """Configure where the store is."""
    who = here.bench.world.credentials["owner"]
    here.write(f'store = "{store}"\n{CONFIG.format(url=here.url, email=who.email)}')


def one_line(said: Said) -> str:
    """The one message of a command that said nothing else."""
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert "Traceback" not in line
    return line


def works(path: Path) -> int:
    """How many items the file holds; it is sound."""
    with sqlite3.connect(path) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (count,) = conn.execute("SELECT COUNT(*) FROM work_item").fetchone()
    conn.close()
    return int(count)


# --- full -----------------------------------------------------------------------------------


def test_a_full_store_keeps_what_it_has_and_goes_on(here: Desk) -> None:
    """SQLite finds no room for a page: as on a full disk, on any machine."""

    store = open_store(str(here.directory / "driftline.db"))
    with store.reading() as conn:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
    store.close()

    def bounded(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 6}")

    sa.event.listen(Engine, "connect", bounded)
    try:
        said = here.type("sync", "--quiet")
    finally:
        sa.event.remove(Engine, "connect", bounded)
    assert said.code == 1
    assert "the disk is full. Free some space and run again; nothing is lost." in one_line(said)
    held = works(here.directory / "driftline.db")
    assert held < len(here.bench.world.issues)
    assert here.type("sync", "--quiet").code == 0
    assert works(here.directory / "driftline.db") == len(here.bench.world.issues)


@contextmanager
def mounted(place: Path, options: str) -> Iterator[None]:
    """A file system of its own; skips where this user may not mount one."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this user may not mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def again(place: Path, options: str) -> None:
    """Mount it with other options."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


@pytest.mark.parametrize(
    "size", ["0", *(pytest.param(one, marks=pytest.mark.full) for one in ("16k", "900k"))]
)
def test_a_full_file_system(here: Desk, tmp_path: Path, size: str) -> None:
    """Full from the first byte, at the first table, or in the middle of a page."""
    place = tmp_path / "small"
    with mounted(place, "size=900k,nr_inodes=64"):
        room = {"0": 0, "16k": 4, "900k": 225}[size]
        with (place / "others").open("wb") as filler, suppress(OSError):
            filler.write(bytes(4096 * (225 - room)))
        keep_in(here, str(place / "driftline.db"))
        said = here.type("sync", "--quiet")
        line = one_line(said)
        assert said.code == 1, line
        assert str(place) in line
        assert "full" in line or "No space left" in line
        again(place, "size=40m")
        assert here.type("sync", "--quiet").code == 0
        assert works(place / "driftline.db") == len(here.bench.world.issues)


def test_a_read_only_file_system_can_be_looked_at(here: Desk, made: Path, tmp_path: Path) -> None:
    place = tmp_path / "frozen"
    with mounted(place, "size=20m"):
        shutil.copyfile(made, place / "driftline.db")
        again(place, "ro")
        keep_in(here, str(place / "driftline.db"))
        said = here.type("sync", "--quiet")
        assert said.code == 1
        assert "cannot be" in one_line(said)
        assert here.type("status", "--quiet").code == 0
        keep_in(here, str(place / "other.db"))
        said = here.type("sync", "--quiet")
        assert said.code == 1
        assert "Read-only file system" in one_line(said)


# --- trouble below --------------------------------------------------------------------------


@pytest.mark.full
def test_a_disk_that_fails(processes: Nursery, tmp_path: Path) -> None:
    """The system refuses to write on; the next run ends whole."""
    with company(tmp_path, processes, issues=12, changes=3, repositories=1) as them:
        place = them.desk("desk")
        ended = place.type("sync", "--quiet", file_size=700_000)
        assert (ended.code, ended.out) == (1, "")
        (line,) = ended.err.splitlines()
        assert line.startswith(f"{place.store}: the disk ")
        ended = place.type("sync", "--quiet")
        assert (ended.code, ended.err) == (0, "")
        assert works(Path(place.store)) > 0


def test_a_damaged_file_is_one_message(here: Desk, made: Path) -> None:
    path = here.directory / "driftline.db"
    shutil.copyfile(made, path)
    data = bytearray(path.read_bytes())
    # The first page names the tables; what they hold is gone.
    for start in range(4096, len(data), 8192):
        data[start : start + 4096] = b"\xa5" * 4096
    path.write_bytes(data)
    for words in (("sync", "--quiet"), ("reconcile", "--quiet"), ("status", "--quiet")):
        said = here.type(*words)
        assert said.code == 1
        assert one_line(said) == (
            f"{path}: the database is damaged. Restore a backup, or move the file away and run "
            "`driftline sync --full`."
        )
    assert path.read_bytes() == data
    said = here.type("check", "--quiet")
    assert said.code == 1
    assert "damaged" in said.err


@pytest.mark.full
def test_a_file_with_a_broken_index_is_found_by_check(here: Desk, made: Path) -> None:
    path = here.directory / "driftline.db"
    shutil.copyfile(made, path)
    with sqlite3.connect(path) as conn:
        conn.execute("PRAGMA writable_schema = ON")
        conn.execute(
            "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master "
            "WHERE name = 'status') WHERE type = 'index' AND tbl_name = 'work_item' "
            "AND rootpage = (SELECT MAX(rootpage) FROM sqlite_master WHERE type = 'index' "
            "AND tbl_name = 'work_item')"
        )
    conn.close()
    said = here.type("check")
    assert said.code == 1
    (line,) = [one for one in said.out.splitlines() if "is damaged" in one]
    assert line.startswith("NO ")
    assert "Restore a backup" in line


# --- not ours, newer ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "written by a newer driftline"),
        ("DROP TABLE store_info", "is not a driftline store"),
    ],
)
def test_a_store_of_others_is_left_alone_and_nobody_is_asked(
    here: Desk, made: Path, change: str, words: str
) -> None:
    path = here.directory / "driftline.db"
    shutil.copyfile(made, path)
    with sqlite3.connect(path) as conn:
        conn.execute(change)
    conn.close()
    before, asked = path.read_bytes(), len(here.bench.simulator.log)
    for command in ("sync", "run", "reconcile", "status"):
        said = here.type(command, "--quiet")
        assert said.code == 2
        assert words in one_line(said)
    assert path.read_bytes() == before
    assert len(here.bench.simulator.log) == asked


# --- PostgreSQL -----------------------------------------------------------------------------


def end_session(engine: Engine, pid: int) -> None:
    with engine.connect() as conn:
        conn.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")


@pytest.mark.postgres
@pytest.mark.full
def test_a_session_that_ended_between_two_pages_is_made_anew(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "RECORDS", 1)
    with synced(postgres_url, issues=40, options={"page_size": 10}) as it:
        other = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")

        def end_all() -> None:
            with other.connect() as conn:
                conn.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                    "AND state = 'idle'"
                )

        it.bench.simulator.script.hooks.append(Hook("search/jql", end_all, skip=3))
        assert it.run(workers=1).outcome is Outcome.COMPLETE
        other.dispose()


@pytest.mark.full
@pytest.mark.postgres
def test_a_server_that_goes_away_inside_a_page_loses_nothing(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error, told in the run's row, and the next run goes on from the last page."""
    monkeypatch.setattr(gather, "RECORDS", 1)
    with synced(postgres_url, issues=40, options={"page_size": 10}) as it:
        other = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
        left = [3]

        def end(conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if conn.engine is other or not statement.startswith("UPDATE cursor"):
                return
            left[0] -= 1
            if left[0] == 0:
                end_session(other, conn.connection.driver_connection.info.backend_pid)

        sa.event.listen(Engine, "before_cursor_execute", end)
        try:
            with pytest.raises(StoreError, match="the database does not answer") as caught:
                it.run(workers=1)
        finally:
            sa.event.remove(Engine, "before_cursor_execute", end)
        assert caught.value.exit_code == 1
        ((outcome, reason),) = it.rows("SELECT outcome, reason FROM sync_run")
        assert outcome == "failed"
        assert "the database does not answer" in reason
        held = it.rows("SELECT COUNT(*) FROM work_item")[0][0]
        assert 0 < held < len(it.bench.world.issues)
        again = it.run(workers=1)
        assert again.outcome is Outcome.COMPLETE
        assert it.rows("SELECT COUNT(*) FROM work_item")[0][0] == len(it.bench.world.issues)
        other.dispose()


@pytest.mark.postgres
def test_a_role_that_may_only_look(here: Desk, postgres_url: str) -> None:
    """It can ask for the state of things; a run says what it lacks before anybody is asked."""
    store = open_store(postgres_url)
    role = f"driftline_reader_{uuid.uuid4().hex[:8]}"
    with store.writing() as conn:
        conn.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
        conn.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    try:
        address = sa.make_url(postgres_url).set(drivername="postgresql", username=role)
        keep_in(here, address.render_as_string())
        asked = len(here.bench.simulator.log)
        said = here.type("sync", "--quiet")
        assert said.code == 1
        assert "the database cannot be written: permission denied" in one_line(said)
        assert "Give this user the right to create and write tables there." in said.err
        assert len(here.bench.simulator.log) == asked
        assert here.type("status").code == 0
    finally:
        with store.writing() as conn:
            conn.exec_driver_sql(f"DROP OWNED BY {role}; DROP ROLE {role}")
        store.close()
