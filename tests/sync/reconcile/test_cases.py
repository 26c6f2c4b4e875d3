"""Every named case of every detector, and what each file must cover."""

import pytest
from support import cases

from sync.reconcile.contract import Channel
from sync.reconcile.registry import BUILT_IN, Catalogue
from sync.reconcile.runner import reconcile
from sync.store.open import Store, memory_store

IDS = [one.id for one in BUILT_IN]
ALL = [case for id_ in IDS for case in cases.load(id_)]


@pytest.fixture(scope="module")
def store() -> Store:
    """One store for all cases: making the tables anew takes longer than a case."""
    return memory_store()


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.detector}: {case.name}")
def test_case(case: cases.Case, store: Store) -> None:
    """Exactly the expected findings, with their level and words, and what could not be judged."""
    cases.refill(store, case.data)
    only = Catalogue(tuple(one for one in BUILT_IN if one.id == case.detector))
    result = reconcile(
        store, cases.policy(case.data), clock=cases.At(case.now), record=False, detectors=only
    )
    found = {
        (one.subject, one.rule): one for one in result.findings if one.detector == case.detector
    }
    expected = {(one["subject"], one.get("rule", "")): one for one in case.data.get("expect", ())}
    assert sorted(found) == sorted(expected)
    for key, wanted in expected.items():
        one = found[key]
        assert one.severity.value == wanted["severity"]
        if "channel" in wanted:
            assert one.channel is Channel(wanted["channel"])
        shown = " ".join((one.title, one.what, one.so_what, one.who, one.remedy, one.by_when))
        for text in wanted.get("says", ()):
            assert text in shown
        for text in wanted.get("hides", ()):
            assert text not in shown
        assert one.evidence
        for text in wanted.get("proof", ()):
            assert any(text in proof.text for proof in one.evidence)
        if "restricted" in wanted:
            assert sum(proof.restricted for proof in one.evidence) == wanted["restricted"]
    unchecked = [label for id_, label, _ in result.not_checked if id_ == case.detector]
    assert sorted(unchecked) == sorted(case.data.get("not_checked", ()))
    names = [label for id_, label, _ in result.not_checked if id_ == "milestones"]
    assert sorted(names) == sorted(case.data.get("names", ()))


@pytest.mark.parametrize("id_", IDS)
def test_enough_cases_with_names_of_their_own(id_: str) -> None:
    names = [case.name for case in cases.load(id_)]
    assert len(names) >= 12
    assert len(set(names)) == len(names)
