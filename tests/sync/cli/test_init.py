"""`driftline init`: asks, never asks for a secret, never overwrites, and checks what it wrote."""

import io
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from support.commands import Desk, desk

from sync.cli.app import App
from sync.cli.main import cli
from sync.pasted import toml


@pytest.fixture
def at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch, capsys) as made:
        (tmp_path / "driftline.toml").unlink()
        yield made


def answer(at: Desk, words: list[str], *answers: str) -> Result:
    """Type a command and answer its questions."""
    app = App(clock=at.bench.clock, sleep=at.bench.clock.sleep)
    return CliRunner().invoke(cli, words, input="".join(f"{a}\n" for a in answers), obj=app)


def flags(at: Desk, *more: str) -> list[str]:
    return [
        *("init", "--name", "Apollo", "--time-zone", "Europe/Berlin", "--url", at.url),
        *("--email", "owner@example.net", "--token-env", "JIRA_TOKEN", "--project", "APO"),
        *("--sender", "tpm@example.net", "--to", "tpm@example.net", *more),
    ]


def test_asks_reads_and_proposes(at: Desk) -> None:
    done = answer(
        at,
        ["init"],
        "Apollo",
        "Mars",
        "Europe/Berlin",
        "jira.example.com",
        at.url,
        "owner@example.net",
        "",
        "APO",
        "",
        "",
        "tpm@example.net",
        "",
        "",
        "y",
        "1",
    )
    assert done.exit_code == 0, done.output
    assert "must be a time zone such as Europe/Berlin" in done.output
    assert "must be an address such as https://example.atlassian.net" in done.output
    assert "1 milestones are judged." in done.output
    held = tomllib.loads(at.text())
    assert held["time_zone"] == "Europe/Berlin"
    assert held["connections"]["jira"] == {
        "kind": "jira",
        "url": at.url,
        "email": "owner@example.net",
        "token_env": "JIRA_TOKEN",
        "projects": ["APO"],
    }
    assert held["mail"] == {"from": "tpm@example.net", "to": ["tpm@example.net"]}
    (judged,) = held["milestones"]["judge"]
    assert judged.startswith("APO:")
    assert at.token not in at.text() + done.output


def test_all_answers_as_options(at: Desk) -> None:
    done = answer(at, flags(at, "--judge", "APO:Release 3.2", "--no-sync"))
    assert done.exit_code == 0, done.output
    assert tomllib.loads(at.text())["milestones"]["judge"] == ["APO:Release 3.2"]
    assert not (at.directory / "driftline.db").exists()
    assert at.type("check").code == 0


def test_three_systems_by_options(at: Desk) -> None:
    at.monkeypatch.setenv("GITHUB_TOKEN", "token-github")
    at.monkeypatch.setenv("MY_GITLAB", "token-gitlab")
    at.type(
        *flags(at, "--no-sync", "--github", "acme/api", "--github", "acme/web"),
        *("--gitlab", "acme/ops", "--gitlab-token-env", "MY_GITLAB"),
        *("--github-url", at.url.replace("jira-cloud", "github")),
        *("--gitlab-url", at.url.replace("jira-cloud", "gitlab")),
    )
    held = tomllib.loads(at.text())["connections"]
    assert held["github"] == {
        "kind": "github",
        "url": at.url.replace("jira-cloud", "github"),
        "token_env": "GITHUB_TOKEN",
        "repositories": ["acme/api", "acme/web"],
    }
    assert held["gitlab"]["projects"] == ["acme/ops"]
    assert held["gitlab"]["token_env"] == "MY_GITLAB"
    assert "token-git" not in at.text()


def test_answers_may_name_code_hosts_and_no_jira(at: Desk) -> None:
    answer(at, ["init", "--no-sync"], "Apollo", "UTC", "", "acme/api, acme/web", "", "", "", "")
    held = tomllib.loads(at.text())["connections"]
    assert held == {
        "github": {
            "kind": "github",
            "token_env": "GITHUB_TOKEN",
            "repositories": ["acme/api", "acme/web"],
        }
    }


def test_no_system_at_all(at: Desk) -> None:
    done = answer(at, ["init"], "Apollo", "UTC", "", "", "")
    assert done.exit_code == 2 or "no system to read was named" in str(done.exception)
    assert not (at.directory / "driftline.toml").exists()


def test_file_that_is_there_stays(at: Desk) -> None:
    at.write("# mine\n")
    done = at.type(*flags(at, "--no-sync"))
    assert done.code == 2
    assert "is there already" in done.err
    assert at.text() == "# mine\n"
    assert answer(at, flags(at, "--no-sync", "--force")).exit_code == 0
    assert "Apollo" in at.text()


def test_wrong_token_is_told_and_the_file_is_there_to_correct(at: Desk) -> None:
    at.monkeypatch.setenv("JIRA_TOKEN", "token-nobody-has")
    done = at.type(*flags(at, "--no-sync"))
    assert done.code == 2
    assert "the server refuses the credentials" in done.err
    assert "When that is put right, in the file or elsewhere: `driftline check`." in done.out
    assert "token-nobody-has" not in at.text() + done.err + done.out


def test_token_that_is_nowhere_is_told(at: Desk) -> None:
    done = at.type(*flags(at, "--no-sync", "--token-file", "no-such-file"))
    assert done.code == 2
    assert "no-such-file cannot be read" in done.err


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [("--time-zone", "Mars", "must be a time zone"), ("--url", "jira", "must be an address")],
)
def test_wrong_option(at: Desk, option: str, value: str, told: str) -> None:
    words = flags(at, "--no-sync")
    words[words.index(option) + 1] = value
    done = at.type(*words)
    assert done.code == 2
    assert done.err.startswith(f"{option}: {told}")
    assert not (at.directory / "driftline.toml").exists()


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_answer_is_one_toml_string(text: str) -> None:
    assert tomllib.loads(f"x = {toml(text)}") == {"x": text}


def test_nobody_answers(at: Desk) -> None:
    at.monkeypatch.setattr("sys.stdin", io.StringIO(""))
    done = at.type("init")
    assert done.code == 2
    assert "a question had no answer; give it as an option" in done.err
    assert not (at.directory / "driftline.toml").exists()


def test_code_hosts_of_ones_own_are_asked_for_their_address(at: Desk) -> None:
    hosts = {kind: at.url.replace("jira-cloud", kind) for kind in ("github", "gitlab")}
    done = answer(
        at,
        ["init", "--no-sync"],
        *("Apollo", "UTC", ""),
        *("acme/api", hosts["github"], "GITHUB_TOKEN"),
        *("acme/ops", hosts["gitlab"], "GITLAB_TOKEN"),
        "",
    )
    assert "Address of its API, https://HOST/api/v3 (empty: github.com)" in done.output
    held = tomllib.loads(at.text())["connections"]
    assert {name: one["url"] for name, one in held.items()} == hosts


@pytest.mark.parametrize(
    ("host", "more", "table"),
    [
        ("", [], {}),
        ("mail.example.net", [""], {"host": "mail.example.net"}),
        (
            "mail.example.net:465",
            ["tpm", ""],
            {
                "host": "mail.example.net",
                "port": 465,
                "security": "tls",
                "user": "tpm",
                "password_env": "MAIL_PASSWORD",
            },
        ),
    ],
)
def test_the_mail_server_is_asked_for(
    at: Desk, host: str, more: list[str], table: dict[str, object]
) -> None:
    answer(
        at,
        ["init", "--no-sync"],
        *("Apollo", "UTC", at.url, "owner@example.net", "", "APO", "", ""),
        *("a@example.net", "b@example.net", "no mail server", host, *more),
    )
    assert tomllib.loads(at.text())["mail"] == {
        "from": "a@example.net",
        "to": ["b@example.net"],
        **table,
    }


def test_a_mail_server_that_is_none(at: Desk) -> None:
    done = at.type(*flags(at, "--no-sync", "--mail-host", "mail:no-port"))
    assert done.code == 2
    assert "'mail:no-port' is no mail server: write HOST or HOST:PORT" in done.err
    assert not (at.directory / "driftline.toml").exists()


def test_store_and_reports_may_lie_elsewhere(at: Desk) -> None:
    elsewhere = at.directory / "elsewhere"
    assert at.type(*flags(at, "--no-sync", "--data", str(elsewhere))).code == 0
    at.type("run", "--no-mail")
    assert (elsewhere / "driftline.db").is_file()
    assert (elsewhere / "reports" / "report.html").is_file()
    assert not (at.directory / "driftline.db").exists()


def test_the_proxy_of_the_environment_is_written_for_the_schedule(at: Desk) -> None:
    at.monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.net:3128")
    at.monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    at.monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    done = at.type(*flags(at, "--no-sync", "--gitlab", "acme/ops"))
    held = tomllib.loads(at.text())["connections"]
    # What the environment exempts stays exempt.
    assert "proxy" not in held["jira"]
    assert held["gitlab"]["proxy"] == "http://proxy.example.net:3128"
    assert "Through the proxy of HTTPS_PROXY, also on a schedule: http://proxy" in done.out


def test_a_proxy_with_a_login_is_told_and_not_written(at: Desk) -> None:
    at.monkeypatch.setenv("HTTPS_PROXY", "http://tpm:pass-word@proxy.example.net:3128")
    at.monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    done = at.type(*flags(at, "--no-sync", "--gitlab", "acme/ops"))
    assert "give the schedule that variable, too" in done.out
    assert "pass-word" not in at.text() + done.out + done.err
    assert "proxy" not in at.text()


def test_tokens_in_files_for_all_three(at: Desk) -> None:
    words = flags(at, "--no-sync", "--token-file", "jira", "--github", "acme/api")
    words += ["--github-token-file", "github", "--gitlab", "acme/ops", "--gitlab-token-file", "x"]
    at.type(*words)
    held = tomllib.loads(at.text())["connections"]
    assert {name: one["token_file"] for name, one in held.items()} == {
        "jira": "jira",
        "github": "github",
        "gitlab": "x",
    }
    assert not any("token_env" in one for one in held.values())
