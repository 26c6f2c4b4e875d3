"""`driftline db`: what it says, and that the copies are stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import Desk, desk, judged
from support.jira_site import Bench, serving
from support.store import contents, postgres_database

from sync.store.open import open_store


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


def test_a_backup_takes_the_place_of_the_store(at: Desk) -> None:
    said = at.type("db", "backup", "--out", "kept.db")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("kept.db: ")
    assert said.out.endswith(" MB.\n")
    before = at.type("findings", "list").out
    (at.directory / "driftline.db").unlink()
    (at.directory / "kept.db").rename(at.directory / "driftline.db")
    assert at.type("findings", "list").out == before
    # A name is found where none is given; a second one at the same second is refused.
    named = at.type("db", "backup", "--json").json
    assert Path(named["file"]).is_file()
    assert named["bytes"] > 0
    said = at.type("db", "backup")
    assert said.code == 2
    assert "something already" in said.err


def test_pruning_says_what_goes_and_looking_back_what_went(at: Desk) -> None:
    dry = at.type("db", "prune", "--dry-run")
    assert (dry.code, dry.out) == (0, "0 rows would go.\n")
    at.bench.clock.sleep(3 * 365 * 86400)
    assert at.type("db", "prune").out == "connection_past: 1 rows\n1 rows deleted.\n"
    assert at.type("db", "prune").out == "0 rows deleted.\n"
    # Proofs rest on the only run there was.
    assert at.type("status").code == 0
    said = at.type("scope", "Release 3.2", "--known-at", "2026-03-01")
    assert said.code == 2
    assert "is not kept here any more" in said.err
    at.write(at.text() + "\n[retention]\nruns_days = 3\n")
    said = at.type("db", "prune")
    assert said.code == 2
    assert "retention.runs_days" in said.err
    assert "driftline.toml" in said.err


def test_vacuum_tells_sizes(at: Desk) -> None:
    found = at.type("db", "vacuum", "--json").json
    assert found["bytes_after"] <= found["bytes_before"]
    assert at.type("findings", "list").code == 0


@pytest.mark.postgres
def test_a_store_moves_to_a_server(at: Desk, server: str) -> None:
    with postgres_database(server) as url:
        said = at.type("db", "copy", url)
        assert said.code == 0
        assert "equal to what was copied" in said.out
        assert "work_item: 13 rows" in said.err
        again = at.type("db", "copy", url)
        assert again.code == 2
        assert "holds rows already" in again.err
        before = at.type("findings", "list").out
        at.write(f'store = "{url}"\n{at.text()}')
        assert at.type("findings", "list").out == before
        back = at.type("db", "copy", "back.db")
        assert back.code == 0
    one, other = open_store("driftline.db"), open_store("back.db")
    left, right = contents(one), contents(other)
    assert left == right
    one.close()
    other.close()


def test_a_store_is_not_copied_onto_itself(at: Desk) -> None:
    said = at.type("db", "copy", "driftline.db")
    assert said.code == 2
    assert "this is the store itself" in said.err
