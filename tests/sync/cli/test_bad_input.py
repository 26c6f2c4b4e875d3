"""Bad input: one clear message, the right exit code, no traceback, no secret."""

import os
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import Desk, Said, desk

from connectors.simulator.faults import Fault
from sync.store.open import open_store

WRONG = "token-nobody-may-see"


@pytest.fixture
def at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch, capsys) as made:
        yield made


def empty_store(at: Desk) -> None:
    open_store(str(at.directory / "driftline.db")).close()


def clear(said: Said, code: int, *words: str) -> None:
    assert said.code == code, said
    assert "Traceback" not in said.err
    assert "has a bug" not in said.err
    for word in words:
        assert word in said.err + said.out
    assert WRONG not in said.err + said.out


def test_no_configuration(at: Desk) -> None:
    (at.directory / "driftline.toml").unlink()
    for command in ("check", "sync", "reconcile", "report", "run", "status"):
        said = at.type(command)
        clear(said, 2, "driftline.toml: there is no configuration", "driftline init")
        assert said.err.count("\n") == 1


def test_misspelt_key(at: Desk) -> None:
    at.write(at.text().replace("projects", "projcts"))
    said = at.type("run")
    clear(said, 2)
    assert said.err == (
        'driftline.toml:12: connections.jira.projcts: unknown key; did you mean "projects"?\n'
    )


def test_misspelt_variable(at: Desk) -> None:
    at.monkeypatch.setenv("DRIFTLINE_SYNC__WORKRS", "3")
    said = at.type("run")
    clear(said, 2)
    assert said.err == (
        "environment: DRIFTLINE_SYNC__WORKRS: no such setting; "
        'did you mean "DRIFTLINE_SYNC__WORKERS"?\n'
    )


def test_unknown_detector_and_threshold(at: Desk) -> None:
    at.write(at.text() + '[detectors."scope.nat"]\n[detectors."scope.net"]\nnet_ration = 1\n')
    said = at.type("reconcile")
    clear(said, 2)
    assert said.err.splitlines() == [
        'driftline.toml:20: detectors."scope.nat": unknown detector; did you mean "scope.net"?',
        'driftline.toml:22: detectors."scope.net".net_ration: unknown threshold; '
        'did you mean "net_ratio"?',
    ]


def test_wrong_token(at: Desk) -> None:
    at.monkeypatch.setenv("JIRA_TOKEN", WRONG)
    clear(at.type("check"), 2, "the server refuses the credentials")
    clear(at.type("run"), 4, "the server refuses the credentials", "Not seen")
    clear(at.type("check", "--json"), 2, "the server refuses the credentials")


def test_unknown_project(at: Desk) -> None:
    at.write(at.text().replace('["APO"]', '["APO", "NOPE"]'))
    said = at.type("check")
    clear(said, 2, "NOPE", "To send to the administrator:", "Browse projects")
    said = at.type("sync", "--json")
    clear(said, 4, "NOPE")
    assert said.json["exit_codes"] == [4]
    assert said.json["rows_written"] > 0


@pytest.mark.full
def test_server_that_answers_html(at: Desk) -> None:
    page = b"<html><title>Log in</title><body>Log in</body></html>"
    at.bench.simulator.script.faults.append(
        Fault("", status=200, body=page, content_type="text/html", times=None)
    )
    clear(at.type("sync"), 4, "web page instead of data")
    clear(at.type("check"), 4, "web page instead of data")


def test_no_network(at: Desk) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    at.write(at.text().replace(at.url, f"http://127.0.0.1:{port}"))
    clear(at.type("sync"), 4, "127.0.0.1")
    clear(at.type("check"), 4, "127.0.0.1")


def test_database_that_is_not_ours(at: Desk) -> None:
    with sqlite3.connect(at.directory / "driftline.db") as conn:
        conn.execute("CREATE TABLE theirs (x)")
    conn.close()
    for command in ("sync", "run", "status", "check"):
        clear(at.type(command), 2, "is not a driftline store")


def test_file_that_is_no_database(at: Desk) -> None:
    (at.directory / "driftline.db").write_text("a letter to nobody\n" * 100, encoding="utf-8")
    clear(at.type("sync"), 2, "not a database")


def test_newer_database(at: Desk) -> None:
    empty_store(at)
    with sqlite3.connect(at.directory / "driftline.db") as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
    conn.close()
    for command in ("sync", "status", "check"):
        clear(at.type(command), 2, "newer driftline (revision 9999)")


def test_locked_database(at: Desk) -> None:
    empty_store(at)
    at.monkeypatch.setattr("sync.store.sqlite.BUSY_SECONDS", 0.1, raising=False)
    conn = sqlite3.connect(at.directory / "driftline.db", isolation_level=None)
    try:
        conn.execute("BEGIN EXCLUSIVE")
        clear(at.type("sync"), 75, "stays locked")
    finally:
        conn.close()


def test_read_only_database(at: Desk) -> None:
    empty_store(at)
    at.monkeypatch.setattr(
        os, "access", lambda path, mode, **_: not (mode & os.W_OK and "driftline.db" in str(path))
    )
    clear(at.type("sync"), 1, "the store cannot be written", "Give this user the right")
    clear(at.type("status"), 0)
    said = at.type("check")
    clear(said, 1, "can be read and not written")


def test_directory_of_the_store_is_missing(at: Desk) -> None:
    at.write('store = "nowhere/x.db"\n' + at.text())
    clear(at.type("sync"), 1, "the directory of the store does not exist")


def test_nothing_read_yet(at: Desk) -> None:
    clear(at.type("status"), 1, "there is no store yet", "driftline sync")
    clear(at.type("report"), 1, "there is no store yet")


def test_wrong_usage(at: Desk) -> None:
    clear(at.type("statsu"), 2, "Did you mean 'status'?")
    clear(at.type("sync", "--ful"), 2, "--full")
    clear(at.type("sync", "--connection", "other"), 2, "there is no connection 'other'", "jira")
    clear(at.type("reconcile", "--as-of", "yesterday"), 2, "'yesterday' is no date")
    clear(at.type("report", "--dry-run"), 2, "--dry-run belongs to --email")
    clear(at.type("export", "nope"), 2, "there is no view 'nope'", "v_work_item")


def test_error_as_json(at: Desk) -> None:
    at.monkeypatch.setenv("JIRA_TOKEN", "")
    said = at.type("sync", "--json")
    clear(said, 2)
    assert said.json == {
        "schema_version": 1,
        "kind": "error",
        "exit_code": 2,
        "exit_codes": [2],
        "message": "driftline.toml:11: connections.jira.token_env: the environment variable "
        "JIRA_TOKEN is not set. Set it and retry.",
    }


def test_mapping_file_that_is_missing_or_wrong(at: Desk) -> None:
    at.write(at.text().replace("[milestones]", 'mapping = "mine.toml"\n\n[milestones]'))
    clear(at.type("sync"), 2, "mine.toml")
    (at.directory / "mine.toml").write_text('[status]\n"Done" = "dnoe"\n', encoding="utf-8")
    clear(at.type("sync"), 2, "mine.toml:2", "done")


def test_scope_that_another_run_holds(at: Desk) -> None:
    clear(at.type("sync"), 0)
    with sqlite3.connect(at.directory / "driftline.db") as conn:
        conn.execute(
            "UPDATE lease SET holder = 'other-host pid 7 run 99 x', expires_at = "
            "'2026-03-02 09:00:00.000000' WHERE scope_kind = 'project'"
        )
    conn.close()
    said = at.type("sync", "--json")
    clear(said, 75, "other-host")
    assert 75 in said.json["exit_codes"]
    assert "being read: jira" in at.type("status").out


@pytest.mark.full
def test_credentials_that_rest_work_again_after_a_check(at: Desk) -> None:
    """B72: the account is not locked by cron, and a person needs one command to go on."""
    who = at.bench.world.credentials["owner"]
    clear(at.type("sync"), 0)
    who.revoked = True
    for _ in range(3):
        said = at.type("sync")
        clear(said, 4, "refuse")
    clear(said, 4, "they are not sent again", "driftline check")
    who.revoked = False
    clear(at.type("sync"), 4, "they are not sent again")
    clear(at.type("check"), 0)
    clear(at.type("sync"), 0)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_what_others_of_this_machine_can_do_is_told(at: Desk) -> None:
    config = at.directory / "driftline.toml"
    config.chmod(0o644)
    assert "others may read where the secrets are. chmod 600 driftline.toml" in at.type("check").out
    config.chmod(0o666)
    clear(at.type("sync"), 2, "anybody of this machine may change the configuration")
