"""Connectors by name: each is loaded alone, and a broken one stops nobody."""

import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint

import pytest

from connectors import registry
from connectors.contract import CONTRACT, ConnectorEntry
from connectors.jira.options import JiraOptions
from connectors.registry import BrokenEntry, UnknownConnector


def _build(name: str, options: object, runtime: object) -> object:
    raise NotImplementedError


GOOD = ConnectorEntry("acme", CONTRACT, JiraOptions, _build)  # type: ignore[arg-type] # never built
NEWER = ConnectorEntry("next", CONTRACT + 1, JiraOptions, _build)  # type: ignore[arg-type] # same
NONE = object()


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    here = __name__
    points = [
        EntryPoint("acme", f"{here}:GOOD", registry.GROUP),
        EntryPoint("next", f"{here}:NEWER", registry.GROUP),
        EntryPoint("odd", f"{here}:NONE", registry.GROUP),
        EntryPoint("gone", "no_such_package_here:ENTRY", registry.GROUP),
        EntryPoint("jira", f"{here}:GOOD", registry.GROUP),
        EntryPoint("twice", f"{here}:GOOD", registry.GROUP),
        EntryPoint("twice", f"{here}:GOOD", registry.GROUP),
    ]

    def find(*, group: str) -> Sequence[EntryPoint]:
        return [point for point in points if point.group == group]

    monkeypatch.setitem(sys.modules, here, sys.modules[__name__])
    monkeypatch.setattr(registry, "entry_points", find)


def test_names_are_listed_without_loading() -> None:
    assert registry.names() == ("acme", "github", "gitlab", "gone", "jira", "next", "odd", "twice")


def test_a_broken_plugin_stops_nobody() -> None:
    found = registry.entries()
    assert found["acme"] is GOOD
    broken = {name: one.reason for name, one in found.items() if isinstance(one, BrokenEntry)}
    assert set(broken) == {"gone", "next", "odd", "twice"}
    assert "cannot be loaded" in broken["gone"]
    assert "uninstall all but one" in broken["twice"]
    assert broken["odd"] == "connector 'odd' is no ConnectorEntry"


def test_another_contract_is_refused_in_one_sentence() -> None:
    with pytest.raises(UnknownConnector) as caught:
        registry.get("next")
    assert str(caught.value) == (
        "connector 'next' speaks contract 2, this driftline speaks 1: install a matching version "
        "of it"
    )


def test_a_plugin_cannot_replace_a_built_in() -> None:
    found = registry.get("jira")
    assert (found.name, found.options, found is GOOD) == ("jira", JiraOptions, False)


def test_a_misspelt_name_gets_a_suggestion() -> None:
    with pytest.raises(UnknownConnector, match="did you mean 'jira'"):
        registry.get("jria")
    known = "known: acme, github, gitlab, gone, jira, next, odd, twice"
    with pytest.raises(UnknownConnector, match=known):
        registry.get("zzz")


def test_the_entry_knows_its_streams_without_a_connection() -> None:
    names = [spec.name for spec in registry.get("jira").streams()]
    assert len(names) == len(set(names)) == 9
