"""The commands a person types, in front of a simulated Jira."""

import csv
import email
import json
import socket
from collections.abc import Iterator
from datetime import date
from email import policy
from pathlib import Path

import pytest
from support import code_rows
from support.commands import ISSUES, Desk, desk, judged
from support.jira_site import Bench, serving
from support.mail_server import TOKEN, USER, Handler, certificates, mail_server

from connectors.simulator.faults import too_many
from sync.store.open import open_store


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with serving(issues=ISSUES) as made:
        yield made


@pytest.fixture(scope="module")
def held(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged(bench, tmp_path_factory.mktemp("held"))


@pytest.fixture
def judging(
    bench: Bench,
    held: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    """A desk whose store was filled and reconciled; its server is shared and must not change."""
    with desk(tmp_path, monkeypatch, capsys, bench=bench, store=held) as made:
        yield made


@pytest.fixture
def at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch, capsys) as made:
        yield made


def test_unchanged_world_writes_nothing_and_says_so(at: Desk) -> None:
    assert at.type("run").code == 0
    said = at.type("run", "--json")
    assert said.code == 0
    assert said.json["schema_version"] == 1
    assert said.json["sync"]["rows_written"] == 0
    status = at.type("status", "--json")
    assert status.json["rows_written"] == 0
    assert status.json["requests"] == said.json["sync"]["requests"]
    assert 0 < status.json["requests"] <= 10
    assert {one["outcome"] for one in status.json["streams"]} == {"complete"}
    assert "0 rows written" in at.type("status").out


def test_a_sync_alone_resolves_links_and_judges_what_landed(at: Desk) -> None:
    assert at.type("sync").code == 0
    opened = open_store(str(at.directory / "driftline.db"))
    rows = code_rows.Rows()
    key = next(one.key for one in at.bench.world.issues.values() if one.key.startswith("APO-"))
    change = {"id": 8, "merged": date(2026, 1, 5), "refs": [{"target": key}]}
    code_rows.fill(rows.add, {"changes": [change]})
    with opened.writing() as conn:
        rows.write(conn)
    opened.close()
    assert at.type("sync").code == 0
    (link,) = csv.DictReader(at.type("export", "v_change_link").out.splitlines())
    assert (link["change_key"], link["to_key"]) == ("acme/web#8", key)
    (verdict,) = csv.DictReader(at.type("export", "v_verdict").out.splitlines())
    assert verdict["verdict"] == "no_ci"


@pytest.mark.full
def test_run_writes_the_page_and_a_draft_for_the_first_address_once(at: Desk) -> None:
    assert at.type("run", "--quiet").code == 0
    reports = at.directory / "reports"
    assert (reports / "report.html").read_text(encoding="utf-8").startswith("<!")
    json.loads((reports / "report.json").read_text(encoding="utf-8"))
    (draft,) = reports.glob("*.eml")
    held = email.message_from_bytes(draft.read_bytes(), policy=policy.default)
    assert held["To"] == "tpm@example.net"
    assert held["X-Unsent"] == "1"
    # It is mailed once a week: a second run the same morning writes no other.
    at.bench.clock.sleep(3600)
    assert at.type("run", "--quiet").code == 0
    assert list(reports.glob("*.eml")) == [draft]


@pytest.mark.full
def test_quiet_says_nothing_when_all_is_well(at: Desk) -> None:
    said = at.type("run", "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")


def test_dry_run_shows_every_mail_and_leaves_the_next_one_due(judging: Desk) -> None:
    said = judging.type("report", "--email", "--dry-run")
    assert (said.code, said.out) == (0, "")
    assert said.err.count("Draft for") == 2
    assert len(list((judging.directory / "reports").glob("*.eml"))) == 2
    assert "Draft for tpm@example.net" in judging.type("run").err


@pytest.mark.full
def test_mail_goes_to_the_first_address_until_it_is_approved(judging: Desk) -> None:
    with mail_server(Handler()) as server:
        judging.write(
            judging.text() + f'host = "127.0.0.1"\nport = {server.port}\nsecurity = "plain"\n'
        )
        said = judging.type("report", "--email")
        assert (said.code, said.err) == (0, "tpm@example.net: sent\n")
        judging.write(judging.text() + "approved = true\n")
        assert judging.type("report", "--email").err == "tpm@example.net: already sent\n"
        judging.write(judging.text() + "only_me_days = 0\n")
        said = judging.type("report", "--email")
    assert said.err == "tpm@example.net: already sent\nleads@example.net: sent\n"


@pytest.mark.full
def test_mail_with_an_access_token_from_a_command(judging: Desk, tmp_path: Path) -> None:
    trusted = certificates(tmp_path)
    handler = Handler()
    with mail_server(handler, security="starttls", context=trusted.server, login=True) as server:
        told = [
            f'host = "localhost"\nport = {server.port}\nuser = "{USER}"\nauth = "xoauth2"',
            f'password_command = ["printf", "%s", "{TOKEN}"]',
            f'ca_bundle = "{trusted.bundle.as_posix()}"\nthread = true\n',
        ]
        judging.write(judging.text() + "\n".join(told))
        checked = judging.type("check")
        assert "ok  mail: localhost" in checked.out
        assert handler.envelopes == []
        said = judging.type("report", "--email")
        judging.write(judging.text().replace(TOKEN, "expired-token"))
        refused = judging.type("check")
    assert (said.code, said.err) == (0, "tpm@example.net: sent\n")
    assert handler.logins[0] == (USER, "xoauth2")
    assert handler.messages[0]["Subject"].endswith("] Drift report")
    assert "did not accept the access token (535, status 401)" in refused.out + refused.err
    for one in (checked, said, refused):
        assert TOKEN not in one.out + one.err
        assert "expired-token" not in one.out + one.err


def test_mail_that_does_not_leave_is_5_and_the_rest_is_done(at: Desk) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    at.write(at.text() + f'host = "127.0.0.1"\nport = {port}\nsecurity = "plain"\n')
    said = at.type("run", "--json")
    assert said.code == 5
    assert said.json["exit_codes"] == [5]
    assert "tpm@example.net: deferred" in said.err
    assert (at.directory / "reports" / "report.html").is_file()


@pytest.mark.full
def test_the_next_run_sends_what_the_last_one_could_not_and_nothing_twice(at: Desk) -> None:
    handler = Handler(data_answer="451 later")
    with mail_server(handler) as server:
        at.write(at.text() + f'host = "127.0.0.1"\nport = {server.port}\nsecurity = "plain"\n')
        first = at.type("run", "--quiet")
        assert first.code == 5
        assert "tpm@example.net: deferred: " in first.err
        assert "The next run tries again." in first.err
        assert "Last mail to tpm@example.net: deferred, " in at.type("status").out
        handler.data_answer = "250 OK"
        at.bench.clock.sleep(3600)
        second = at.type("run")
        assert second.code == 0
        assert second.err.count("tpm@example.net: sent") == 1
    assert len(handler.envelopes) == 1


@pytest.mark.full
def test_who_is_refused_for_good_is_asked_again_with_the_weekly_mail_only(at: Desk) -> None:
    handler = Handler(answers={"tpm@example.net": "550 no such user"})
    with mail_server(handler) as server:
        at.write(at.text() + f'host = "127.0.0.1"\nport = {server.port}\nsecurity = "plain"\n')
        first = at.type("run", "--quiet")
        assert first.code == 5
        assert "tpm@example.net: refused: 550 no such user\n" in first.err
        asked = len(handler.asked)
        # A source that cannot be read is reason enough for a mail in between, but not to this one.
        at.bench.simulator.script.faults.append(too_many("search/jql", 3600, times=None))
        at.bench.clock.sleep(26 * 3600)
        second = at.type("run", "--max-wait", "1m")
        assert second.code == 4
        assert "tpm@example.net: the last mail was refused" in second.err
        assert len(handler.asked) == asked
        at.bench.clock.sleep(7 * 24 * 3600)
        weekly = at.type("run", "--max-wait", "1m")
        assert "tpm@example.net: refused: 550 no such user" in weekly.err
        assert len(handler.asked) == asked + 1


def test_check_tells_all_and_proposes(judging: Desk) -> None:
    said = judging.type("check")
    assert said.code == 0
    for word in ("ok  jira: sign-in", "ok  store", "?   mail: server: none is configured"):
        assert word in said.out
    found = judging.type("check", "--json").json
    assert found["exit_codes"] == []
    assert found["administrator_letter"] is None
    # What is judged already is not proposed again.
    lines = [one["line"] for one in found["proposals"]]
    assert "APO:Release 3.3" in lines
    assert "APO:Release 3.2" not in lines


def test_report_in_each_form(judging: Desk) -> None:
    assert judging.type("report").out.startswith("Apollo: inventory")
    said = judging.type("report", "--format", "html", "--out", "out/page.html")
    assert said.err.startswith("Written: ")
    assert (judging.directory / "out" / "page.html").is_file()
    assert judging.type("report", "--format", "json").json["program"] == "Apollo"


@pytest.mark.full
def test_fail_on_level(at: Desk) -> None:
    at.type("sync", "-q")
    at.monkeypatch.setenv("JIRA_TOKEN", "token-nobody-has")
    at.bench.clock.sleep(60)
    at.type("sync", "-q")
    assert at.type("reconcile", "-q").code == 0
    said = at.type("reconcile", "--fail-on", "high", "--json")
    assert said.code == 3
    assert said.json["exit_codes"] == [3]
    assert "data.blind-spot" in {one["detector"] for one in said.json["findings"]}
    assert at.type("reconcile", "--fail-on", "critical", "-q").code == 0
    assert at.type("run", "--fail-on", "high", "--json").json["exit_codes"] == [3, 4]
    (finding,) = [one for one in said.json["findings"] if one["detector"] == "data.blind-spot"]
    short = finding["fingerprint"][:8]
    assert short in at.type("findings", "list").out
    assert "Evidence:" in at.type("explain", short).out
    assert at.type("findings", "show", short, "--json").json["finding"] == {
        **at.type("explain", short, "--json").json["finding"]
    }


def test_looking_back_records_nothing(judging: Desk) -> None:
    first = judging.type("report", "--format", "json").json["run_id"]
    assert judging.type("reconcile", "--as-of", "2026-02-01", "--json").code == 0
    assert judging.type("reconcile", "--milestone", "APO:Release 3.2", "-q").code == 0
    assert judging.type("report", "--format", "json").json["run_id"] == first


def test_baseline_from_suggestion_to_agreement(judging: Desk) -> None:
    said = judging.type("baseline", "accept", "APO:Release 3.2", "--author", "tpm", "--json")
    (held,) = said.json["baselines"]
    assert (held["accepted"], held["author"]) == (True, "tpm")
    judging.bench.clock.sleep(60)
    said = judging.type(
        "baseline", "set", "APO:Release 3.2", "--author", "tpm", "--reason", "agreed"
    )
    assert said.code == 0
    found = judging.type("baseline", "list", "--json").json["baselines"]
    assert [one["in_force"] for one in found].count(True) == 1
    assert "agreed" in judging.type("baseline", "list").out


def test_mapping_and_remap(judging: Desk) -> None:
    assert judging.type("mapping", "lint").out == "The mapping is sound.\n"
    assert "[status]" in judging.type("mapping", "show", "--project", "APO").out
    assert judging.type("remap", "--json").json["rows_written"] == 0
    (judging.directory / "mine.toml").write_text(
        '[status]\n"Done" = "cancelled"\n', encoding="utf-8"
    )
    judging.write(judging.text().replace("[milestones]", 'mapping = "mine.toml"\n\n[milestones]'))
    assert judging.type("remap", "--json").json["rows_written"] > 0


def test_export(judging: Desk) -> None:
    assert judging.type("export", "work_item", "--out", "items.csv").code == 0
    with (judging.directory / "items.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(judging.bench.alive("APO"))
    said = judging.type("export", "v_work_item", "--format", "jsonl")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert {one["key"] for one in lines} == {row["key"] for row in rows}


def test_connectors_and_database(judging: Desk) -> None:
    listed = judging.type("connectors", "list", "--json").json["connectors"]
    usable = {one["name"]: one["streams"] for one in listed if one["usable"]}
    assert {"github", "gitlab", "jira"} <= set(usable)
    assert all("issues" in streams for streams in usable.values())
    assert "is at revision" in judging.type("db", "upgrade").out


@pytest.mark.full
def test_no_secret_in_anything_printed(at: Desk) -> None:
    said = [at.type("run", "--debug"), at.type("check", "--json"), at.type("status", "--json")]
    assert all(at.token not in one.out + one.err for one in said)
    for file in (at.directory / "reports").iterdir():
        assert at.token.encode() not in file.read_bytes()
