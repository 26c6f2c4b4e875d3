"""A plugin that does not fit is refused in one sentence, whichever its kind, and stops nobody."""

import json
import sys
import types
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from support.commands import ISSUES, Desk, desk

from connectors import registry as connectors
from connectors.contract import ConnectorEntry
from connectors.jira.options import JiraOptions
from mappings import registry as mappings
from sync.cli.main import main
from sync.config import settings
from sync.reconcile import registry as detectors

MODULE = "a_plugin_of_others"


def _fails() -> Any:
    raise ZeroDivisionError("by zero")


CONNECTOR = ConnectorEntry(
    "acme", 1, JiraOptions, lambda *_: _fails(), summary="Acme", streams=tuple
)
MAPPING = replace(mappings.get("jira"), name="acme")
DETECTOR = replace(detectors.BUILT_IN[0], id="acme.one", family="acme", detect=lambda *_: ())
KINDS = {
    "connectors": (connectors, CONNECTOR, replace(CONNECTOR, contract=2)),
    "mappings": (mappings, MAPPING, replace(MAPPING, contract=2)),
    "detectors": (detectors, DETECTOR, replace(DETECTOR, contract=2)),
}
#: what is wrong -> (the name that the entry point asks for, a word of the sentence that says it).
WRONG = {
    "another version": ("NEWER", "2"),
    "an error at import": ("RAISES", "ZeroDivisionError"),
    "not there": ("ABSENT", "AttributeError"),
    "the wrong type": ("TEXT", "is no"),
}


class _Module(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        return _fails() if name == "RAISES" else super().__getattribute__(name)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Entry points of a kind, beside those of the others that fit."""
    settings._options_of.cache_clear()
    made = _Module(MODULE)
    monkeypatch.setitem(sys.modules, MODULE, made)

    def put(broken: str, name: str, times: int = 1) -> None:
        module, good, newer = KINDS[broken]
        made.NEWER, made.TEXT, made.GOOD = newer, "a text", good  # type: ignore[attr-defined]  # a made-up module
        points = {}
        for kind, (home, fits, _) in KINDS.items():
            setattr(made, f"FITS_{kind}", fits)
            points[home.GROUP] = [EntryPoint("acme", f"{MODULE}:FITS_{kind}", home.GROUP)]
        points[module.GROUP] = [EntryPoint("acme", f"{MODULE}:{name}", module.GROUP)] * times
        for home, _, _ in KINDS.values():
            monkeypatch.setattr(home, "entry_points", lambda *, group: points.get(group, []))

    yield put
    settings._options_of.cache_clear()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", WRONG)
def test_one_that_does_not_fit(
    kind: str, wrong: str, install: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    name, word = WRONG[wrong]
    install(kind, name)
    assert main(["connectors", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    head = "detector acme" if kind == "detectors" else "acme"
    (told,) = [line for line in lines if line.startswith(f"{head}: ")]
    assert word in told
    assert "Acme" not in told
    assert sum(line.startswith(("jira: ", "github: ", "gitlab: ")) for line in lines) == 3
    if kind != "detectors":
        assert any(line.startswith("detector acme.one: ") for line in lines)


@pytest.mark.parametrize("kind", KINDS)
def test_two_of_one_name(kind: str, install: Any, capsys: pytest.CaptureFixture[str]) -> None:
    install(kind, f"FITS_{kind}", times=2)
    assert main(["connectors", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    if kind == "detectors":
        # The id is taken by the first.
        assert "detector acme: there is already a detector 'acme.one'" in lines
    else:
        (told,) = [line for line in lines if line.startswith("acme: ")]
        assert "uninstall all but one of them" in told


def test_one_that_fits(install: Any, capsys: pytest.CaptureFixture[str]) -> None:
    install("connectors", "GOOD")
    assert main(["connectors", "list"]) == 0
    out = capsys.readouterr().out
    assert "acme: Acme\n" in out
    assert "detector acme.one: " in out


def test_a_connector_that_cannot_say_what_it_reads(
    install: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    install("connectors", "GOOD")
    sys.modules[MODULE].GOOD = replace(CONNECTOR, streams=_fails)  # type: ignore[attr-defined]  # a made-up module
    assert main(["connectors", "list"]) == 0
    assert "acme: connector 'acme' cannot say what it reads: ZeroDiv" in capsys.readouterr().out


@pytest.fixture
def beside_jira(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    """A configuration of a Jira that answers, and of a connection of the plugin."""
    monkeypatch.setenv("ACME_TOKEN", "token-of-nobody")
    with desk(tmp_path, monkeypatch, capsys) as made:
        made.write(
            f'{made.text()}\n[connections.acme]\nkind = "acme"\nurl = "https://acme.example.net"\n'
            'token_env = "ACME_TOKEN"\n'
        )
        yield made


SENTENCE = "speaks contract 2, this driftline speaks 1: install a matching version"


@pytest.mark.parametrize("kind", ["connectors", "mappings"])
def test_the_other_connections_of_a_configuration_that_names_it_are_read(
    kind: str, install: Any, beside_jira: Desk
) -> None:
    install(kind, "NEWER")
    said = beside_jira.type("sync")
    assert said.code == 4
    assert said.err.count(SENTENCE) == 1
    assert "Traceback" not in said.err
    assert json.loads(beside_jira.type("status", "--json").out)["work_items"] >= ISSUES
    assert SENTENCE in beside_jira.type("status").out
    assert "Not seen: connect of acme site" in beside_jira.type("reconcile").out


@pytest.mark.parametrize("command", ["check", "remap", "verify"])
def test_commands_that_look_at_each_connection_tell_it_and_go_on(
    command: str, install: Any, beside_jira: Desk
) -> None:
    install("connectors", "NEWER")
    beside_jira.type("sync")
    said = beside_jira.type(command)
    assert said.code in (2, 4)
    told = said.out + said.err
    assert SENTENCE in told
    assert {"check": "sign-in", "remap": "payloads read again", "verify": "jira"}[
        command
    ] in said.out


def test_a_name_of_no_plugin_is_a_mistake_of_the_file(beside_jira: Desk) -> None:
    settings._options_of.cache_clear()
    said = beside_jira.type("sync")
    assert said.code == 2
    assert "there is no connector 'acme'" in said.err


@pytest.mark.parametrize("kind", KINDS)
def test_who_does_not_use_it_notices_nothing(
    kind: str, install: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(kind, "RAISES")
    monkeypatch.setenv("JIRA_TOKEN", "token-of-nobody")
    made = tmp_path / "driftline.toml"
    made.write_text(
        '[connections.jira]\nkind = "jira"\nurl = "https://jira.example.net"\n'
        'token_env = "JIRA_TOKEN"\n',
        encoding="utf-8",
    )
    assert main(["--config", str(made), "mapping", "show"]) == 0
