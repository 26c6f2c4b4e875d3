"""The file, the environment over it, and every mistake with its place."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.config.settings import Settings, find, load
from sync.errors import ConfigError

TOKEN = "token-of-nobody-123"
FILE = """\
name = "Apollo"
time_zone = "Europe/Berlin"

[connections.Jira-Main]
kind = "jira"
url = "https://example.atlassian.net"
email = "tpm@example.com"
token_env = "JIRA_TOKEN"
projects = ["APO"]
"""

Load = Callable[..., Settings]


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.chdir(tmp_path)

    def run(text: str = FILE, /, *, with_secrets: bool = True, **environ: str) -> Settings:
        Path("driftline.toml").write_text(text, encoding="utf-8")
        return load(environ={"JIRA_TOKEN": TOKEN, **environ}, with_secrets=with_secrets)

    return run


def problems(run: Load, text: str = FILE, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        run(text, **environ)
    assert caught.value.exit_code == 2
    return str(caught.value).splitlines()


def test_file_and_defaults(loaded: Load) -> None:
    found = loaded()
    assert found.root.name == "Apollo"
    assert found.root.sync.since_days == 730
    assert found.root.sync.workers == 8
    assert found.options["Jira-Main"].projects == ("APO",)  # type: ignore[attr-defined] # of jira
    assert found.base == Path.cwd()


def test_secret_reaches_the_connector_and_no_text(loaded: Load) -> None:
    found = loaded()
    assert found.options["Jira-Main"].token.get_secret_value() == TOKEN  # type: ignore[attr-defined]
    assert TOKEN not in repr(found)


def test_commands_that_need_no_secret_read_none(loaded: Load) -> None:
    found = loaded(FILE, with_secrets=False, JIRA_TOKEN="")
    assert found.options["Jira-Main"].token is None  # type: ignore[attr-defined] # of jira


def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"driftline\.toml: there is no configuration"):
        find(None, {})
    with pytest.raises(ConfigError, match="the configuration file does not exist"):
        find(None, {"DRIFTLINE_CONFIG": "elsewhere.toml"})


def test_variable_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text('name = "x"', encoding="utf-8")
    assert find(None, {"DRIFTLINE_CONFIG": str(file)}) == file.resolve()


def test_every_mistake_at_once_in_the_order_of_the_file(loaded: Load) -> None:
    text = """\
nmae = "Apollo"
time_zone = "Mars/Olympus"

[sync]
workers = "many"
workrs = 3

[connections.jira]
kind = "jira"
url = "https://example.atlassian.net"
projcts = ["APO"]
boards = "some"

[connections.other]
kind = "jirra"

[calendar]
work_days = []

[detectors."scope.net"]
channel = "loud"

[mail]
to = "tpm@example.com"
from = "nobody"
"""
    assert problems(loaded, text) == [
        'driftline.toml:1: nmae: unknown key; did you mean "name"?',
        "driftline.toml:2: time_zone: must be a time zone such as Europe/Berlin",
        "driftline.toml:5: sync.workers: must be a valid integer, unable to parse string as an "
        "integer",
        'driftline.toml:6: sync.workrs: unknown key; did you mean "workers"?',
        'driftline.toml:11: connections.jira.projcts: unknown key; did you mean "projects"?',
        "driftline.toml:12: connections.jira.boards: must be 'auto' or must be a valid tuple",
        "driftline.toml:15: connections.other.kind: there is no connector 'jirra'; "
        "did you mean 'jira'?",
        "driftline.toml:18: calendar.work_days: must not be empty",
        "driftline.toml:21: detectors.\"scope.net\".channel: must be 'mailed', 'digest' or 'off'",
        "driftline.toml:24: mail.to: must be a valid list",
        "driftline.toml:25: mail.from: must be an e-mail address",
    ]


def test_misspelt_option_of_the_connector(loaded: Load) -> None:
    assert problems(loaded, FILE.replace("projects", "projcts")) == [
        'driftline.toml:9: connections.Jira-Main.projcts: unknown key; did you mean "projects"?'
    ]


def test_missing_option_points_at_its_table(loaded: Load) -> None:
    assert problems(loaded, FILE.replace("url =", "# url =")) == [
        "driftline.toml:4: connections.Jira-Main.url: is missing"
    ]


def test_broken_toml_has_its_line(loaded: Load) -> None:
    (line,) = problems(loaded, 'name = "a"\ntime_zone = Berlin\n')
    assert line == "driftline.toml:2: not valid TOML: Invalid value"


def test_file_in_another_encoding(tmp_path: Path) -> None:
    file = tmp_path / "driftline.toml"
    file.write_bytes('name = "Größe"'.encode("utf-16"))
    with pytest.raises(ConfigError, match="the configuration is not UTF-8 text"):
        load(file, {})


def test_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "driftline.toml"
    file.write_bytes(b"\xef\xbb\xbfname = 'Apollo'")
    assert load(file, {}).root.name == "Apollo"


@pytest.mark.parametrize("key", ["token", "password"])
def test_literal_secret_is_refused_and_not_repeated(loaded: Load, key: str) -> None:
    (line,) = problems(loaded, f'{FILE}{key} = "hunter2-hunter2"\n')
    assert line.startswith(
        f"driftline.toml:10: connections.Jira-Main.{key}: a secret must not stand in the file: "
        "use one of token_env, token_file, token_command, token_keyring"
    )
    assert "DRIFTLINE_CONNECTIONS__JIRA_MAIN__" in line
    assert "hunter2" not in line


def test_literal_password_of_the_mail(loaded: Load) -> None:
    mail = '[mail]\nfrom = "a@example.com"\nto = ["a@example.com"]\npassword = "hunter2-hunter2"\n'
    (line,) = problems(loaded, FILE + mail)
    assert line.startswith("driftline.toml:13: mail.password: a secret must not stand in the file")
    assert "password_env" in line
    assert "hunter2" not in line


def test_password_in_an_address(loaded: Load) -> None:
    lines = problems(
        loaded,
        'store = "postgresql://me:hunter2@db/x"\n'
        + FILE
        + 'proxy = "http://me:hunter2@proxy.example.com"\n',
    )
    assert [line.split(": use")[0] for line in lines] == [
        "driftline.toml:1: store: a password must not stand in the file, nor in an address",
        "driftline.toml:11: connections.Jira-Main.proxy: a password must not stand in the file, "
        "nor in an address",
    ]
    assert "hunter2" not in "".join(lines)


def test_two_sources_of_one_secret(loaded: Load) -> None:
    assert problems(loaded, FILE + 'token_file = "token"\n') == [
        "driftline.toml:10: connections.Jira-Main.token_file: token_env is there already; "
        "keep one of them"
    ]


def test_variable_of_the_token_is_not_set(loaded: Load) -> None:
    assert problems(loaded, FILE, JIRA_TOKEN="") == [
        "driftline.toml:8: connections.Jira-Main.token_env: the environment variable JIRA_TOKEN "
        "is not set. Set it and retry."
    ]


def test_hash_knows_what_moves_numbers_and_no_secret(loaded: Load) -> None:
    first = loaded().hash
    assert loaded(FILE, JIRA_TOKEN="another-token").hash == first
    assert loaded(FILE.replace("JIRA_TOKEN", "J2"), J2="another-token").hash == first
    assert loaded(f"{FILE}page_size = 50\n").hash == first
    assert loaded(f'store = "x.db"\n{FILE}').hash == first
    assert loaded(f'{FILE}[milestones]\njudge = ["APO:Release 3.2"]\n').hash != first
    assert loaded(FILE.replace("Europe/Berlin", "Europe/Paris")).hash != first
    assert loaded(FILE.replace('["APO"]', '["APO", "BEE"]')).hash != first


def test_place_of_a_value(loaded: Load) -> None:
    found = loaded(FILE, DRIFTLINE_SYNC__WORKERS="4")
    assert found.where("connections", "Jira-Main", "url") == (
        "driftline.toml:6: connections.Jira-Main.url"
    )
    assert found.where("sync", "workers") == "environment: DRIFTLINE_SYNC__WORKERS"


def told(file: Path) -> list[str]:
    """Lines of the mistakes in a file."""
    try:
        load(file, {})
    except ConfigError as error:
        return str(error).splitlines()
    return []


_KEYS = st.sampled_from(
    ["name", "sync", "connections", "mail", "workers", "x", '"a.b"', "to", "kind", "é"]
)
_VALUES = st.sampled_from(
    ['"text"', "3", "true", "[]", "[1, 2]", "{}", "{a = 1}", "2026-01-01", '"""\n[x]\n"""', "nan"]
)
_LINES = st.one_of(
    st.builds("{} = {}".format, _KEYS, _VALUES),
    st.builds("[{}]".format, _KEYS),
    st.builds("[[{}]]".format, _KEYS),
    st.builds("[{}.{}]".format, _KEYS, _KEYS),
    st.builds("{}.{} = {}".format, _KEYS, _KEYS, _VALUES),
    st.text(max_size=20),
)


@given(lines=st.lists(_LINES, max_size=12))
def test_any_file_is_taken_or_refused_with_its_place(
    lines: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever stands in the file: a configuration, or lines that begin with where."""
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    assert all(line.startswith(("any.toml", str(file))) for line in told(file))


def test_trackers_name_connections_that_are_configured(loaded: Load) -> None:
    from sync.cli import wiring

    found = loaded(FILE + '[links]\ntrackers = { "acme/web" = "Jira-Main" }\n')
    assert wiring.policy(found).trackers == {"acme/web": ("Jira-Main",)}
    (problem,) = problems(loaded, FILE + '[links]\ntrackers = { "acme/web" = ["Jira-Mein"] }\n')
    assert "'acme/web' names the connection 'Jira-Mein', which is not configured" in problem


def test_teams_and_programs_are_checked_where_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "driftline.toml"
    head = '[connections.jira]\nkind = "jira"\nurl = "https://jira.example.net"\nprojects = ["A"]\n'
    file.write_text(
        head
        + '[teams]\nA = [{ lable = "x" }]\nB = [{ connection = "jira" }]\n'
        + '[programs]\nP = ["jira/A:x", { parts = "jira/A:y" }]\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as told:
        load(file, {}, with_secrets=False)
    lines = [line.rpartition("driftline.toml:")[2] for line in told.value.what.splitlines()]
    assert '6: teams.A.0.lable: unknown key; did you mean "label"?' in lines
    needs = "needs one of component, label, field, project, repository"
    assert f"7: teams.B.0: {needs}" in lines
    assert '9: programs.P.1.parts: unknown key; did you mean "part"?' in lines
    file.write_text(head + '[programs]\nP = ["jira/A:x", { part = "hub/A:y" }]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="'hub/A:y' of 'P' must be a configured connection"):
        load(file, {}, with_secrets=False)


def test_a_bad_calendar_is_told_with_its_line(loaded: Load) -> None:
    text = """
[calendar]
holidays = ["2026-13-01"]
off = [{ since = 2026-12-30, until = 2026-12-24 }, { since = 2026-12-24 }]

[calendar.teams.Web]
work_days = ["mon", "Tuesday"]
off = [{ since = 2026-01-01, until = 2206-01-01 }]
holiday = [2026-01-01]

[calendar.teams.Core]
work_days = []
"""
    assert problems(loaded, text) == [
        "driftline.toml:3: calendar.holidays.0: must be a valid date or datetime, month value is "
        "outside expected range of 1-12",
        "driftline.toml:4: calendar.off.1.until: is missing",
        "driftline.toml:4: calendar.off.0: until is before since",
        "driftline.toml:7: calendar.teams.Web.work_days.1: must be 'mon', 'tue', 'wed', 'thu', "
        "'fri', 'sat' or 'sun'",
        "driftline.toml:8: calendar.teams.Web.off.0: is longer than 400 days: look at the years",
        'driftline.toml:9: calendar.teams.Web.holiday: unknown key; did you mean "holidays"?',
        "driftline.toml:12: calendar.teams.Core.work_days: must not be empty",
    ]


def test_days_off_of_a_team_come_on_top_of_those_of_everybody(loaded: Load) -> None:
    text = """
[calendar]
holidays = [2026-12-25]
off = [{ since = 2026-12-28, until = 2026-12-30 }]

[calendar.teams.Web]
holidays = [2026-11-11]

[calendar.teams.Core]
off = [{ since = 2026-08-03, until = 2026-08-03 }]
common_holidays = false
"""
    found = loaded(text).root.calendar
    assert len(found.days_off) == 4
    assert found.days_off_of(found.teams["Web"]) == found.days_off | {date(2026, 11, 11)}
    assert found.days_off_of(found.teams["Core"]) == {date(2026, 8, 3)}
