"""Variables over the file, and what is misspelt among them."""

from pathlib import Path

import pytest

from sync.config.settings import load
from sync.errors import ConfigError

FILE = """\
[connections.Jira-Main]
kind = "jira"
url = "https://example.atlassian.net"
token_env = "DRIFTLINE_OWN_TOKEN"
projects = ["APO"]
[mail]
from = "a@example.com"
to = ["a@example.com"]
password_env = "DRIFTLINE_MAIL_SECRET"
"""
GIVEN = {"DRIFTLINE_OWN_TOKEN": "token-of-nobody", "DRIFTLINE_MAIL_SECRET": "secret-of-nobody"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "driftline.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def problem(file: Path, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(file, {**GIVEN, **environ})
    return str(caught.value)


def test_variable_wins_over_the_file(file: Path) -> None:
    found = load(file, {**GIVEN, "DRIFTLINE_NAME": "Other", "DRIFTLINE_SYNC__WORKERS": "3"})
    assert found.root.name == "Other"
    assert found.root.sync.workers == 3


@pytest.mark.parametrize("name", ["JIRA_MAIN", "jira-main", "Jira_Main"])
def test_connection_is_found_whatever_its_case(file: Path, name: str) -> None:
    found = load(file, {**GIVEN, f"DRIFTLINE_CONNECTIONS__{name}__PROJECTS": '["BEE", "KIT"]'})
    assert list(found.root.connections) == ["Jira-Main"]
    assert found.options["Jira-Main"].projects == ("BEE", "KIT")  # type: ignore[attr-defined]


def test_token_in_a_variable_wins(file: Path) -> None:
    found = load(file, {"DRIFTLINE_CONNECTIONS__JIRA_MAIN__TOKEN": "direct-token"})
    assert found.options["Jira-Main"].token.get_secret_value() == "direct-token"  # type: ignore[attr-defined]


def test_lists_are_json_or_words(file: Path) -> None:
    words = load(file, {**GIVEN, "DRIFTLINE_MILESTONES__JUDGE": "APO:Release 3.2, BEE:Beta"})
    assert words.root.milestones.judge == ["APO:Release 3.2", "BEE:Beta"]
    json = load(file, {**GIVEN, "DRIFTLINE_MILESTONES__JUDGE": '["a, b"]'})
    assert json.root.milestones.judge == ["a, b"]


def test_detector_is_named_with_underscores(file: Path) -> None:
    found = load(
        file,
        {
            **GIVEN,
            "DRIFTLINE_DETECTORS__SCOPE_LATE_ADD__CHANNEL": "off",
            "DRIFTLINE_DETECTORS__SCOPE_LATE_ADD__LEAST_ITEMS": "4",
        },
    )
    assert found.root.detectors["scope.late-add"].channel == "off"
    assert found.root.detectors["scope.late-add"].thresholds == {"least_items": 4}


def test_a_whole_connection_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "driftline.toml"
    file.write_text("", encoding="utf-8")
    found = load(
        file,
        {
            "DRIFTLINE_CONNECTIONS__JIRA__KIND": "jira",
            "DRIFTLINE_CONNECTIONS__JIRA__URL": "https://jira.example.com",
            "DRIFTLINE_CONNECTIONS__JIRA__TOKEN": "direct-token",
            "DRIFTLINE_CONNECTIONS__JIRA__BOARDS": "[3, 4]",
            "DRIFTLINE_CONNECTIONS__JIRA__REMOTE_LINKS": "true",
        },
    )
    assert found.options["jira"].boards == (3, 4)  # type: ignore[attr-defined] # of jira
    assert found.options["jira"].remote_links is True  # type: ignore[attr-defined] # of jira


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("DRIFTLINE_NMAE", 'no such setting; did you mean "DRIFTLINE_NAME"?'),
        ("DRIFTLINE_CONFG", 'no such setting; did you mean "DRIFTLINE_CONFIG"?'),
        ("DRIFTLINE_SYNC_WORKERS", 'no such setting; did you mean "DRIFTLINE_SYNC__WORKERS"?'),
        ("DRIFTLINE_SYNC__WORKRS", 'no such setting; did you mean "DRIFTLINE_SYNC__WORKERS"?'),
        ("DRIFTLINE_MAIL__FORM", 'no such setting; did you mean "DRIFTLINE_MAIL__FROM"?'),
        (
            "DRIFTLINE_CONNECTIONS__JIRA_MIAN__TOKEN",
            "there is no connection 'jira_mian'; did you mean \"Jira-Main\"?",
        ),
        ("DRIFTLINE_CONNECTIONS__JIRA_MAIN__PROJCTS", 'unknown key; did you mean "projects"?'),
        ("DRIFTLINE_CONNECTIONS__JIRA_MAIN", "names no setting"),
        ("DRIFTLINE_SYNC__WORKERS__MORE", "no such setting"),
    ],
)
def test_misspelt_variable(file: Path, name: str, wanted: str) -> None:
    assert problem(file, **{name: "value-not-to-show"}) == f"environment: {name}: {wanted}"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("DRIFTLINE_SYNC__WORKERS", "many", "must be a valid integer"),
        ("DRIFTLINE_SYNC", "many", "must be a table"),
        ("DRIFTLINE_MILESTONES__JUDGE", '["a"', "must be a valid list"),
        ("DRIFTLINE_CONNECTIONS__JIRA_MAIN__PROJECTS", '["a"', "is not valid JSON"),
        ("DRIFTLINE_TIME_ZONE", "Mars", "must be a time zone such as Europe/Berlin"),
    ],
)
def test_wrong_value_of_a_variable(file: Path, name: str, value: str, wanted: str) -> None:
    told = problem(file, **{name: value})
    assert told.startswith(f"environment: {name}: {wanted}")
    assert value not in told.removeprefix(f"environment: {name}")


def test_variables_of_others_are_left_alone(file: Path) -> None:
    load(file, {**GIVEN, "DRIFTLINE_TEST_POSTGRES_URL": "x", "DRIFTLINE_PEER_DATA": "y", "A": "b"})


# A directory that systemd hands over as a whole brings its own name.
@pytest.mark.parametrize("before", ["", "driftline_"])
def test_credential_file_wins_over_the_file_and_loses_to_a_variable(
    file: Path, tmp_path: Path, before: str
) -> None:
    directory = tmp_path / "credentials"
    directory.mkdir()
    (directory / f"{before}connections__jira-main__token").write_text(
        "from-a-file\n", encoding="utf-8"
    )
    (directory / f"{before}mail__password").write_text("mail-from-a-file\n", encoding="utf-8")
    (directory / "something_else").write_text("x", encoding="utf-8")
    environ = {**GIVEN, "CREDENTIALS_DIRECTORY": str(directory)}
    found = load(file, environ)
    assert found.options["Jira-Main"].token.get_secret_value() == "from-a-file"  # type: ignore[attr-defined]
    assert found.root.mail is not None
    assert found.root.mail.password is not None
    assert found.root.mail.password.get_secret_value() == "mail-from-a-file"
    found = load(file, {**environ, "DRIFTLINE_CONNECTIONS__JIRA_MAIN__TOKEN": "from-a-variable"})
    assert found.options["Jira-Main"].token.get_secret_value() == "from-a-variable"  # type: ignore[attr-defined]


def test_a_variable_that_the_ping_names_is_no_misspelt_setting(tmp_path: Path) -> None:
    file = tmp_path / "driftline.toml"
    file.write_text('[ping]\nsecret_url_env = "DRIFTLINE_SWITCH"\n', encoding="utf-8")
    assert load(file, {"DRIFTLINE_SWITCH": "https://ping.example.net/x"}).root.ping is not None
