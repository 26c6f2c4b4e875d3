"""Judgements over items and changes together: at another instant, and when reading fails."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases

from mappings.vocabulary import ChangeState
from sync.reconcile import changes
from sync.reconcile.contract import FindingState, Policy, Reconciliation
from sync.reconcile.runner import reconcile
from sync.reconcile.view import View
from sync.store import schema
from sync.store.open import Store

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
MERGED = datetime(2026, 3, 10, 12, tzinfo=UTC)


def world(**more: Any) -> Store:
    return cases.build({"now": NOW, "derive": False, **more})


def judged(store: Store, at: datetime = NOW, **more: Any) -> Reconciliation:
    return reconcile(store, Policy(), clock=cases.At(at), **more)


DONE_OPEN: Mapping[str, Any] = {
    "items": [{"id": 1, "status": "done"}],
    "changes": [{"id": 9, "refs": [{"target": "APO-1"}]}],
}


def test_a_reconciliation_resolves_links_and_judges_what_landed_first() -> None:
    store = world(
        items=[{"id": 1, "status": "done"}],
        changes=[
            {"id": 8, "merged": MERGED, "checks": [{"conclusion": "failure"}]},
            {"id": 9, "refs": [{"target": "APO-1"}]},
        ],
    )
    found = {(one.detector, one.rule, one.subject) for one in judged(store).findings}
    assert {
        ("data.contradiction", "done-unmerged", "issue:1"),
        ("test.merged-red", "", "change:c8"),
    } <= found


def test_an_idle_reconciliation_writes_neither_links_nor_verdicts() -> None:
    store = world(
        items=[{"id": 1}],
        changes=[{"id": 8, "merged": MERGED, "refs": [{"target": "APO-1"}], "checks": [{}]}],
    )
    judged(store)
    tables = ("change_link", "verdict", "test_check")

    def held() -> list[Any]:
        with store.reading() as conn:
            return [
                tuple(row)
                for table in tables
                for row in conn.execute(sa.select(schema.metadata.tables[table]))
            ]

    before = held()
    assert len(before) == 3
    judged(store, NOW + timedelta(hours=1))
    assert held() == before


def test_looking_back_derives_nothing() -> None:
    store = world(**DONE_OPEN)
    result = judged(store, as_of=NOW - timedelta(days=1))
    assert [one for one in result.findings if one.rule == "done-unmerged"] == []
    with store.reading() as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM change_link")).scalar() == 0


def test_a_finding_is_neither_there_nor_gone_when_its_repository_cannot_be_read() -> None:
    store = world(**DONE_OPEN)
    (one,) = [x for x in judged(store).findings if x.rule == "done-unmerged"]
    assert one.state is FindingState.ALREADY_THERE
    later = NOW + timedelta(hours=2)
    with store.writing() as conn:
        conn.execute(
            sa.update(schema.sync_step)
            .where(schema.sync_step.c.stream == "changes")
            .values(outcome="failed", reason="HTTP 500")
        )
    result = judged(store, later)
    (one,) = [x for x in result.findings if x.rule == "done-unmerged"]
    assert one.state is FindingState.NOT_CHECKED
    assert result.resolved == ()
    reasons = {(id_, label): reason for id_, label, reason in result.not_checked}
    wanted = "changes of repository acme/web could not be read: HTTP 500"
    assert reasons["data.contradiction", "acme/web"] == wanted
    assert reasons["data.contradiction", "APO-1 Title 1"] == wanted


def test_a_finding_about_a_change_is_not_resolved_by_a_failed_reading() -> None:
    store = world(changes=[{"id": 9, "merged": MERGED, "checks": [{"conclusion": "failure"}]}])
    judged(store)
    with store.writing() as conn:
        conn.execute(
            sa.update(schema.sync_step)
            .where(schema.sync_step.c.stream == "change_details")
            .values(outcome="failed", reason="HTTP 500")
        )
    result = judged(store, NOW + timedelta(hours=2))
    (one,) = [x for x in result.findings if x.detector == "test.merged-red"]
    assert (one.state, one.subject_label) == (FindingState.NOT_CHECKED, "acme/web#9 Change 9")


def test_what_is_mended_is_resolved() -> None:
    store = world(**DONE_OPEN)
    judged(store)
    with store.writing() as conn:
        conn.execute(
            sa.text("UPDATE change_request SET state = 'merged', merged_at = '2026-03-16 09:00:00'")
        )
    result = judged(store, NOW + timedelta(hours=2))
    assert [one.rule for one in result.resolved] == ["done-unmerged"]


def at(store: Store, instant: datetime) -> dict[str, changes.ChangeLine]:
    with store.reading() as conn:
        view = View(conn, Policy(), instant, NOW, present=False)
        ids = conn.execute(sa.text("SELECT source_id FROM change_request")).scalars()
        return {id_: one for (_, id_), one in changes.lines(view, {2: list(ids)}).items()}


@pytest.mark.parametrize(
    ("hours", "merged", "closed"),
    [
        (-1, ChangeState.OPEN, ChangeState.OPEN),
        (0, ChangeState.MERGED, ChangeState.CLOSED),
        (1, ChangeState.MERGED, ChangeState.CLOSED),
    ],
)
def test_changes_as_they_stood(hours: int, merged: ChangeState, closed: ChangeState) -> None:
    store = world(
        changes=[
            {"id": 8, "merged": MERGED},
            {"id": 9, "state": "closed", "closed": MERGED},
            {"id": 10, "state": "closed"},
            {"id": 11, "created": MERGED + timedelta(days=1)},
        ]
    )
    found = at(store, MERGED + timedelta(hours=hours))
    assert {id_: one.state for id_, one in found.items()} == {
        "c8": merged,
        "c9": closed,
        # When it was closed is not told: it may have been open or closed then.
        "c10": ChangeState.UNKNOWN,
    }
    assert (found["c8"].merged_at is None) is (hours < 0)


def test_links_and_verdicts_as_they_were_known() -> None:
    store = world(
        derive=True,
        derived=NOW - timedelta(days=1),
        items=[{"id": 1}],
        changes=[
            {"id": 8, "merged": MERGED, "checks": [{"conclusion": "failure"}]},
            {"id": 9, "refs": [{"target": "APO-1"}]},
        ],
    )
    with store.reading() as conn:
        for known_at, number in ((NOW - timedelta(days=2), 0), (NOW, 1)):
            view = View(conn, Policy(), NOW, known_at, present=False)
            assert len(changes.links(view)) == number
            assert len(changes.verdicts(view, NOW - timedelta(days=30))) == number


@pytest.mark.full
def test_an_item_in_review_at_the_instant_of_a_look_back_is_left_alone() -> None:
    """It waits for review then, whatever its status says now."""
    store = world(
        derive=True,
        derived=MERGED,
        waits={"in_review": "review"},
        items=[
            {"id": 1, "status": "in_progress", "since": {"status": "in_review", "at": NOW}},
            {"id": 2, "status": "in_review", "since": {"status": "in_progress", "at": NOW}},
        ],
        changes=[
            {
                "id": 9,
                "merged": datetime(2026, 1, 20, tzinfo=UTC),
                "refs": [{"target": "APO-1"}, {"target": "APO-2"}],
            }
        ],
    )
    result = judged(store, as_of=NOW - timedelta(days=1), known_at=NOW)
    assert [one.subject for one in result.findings if one.rule == "open-merged"] == ["issue:2"]


def test_until_somebody_says_which_checks_are_tests_it_is_asked() -> None:
    def asked(**more: Any) -> list[str]:
        result = judged(world(changes=[{"id": 8, "merged": MERGED}], **more))
        return [one.answer_line for one in result.questions]

    assert asked() == ["driftline tests acme/web"]
    assert asked(confirmed={"unit tests": True}) == []


def test_equal_names_in_two_systems_are_asked_about_where_one_is_judged() -> None:
    data = {
        "milestones": [{"id": "v1", "name": "Release 3.2"}],
        "hub_milestones": [{"id": "5", "name": "v3.2"}, {"id": "6", "name": "Release 3.3"}],
    }
    command = 'driftline milestones link "v3.2" "hub/acme/web:v3.2" "jira/APO:Release 3.2"'
    answers = [
        [
            one.answer_line
            for one in reconcile(world(**data), Policy(judge=judge), clock=cases.At(NOW)).questions
        ]
        for judge in (("APO:Release 3.2",), ("acme/web:Release 3.3",))
    ]
    assert [command in one for one in answers] == [True, False]
