"""Files that others of this machine can read or change, and tokens that travel in clear."""

import os
from pathlib import Path

import pytest

from sync.config.access import exposed, in_clear
from sync.config.settings import Settings, load
from sync.errors import ConfigError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")

FILE = """\
[connections.jira]
kind = "jira"
url = "{url}"
token_file = "token"
projects = ["APO"]
"""


def made(
    directory: Path, config: int, token: int, url: str = "https://jira.example.net"
) -> Settings:
    """A configuration and the file of its token, with these permissions."""
    for name, text, mode in (
        ("driftline.toml", FILE.format(url=url), config),
        ("token", "token-of-nobody-123\n", token),
    ):
        path = directory / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
    return load(directory / "driftline.toml", environ={})


def test_private_files_are_fine(tmp_path: Path) -> None:
    assert exposed(made(tmp_path, 0o600, 0o400)) == ()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_secret_that_others_may_read_is_told(tmp_path: Path, mode: int) -> None:
    (found,) = exposed(made(tmp_path, 0o600, mode))
    assert "others may read the secret" in found.what
    assert found.where.endswith("driftline.toml:4: connections.jira.token_file")
    assert found.todo.startswith("chmod 600 ")
    assert "token-of-nobody" not in repr(found)


@pytest.mark.parametrize(
    ("mode", "told"),
    [(0o644, "others may read where"), (0o640, "others may read"), (0o660, "its group may change")],
)
def test_a_configuration_that_names_secrets_is_its_owners(
    tmp_path: Path, mode: int, told: str
) -> None:
    (found,) = exposed(made(tmp_path, mode, 0o600))
    assert told in found.what


@pytest.mark.parametrize("mode", [0o666, 0o602, 0o646])
def test_a_configuration_that_anybody_may_change_is_refused(tmp_path: Path, mode: int) -> None:
    """Another address in it would get the token."""
    with pytest.raises(ConfigError, match="anybody of this machine may change") as caught:
        made(tmp_path, mode, 0o600)
    assert caught.value.exit_code == 2
    assert caught.value.todo.startswith("chmod 600 ")


@pytest.mark.parametrize(
    ("url", "clear"),
    [
        ("http://jira.example.net", True),
        ("http://10.0.0.7:8080/jira", True),
        ("https://jira.example.net", False),
        ("http://127.0.0.1:8080", False),
        ("http://[::1]:8080", False),
        ("http://localhost:8080", False),
        ("http://localhost.example.net", True),
    ],
)
def test_a_token_that_travels_in_clear_is_told(tmp_path: Path, url: str, clear: bool) -> None:
    found = in_clear(made(tmp_path, 0o600, 0o600, url))
    assert bool(found) is clear
    assert all("without encryption" in one.what for one in found)
