"""The entry point: lazy, exits in one place, tells no secret."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from connectors import redaction
from connectors.contract import CannotAuthenticate, NotFound, SourceError, Unavailable
from mappings.load import MappingError
from sync.cli import main as entry
from sync.cli.app import PRECEDENCE, worst
from sync.cli.trouble import explain
from sync.config import secrets
from sync.errors import ConfigError, DeliveryError, LostLease, StoreBusy, StoreError, StoreRefused

ROOT = Path(__file__).parents[3]
HEAVY = (
    "sqlalchemy alembic jira github gitlab jinja2 pydantic requests rich orjson zstandard "
    "css_inline truststore keyring psycopg"
).split()


def python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_nothing_heavy_is_imported_for(word: str) -> None:
    code = (
        "import sys; from sync.cli.main import main; code = main(sys.argv[1:]); "
        "print(' '.join(sorted(m.partition('.')[0] for m in sys.modules)), file=sys.stderr); "
        "sys.exit(code)"
    )
    done = python(code, word)
    assert done.returncode == 0
    assert "driftline" in done.stdout
    assert set(HEAVY) & set(done.stderr.split()) == set()


def test_version_is_that_of_the_package() -> None:
    held = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert held["version"] == entry.VERSION
    assert held["scripts"]["driftline"] == "sync.cli.main:main"


def test_every_command_is_where_it_says() -> None:
    context = click.Context(entry.cli)
    for name, (_, _, told) in entry.COMMANDS.items():
        command = entry.cli.get_command(context, name)
        assert command is not None
        assert command.help
        assert told


def test_shared_options_before_and_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (
        ["--config", "x.toml", "status"],
        ["status", "--config", "x.toml"],
        ["findings", "list", "--config", "x.toml"],
    ):
        assert entry.main(words) == 2
        assert capsys.readouterr().err.startswith("x.toml: the configuration file does not exist")


def test_reader_that_goes_away() -> None:
    code = (
        "import sys; from sync.cli import main as m\n"
        "class Gone:\n"
        "    def write(self, text): raise BrokenPipeError\n"
        "    def flush(self): raise BrokenPipeError\n"
        "    def fileno(self): return 1\n"
        "sys.stdout = Gone(); code = m.main(['--help']); sys.stdout = sys.__stdout__\n"
        "sys.exit(code)"
    )
    done = python(code)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell with pipes")
def test_pipe_into_head_is_silent() -> None:
    line = f'"{sys.executable}" -m sync.cli.main --help | head -n 1; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: driftline")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (StoreRefused("x"), 2),
        (MappingError("x", where="m.toml:1"), 2),
        (StoreError("x"), 1),
        (StoreBusy("x"), 75),
        (LostLease("x"), 75),
        (DeliveryError("x"), 5),
        (CannotAuthenticate("x"), 2),
        (NotFound("x"), 2),
        (Unavailable("x"), 4),
        (SourceError("x"), 4),
        (OSError(28, "No space left on device", "report.html"), 1),
        (MemoryError(), 1),
        (ZeroDivisionError("x"), 1),
    ],
)
def test_exit_code_of(error: Exception, code: int) -> None:
    text, found = explain(error)
    assert found == code
    assert "\n" not in text
    assert ("has a bug" in text) == isinstance(error, ZeroDivisionError)


def test_message_says_where_what_and_what_to_do() -> None:
    error = ConfigError("is wrong.", where="driftline.toml:3", todo="Correct it.")
    assert explain(error)[0] == "driftline.toml:3: is wrong. Correct it."
    error_of_source = Unavailable("no answer", where="GET https://x", todo="Look.")
    assert explain(error_of_source)[0] == "GET https://x: no answer. Look."


def test_precedence() -> None:
    assert worst([]) == 0
    assert worst([0]) == 0
    for n, code in enumerate(PRECEDENCE):
        assert worst(PRECEDENCE[n:][::-1]) == code
    assert PRECEDENCE == (2, 1, 75, 4, 5, 3)


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    @click.command()
    def boom() -> None:
        raise error

    monkeypatch.setattr("sync.cli.remap.remap", boom)


def test_bug_is_one_line_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(redaction, "_known", ())
    secrets.remember("token-of-nobody")
    failing(monkeypatch, RuntimeError("sent token-of-nobody to nobody"))
    assert entry.main(["remap"]) == 1
    told = capsys.readouterr().err
    assert told == (
        "driftline has a bug: RuntimeError: sent *** to nobody. Run it again with --debug and "
        "report what it shows.\n"
    )


def test_traceback_only_with_debug_and_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(redaction, "_known", ())
    secrets.remember("token-of-nobody")
    failing(monkeypatch, RuntimeError("sent token-of-nobody to nobody"))
    assert entry.main(["remap", "--debug"]) == 1
    told = capsys.readouterr().err
    assert "Traceback (most recent call last)" in told
    assert "token-of-nobody" not in told


def test_stopped_from_the_keyboard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    assert entry.main(["remap"]) == 130
    assert "the next run goes on" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="users without a home are a matter of POSIX")
def test_a_user_that_no_list_knows_needs_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setenv("HOME", "")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    with pytest.raises(RuntimeError):
        Path.home()
    assert entry.main(["--version"]) == 0
    # python-gitlab asks for it when it is imported.
    assert Path.home() == Path("/")
