"""A backup is whole, private, and never takes the place of something."""

import os
import shutil
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.store import contents, item, writer

from sync.errors import StoreError, UsageError
from sync.store import backup
from sync.store.backup import back_up
from sync.store.open import Store, open_store
from sync.store.vacuum import vacuum


@pytest.fixture
def file(made_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    """A store that is a file."""
    opened = open_store(str(shutil.copy(made_sqlite, tmp_path / "store.db")), create=False)
    yield opened
    opened.close()


def test_a_backup_of_a_file_is_a_store(file: Store, tmp_path: Path) -> None:
    with writer(file) as made:
        made.work_items([item("1"), item("2")])
    target = tmp_path / "copy.db"
    back_up(file, target)
    other = open_store(str(target), create=False)
    assert contents(other) == contents(file)
    other.close()
    if sys.platform != "win32":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.postgres
def test_a_server_is_dumped(shared_postgres: Store, tmp_path: Path) -> None:
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed here")
    target = tmp_path / "copy.dump"
    back_up(shared_postgres, target)
    assert target.read_bytes()[:5] == b"PGDMP"


@pytest.mark.postgres
def test_without_pg_dump_it_says_what_to_do(
    shared_postgres: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match="pg_dump is not installed"):
        back_up(shared_postgres, tmp_path / "copy.dump")
    assert os.listdir(tmp_path) == []


def test_what_is_there_stays(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("mine")
    with pytest.raises(UsageError, match="something already"):
        back_up(store, target)
    with pytest.raises(UsageError, match="directory of the backup does not exist"):
        back_up(store, tmp_path / "nowhere" / "copy.db")
    assert target.read_text() == "mine"


def test_a_damaged_copy_gets_no_name(
    file: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = backup.copy_file

    def spoiled(path: Path, target: Path) -> None:
        real(path, target)
        with target.open("r+b") as part:
            part.seek(4096)
            part.write(b"\xff" * 4096)

    monkeypatch.setattr(backup, "copy_file", spoiled)
    with pytest.raises(StoreError, match="damaged"):
        back_up(file, tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy.db*"))


def test_a_backup_beside_a_writer_is_of_one_instant(file: Store, tmp_path: Path) -> None:
    stop = threading.Event()

    def go_on() -> None:
        n = 0
        while not stop.is_set():
            # Two rows in one transaction: a copy holds both or none.
            with writer(file) as made:
                made.work_items([item(f"a{n}"), item(f"b{n}")])
            n += 1

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        for n in range(5):
            back_up(file, tmp_path / f"{n}.db")
    finally:
        stop.set()
        thread.join()
    for n in range(5):
        other = open_store(str(tmp_path / f"{n}.db"), create=False)
        ids = [row[1] for row in contents(other)["work_item"]]
        assert {one[1:] for one in ids if one[0] == "a"} == {
            one[1:] for one in ids if one[0] == "b"
        }
        other.close()


def test_space_is_given_back(store: Store) -> None:
    with writer(store) as made:
        made.work_items([item(str(n), title="long " * 200) for n in range(500)])
    with store.writing() as conn:
        conn.exec_driver_sql("DELETE FROM work_item_key")
        conn.exec_driver_sql("DELETE FROM work_item")
    before, after = vacuum(store)
    if store.dialect == "sqlite":
        assert after < before / 2
    assert contents(store)["work_item"] == []
