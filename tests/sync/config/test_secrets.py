"""Secrets from outside the file, and never in what is printed."""

import base64
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import keyring
import pytest
from keyring.backend import KeyringBackend
from pydantic import SecretStr

from connectors import redaction
from sync.config import secrets
from sync.errors import ConfigError


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", ())


def resolve(base: Path, **source: Any) -> str | None:
    names = ("value", "env", "file", "command", "keyring")
    found = secrets.resolve(
        "connections.jira.token", base=base, **{**dict.fromkeys(names), **source}
    )
    return None if found is None else found.get_secret_value()


def test_nothing_configured(tmp_path: Path) -> None:
    assert resolve(tmp_path) is None


def test_value_wins(tmp_path: Path) -> None:
    assert resolve(tmp_path, value=SecretStr("direct"), env="X", environ={}) == "direct"


def test_variable(tmp_path: Path) -> None:
    assert resolve(tmp_path, env="X", environ={"X": "from-env \n"}) == "from-env"
    with pytest.raises(ConfigError, match="the environment variable X is not set"):
        resolve(tmp_path, env="X", environ={})


def test_first_line_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\nnot this\n", encoding="utf-8")
    assert resolve(tmp_path, file="token") == "from-file"


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "cannot be read"), (b"", "is empty"), (b"\xff\xfe", "cannot be read")],
)
def test_file_without_a_secret(tmp_path: Path, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(ConfigError, match=told) as caught:
        resolve(tmp_path, file="token")
    assert caught.value.where == "connections.jira.token"


def test_first_line_of_a_command_without_a_shell(tmp_path: Path) -> None:
    code = "import sys; print(sys.argv[1]); print('second')"
    assert resolve(tmp_path, command=[sys.executable, "-c", code, "$HOME;x"]) == "$HOME;x"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("pass", "ended with 0 and printed nothing"),
        ("print('hunter2-hunter2'); raise SystemExit(3)", "ended with 3 and printed something"),
    ],
)
def test_command_that_fails_keeps_its_words(tmp_path: Path, code: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        resolve(tmp_path, command=[sys.executable, "-c", code])
    assert "hunter2" not in str(caught.value)


def test_command_that_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "COMMAND_SECONDS", 0.2)
    with pytest.raises(ConfigError, match=r"took longer than 0\.2 seconds"):
        resolve(tmp_path, command=[sys.executable, "-c", "import time; time.sleep(5)"])


@pytest.mark.parametrize(
    ("command", "told"),
    [("no-such-command-here x", "does not exist"), ("'open", "cannot be read"), ([""], "nothing")],
)
def test_command_that_is_none(tmp_path: Path, command: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=f"{told}|does not exist"):
        resolve(tmp_path, command=command)


class Held(KeyringBackend):
    """A key store in memory."""

    priority = 1  # type: ignore[assignment] # the base class declares a property

    def get_password(self, service: str, username: str) -> str | None:
        return "from-keyring" if (service, username) == ("driftline", "jira") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


@pytest.fixture
def key_store() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(Held())
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("key_store")
def test_key_store(tmp_path: Path) -> None:
    assert resolve(tmp_path, keyring="driftline/jira") == "from-keyring"
    with pytest.raises(ConfigError, match="has nothing for driftline/other"):
        resolve(tmp_path, keyring="driftline/other")


def test_key_store_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match="needs the package keyring"):
        resolve(tmp_path, keyring="driftline/jira")


def test_known_secret_is_masked_in_every_dress(tmp_path: Path) -> None:
    secret = "p@ss/wörd+123"
    resolve(tmp_path, env="X", environ={"X": secret})
    for before in ("", "u", "tpm@example.com:"):
        dressed = base64.b64encode((before + secret).encode()).decode()
        body = base64.b64encode(secret.encode()).decode()[4:12]
        masked = secrets.mask(f"Basic {dressed}")
        assert "***" in masked
        assert body not in masked
    for text in (secret, quote(secret), quote(secret, safe="")):
        assert secrets.mask(f"<{text}>") == "<***>"


def test_short_words_are_not_masked() -> None:
    secrets.remember("abc")
    assert secrets.mask("abc alphabet") == "abc alphabet"


@pytest.mark.parametrize("source", ["env", "file", "command", "keyring"])
@pytest.mark.parametrize(
    "pasted",
    [
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "glpat-abcdefghij0123456789",
        "ATATT3xFfGF0abcdefghijklmnop=0D1E2F3A",
        "NDc2MTQ5MTU2Nzk5OhF1rV3cZ0yGm4Qk1XbT9sLw7dPe",
    ],
)
def test_a_secret_in_the_place_of_its_place_is_refused_and_not_repeated(
    tmp_path: Path, source: str, pasted: str
) -> None:
    with pytest.raises(ConfigError, match="the secret itself") as caught:
        resolve(tmp_path, **{source: pasted})
    assert pasted not in str(caught.value)
    assert secrets.mask(f"<{pasted}>") == "<***>"


@pytest.mark.parametrize(
    "name", ["JIRA_TOKEN", "MY_COMPANY_JIRA_ACCESS_TOKEN_2", "GithubTokenOfTheWholeTeam"]
)
def test_a_long_name_is_no_secret(tmp_path: Path, name: str) -> None:
    assert resolve(tmp_path, env=name, environ={name: "token-of-nobody"}) == "token-of-nobody"
