"""Which normalizer belongs to which connector."""

from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from mappings import jira, registry
from mappings.registry import CONTRACT, MappingEntry, UnknownMapping, get

ACME = MappingEntry("acme", jira.normalize, jira.build_lookups, get("jira").defaults)
NEWER = replace(ACME, name="next", contract=CONTRACT + 1)
NO_ENTRY = "text"


def install(monkeypatch: pytest.MonkeyPatch, *points: EntryPoint) -> None:
    def entry_points(*, group: str) -> list[Any]:
        return [point for point in points if point.group == group]

    monkeypatch.setattr(registry, "entry_points", entry_points)


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, "driftline.mappings")


def test_jira_is_built_in() -> None:
    entry = get("jira")
    assert entry.name == "jira"
    assert entry.normalize is jira.normalize
    assert "[status_category]" in entry.defaults.read_text(encoding="utf-8")


def test_another_package_may_bring_one(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, point("broken", "no.such.module:X"), point("acme", f"{__name__}:ACME"))
    monkeypatch.setitem(__import__("sys").modules, __name__, _module())
    assert get("acme") is ACME


def test_a_broken_one_says_which_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, point("broken", "no.such.module:X"))
    with pytest.raises(UnknownMapping, match=r"'broken' cannot be loaded: ModuleNotFoundError"):
        get("broken")
    assert get("jira").name == "jira"


def test_what_is_no_entry_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, point("odd", f"{__name__}:NO_ENTRY"))
    monkeypatch.setitem(__import__("sys").modules, __name__, _module())
    with pytest.raises(UnknownMapping, match="'odd' is no MappingEntry"):
        get("odd")


def test_another_contract_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, point("next", f"{__name__}:NEWER"))
    monkeypatch.setitem(__import__("sys").modules, __name__, _module())
    with pytest.raises(UnknownMapping) as caught:
        get("next")
    assert str(caught.value) == (
        "mapping 'next' speaks contract 2, this driftline speaks 1: install a matching version of "
        "it"
    )


def test_of_two_with_one_name_neither_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, point("acme", f"{__name__}:ACME"), point("acme", f"{__name__}:ACME"))
    monkeypatch.setitem(__import__("sys").modules, __name__, _module())
    with pytest.raises(UnknownMapping, match="uninstall all but one of them"):
        get("acme")
    assert get("jira").name == "jira"


def test_who_names_no_contract_was_written_for_the_first() -> None:
    assert ACME.contract == 1


def test_an_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    with pytest.raises(UnknownMapping, match="no mapping is installed for connector 'trello'"):
        get("trello")


def _module() -> Any:
    import types

    made = types.ModuleType(__name__)
    made.ACME, made.NEWER, made.NO_ENTRY = ACME, NEWER, NO_ENTRY  # type: ignore[attr-defined]  # a made-up module
    return made
