"""`driftline db forget`: a person's names leave the store and stay away."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.commands import Desk, desk, judged
from support.jira_site import Bench, serving
from support.store import contents, rows

from sync.store import schema
from sync.store.open import open_store
from sync.store.payloads import Unpacker


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with serving(issues=12) as made:
        yield made


@pytest.fixture(scope="module")
def filled(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged(bench, tmp_path_factory.mktemp("judged"))


@pytest.fixture
def at(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    bench: Bench,
    filled: Path,
) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch, capsys, bench=bench, store=filled) as made:
        yield made


def everything(at: Desk) -> str:
    """All that the store holds, payloads unpacked."""
    store = open_store(str(at.directory / "driftline.db"))
    found = str(contents(store))
    with store.reading() as conn:
        r = schema.raw_record.c
        for row in conn.execute(sa.select(r.connection_id, r.stream, r.payload)).all():
            found += Unpacker(conn, row.connection_id, row.stream).json(row.payload).decode()
    store.close()
    return found


def somebody(at: Desk) -> tuple[str, str]:
    """Id and name of an account that items name."""
    store = open_store(str(at.directory / "driftline.db"))
    assigned = {row[0] for row in rows(store, schema.work_item, "assignee_id")}
    found = [
        (id_, name)
        for id_, name in rows(store, schema.account, "source_id", "name")
        if id_ in assigned and name
    ]
    store.close()
    return found[0]


def test_a_person_is_gone_and_does_not_come_back(at: Desk) -> None:
    id_, name = somebody(at)
    before = everything(at)
    assert name in before
    assert at.type("db", "forget", name, "--yes").code == 0
    after = everything(at)
    assert name not in after
    assert id_ in after
    files = b"".join(path.read_bytes() for path in at.directory.glob("driftline.db*"))
    assert name.encode() not in files
    # The source tells the name again in a whole new reading; nothing of it is kept.
    assert at.type("sync", "--full", "--quiet").code == 0
    assert name not in everything(at)
    assert at.type("reconcile", "--quiet").code == 0
    assert at.type("remap", "--quiet").code == 0
    assert name not in everything(at)
    # An unchanged world still writes nothing.
    assert at.type("sync", "--json").json["rows_written"] == 0


def test_others_are_left_as_they_are(at: Desk) -> None:
    id_, name = somebody(at)
    store = open_store("driftline.db")
    others = {row for row in rows(store, schema.account, "source_id", "name") if row[0] != id_}
    items = rows(store, schema.work_item, "source_id", "title", "assignee_id")
    store.close()
    said = at.type("db", "forget", f"jira:{id_}", "--yes", "--json")
    assert said.json["accounts"] == [f"jira:{id_}"]
    store = open_store("driftline.db")
    now = {row for row in rows(store, schema.account, "source_id", "name") if row[0] != id_}
    assert now == others
    assert rows(store, schema.work_item, "source_id", "title", "assignee_id") == items
    store.close()
    assert name not in at.type("findings", "list").out


def test_it_asks_first_and_wants_one_person(at: Desk) -> None:
    id_, name = somebody(at)
    said = at.type("db", "forget", "Nobody Known", "--yes")
    assert said.code == 2
    assert "nobody is known as 'Nobody Known'" in said.err
    at.monkeypatch.setattr("sys.stdin", io.StringIO(""))
    said = at.type("db", "forget", name)
    assert said.code == 2
    assert "a question had no answer" in said.err
    assert name in everything(at)
    store = open_store("driftline.db")
    with store.writing() as conn:
        other = (
            conn.execute(
                sa.select(schema.account.c.source_id).where(schema.account.c.source_id != id_)
            )
            .scalars()
            .first()
        )
        conn.execute(
            sa.update(schema.account)
            .where(schema.account.c.source_id.in_((id_, other)))
            .values(email="shared@example.net")
        )
    store.close()
    said = at.type("db", "forget", "shared@example.net", "--yes")
    assert said.code == 2
    assert "may be several people" in said.err
    assert name in everything(at)


def test_a_person_of_the_configuration_is_all_their_accounts(at: Desk) -> None:
    id_, name = somebody(at)
    at.write(f'people = {{ "Ada" = ["jira:{id_}"] }}\n{at.text()}')
    assert at.type("db", "forget", "Ada", "--yes").code == 0
    assert name not in everything(at)
