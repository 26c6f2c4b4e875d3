"""`driftline verify` at the command line: what it says, and what its exit code means."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.commands import Desk, desk

from connectors.simulator.faults import Fault
from sync.store.open import open_store


@pytest.fixture
def at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch, capsys) as made:
        yield made


def spoil(at: Desk, query: str) -> None:
    store = open_store(str(at.directory / "driftline.db"))
    with store.writing() as conn:
        assert conn.execute(sa.text(query)).rowcount > 0
    store.close()


@pytest.mark.full
def test_from_equal_to_wrong_to_unknown(at: Desk) -> None:
    assert at.type("verify").code == 1
    assert at.type("sync", "-q").code == 0
    at.bench.clock.sleep(3600)
    said = at.type("verify", "--seed", "7")
    assert said.code == 0
    number = len(at.bench.alive("APO"))
    assert f"jira APO issues: {number} there, {number} here, {min(20, number)} compared" in said.out
    assert "records compared: equal. `--seed 7` draws the same records." in said.out
    assert said.err == ""
    # Renamed there since: told, and no trouble.
    first, second, *_ = at.bench.world.issues.values()
    at.bench.world.now = at.bench.clock.now()
    at.bench.world.rename(first, "Renamed since")
    said = at.type("verify", "--sample", "100")
    assert said.code == 0
    assert f"jira {first.key} moved since the last reading, title: here " in said.out
    assert "there 'Renamed since'" in said.out
    assert "equal, but for what moved since the last run" in said.out
    # Wrong here, with a title that would act on a terminal.
    title = "Not so \x1b[31m"
    spoil(at, f"UPDATE work_item SET title = '{title}' WHERE source_id = '{second.id}'")
    said = at.type("verify", "--sample", "100", "--quiet")
    assert said.code == 4
    assert f"jira {second.key} differs, and did not move since it was read, title: here" in said.err
    assert "\x1b" not in said.err
    assert said.out == ""
    found = at.type("verify", "--sample", "100", "--seed", "3", "--json").json
    assert (found["schema_version"], found["kind"], found["exit_codes"]) == (1, "verify", [4])
    assert (found["seed"], found["sample"], found["equal"]) == (3, 100, False)
    kinds = {one["source_id"]: one["kind"] for one in found["differences"]}
    assert kinds == {str(first.id): "changed", str(second.id): "wrong"}
    # What could not be asked is not called equal.
    at.bench.simulator.script.faults.append(Fault("serverInfo", 503, times=None))
    said = at.type("verify")
    assert said.code == 4
    assert "HTTP 503" in said.err
    assert "0 records compared; what could not be asked is unknown" in said.out
    assert at.token not in said.out + said.err


@pytest.mark.full
def test_one_connection_alone(at: Desk) -> None:
    assert at.type("sync", "-q").code == 0
    extra = '[connections.code]\nkind = "github"\ntoken_env = "JIRA_TOKEN"\n'
    at.write(at.text().replace("[milestones]", f"{extra}\n[milestones]"))
    said = at.type("verify")
    assert said.code == 4
    assert "code: it was never read. Run `driftline sync` first." in said.err
    assert at.type("verify", "--connection", "jira").code == 0
    said = at.type("verify", "--connection", "nope")
    assert said.code == 2
    assert "Configured: jira, code." in said.err
