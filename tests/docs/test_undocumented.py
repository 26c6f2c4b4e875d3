"""What is added without a word in the pages fails the build: each kind is added, and noticed."""

from dataclasses import replace
from pathlib import Path

import click
import pytest
from pydantic import Field

from sync.cli import completion, reference
from sync.cli import main as entry
from sync.config.models import PingSettings
from sync.reconcile import document
from sync.reconcile.registry import BUILT_IN
from sync.store import views
from sync.store.view import View

ROOT = Path(__file__).parents[2]


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reference.commands_page() == page("docs/commands.md")

    @click.command(epilog="Example: driftline frobnicate")
    def frobnicate() -> None:
        """Do what no page tells."""

    monkeypatch.setattr(completion, "frobnicate", frobnicate, raising=False)
    added = {**entry.COMMANDS, "frobnicate": ("sync.cli.completion", "frobnicate", "Unknown.")}
    for module in (entry, reference):
        monkeypatch.setattr(module, "COMMANDS", added)
    assert reference.commands_page() != page("docs/commands.md")


def test_an_option_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    option = click.Option(["--frobnicate"], help="What no page tells.")
    monkeypatch.setattr(completion.completion, "params", [*completion.completion.params, option])
    assert reference.commands_page() != page("docs/commands.md")


def test_a_key_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    class More(PingSettings):
        frobnicate: bool = Field(False, description="What no page tells.")

    assert reference.configuration_page() == page("docs/configuration.md")
    tables = {**reference._tables(), "ping": More}
    monkeypatch.setattr(reference, "_tables", lambda: tables)
    assert reference.configuration_page() != page("docs/configuration.md")


def test_a_view_and_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page("docs/store.md").endswith(views.markdown())
    more = View("v_more", "What no page tells.", {"a": "a column"}, "SELECT 1 AS a")
    monkeypatch.setattr(views, "VIEWS", (*views.VIEWS, more))
    assert not page("docs/store.md").endswith(views.markdown())


def test_a_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    directory = ROOT / "docs" / "detectors"
    known = {path.name for path in directory.glob("*.md")}
    examples = document.examples(directory)
    assert set(document.pages(examples)) == known
    more = replace(BUILT_IN[0], id="data.frobnicated")
    monkeypatch.setattr(document, "BUILT_IN", (*BUILT_IN, more))
    assert set(document.pages(examples)) != known
