"""Which milestones are proposed to be judged, and what is asked."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases
from support.cases import At

from sync.reconcile.contract import Policy
from sync.reconcile.propose import propose
from sync.reconcile.runner import reconcile
from sync.store import schema

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
TODAY = date(2026, 3, 16)


def world(*milestones: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Milestones, each with two open items and one done."""
    items = []
    for n, one in enumerate(milestones):
        items.append({"ids": f"{n}1-{n}2", "in": [one["id"]]})
        items.append({"id": f"{n}3", "in": [one["id"]], "status": "done"})
    return {
        "now": NOW,
        "boards": [{"id": "b1", "project": "APO"}],
        "milestones": milestones,
        "items": items,
        **more,
    }


def version(name: str, days: int | None = 10, **more: Any) -> dict[str, Any]:
    due = {} if days is None else {"due": TODAY + timedelta(days=days)}
    return {"id": f"v{name}", "name": name, **due, **more}


@pytest.mark.parametrize(
    ("days", "proposed"),
    [(-61, False), (-60, True), (0, True), (120, True), (121, False), (None, False)],
)
def test_dates_that_are_near(days: int | None, proposed: bool) -> None:
    store = cases.build(world(version("R1", days)))
    assert bool(propose(store, Policy(), clock=At(NOW))) is proposed


def test_what_a_proposal_says() -> None:
    store = cases.build(world(version("R2", -3), version("R1", 10)))
    late, soon = propose(store, Policy(), clock=At(NOW))
    assert (late.line, late.open_items) == ("APO:R2", 2)
    assert late.why == "its date 13 Mar 2026 has passed, 2 open items"
    assert soon.why == "due 26 Mar 2026, 2 open items"


def test_of_sprints_only_active_ones() -> None:
    sprint = {"kind": "sprint", "board": "b1", "due": TODAY}
    store = cases.build(
        world(
            {"id": "1", "name": "S1", "state": "active", **sprint},
            {"id": "2", "name": "S2", "state": "future", **sprint},
            {"id": "3", "name": "S3", "state": "closed", **sprint},
        )
    )
    assert [one.line for one in propose(store, Policy(), clock=At(NOW))] == ["APO:S1"]


def test_released_judged_and_finished_ones_are_left_out() -> None:
    data = world(version("R1"), version("R2", state="released"), version("R3"))
    data["items"] = [one for one in data["items"] if one.get("ids") != "21-22"]
    store = cases.build(data)
    assert not propose(store, Policy(judge=("R1",)), clock=At(NOW))


def test_all_others_are_one_line() -> None:
    store = cases.build(world(version("R1"), version("R2", 400), version("R3", None)))
    result = reconcile(store, Policy(), clock=At(NOW))
    assert result.hygiene == ("2 other milestones are open and not judged: close what is over.",)


def test_a_first_question_is_what_to_judge() -> None:
    store = cases.build(world(version("R2", 20), version("R1", 10)))
    (question,) = reconcile(store, Policy(), clock=At(NOW)).questions
    assert question.text.startswith("Which milestones should be judged?")
    assert question.answer_line == '[milestones] judge = ["APO:R1", "APO:R2"]'


def test_never_more_than_three_questions_the_nearest_baselines_first() -> None:
    names = [f"R{n}" for n in range(1, 6)]
    store = cases.build(
        world(*(version(name, 60 - n, start=date(2026, 3, 2)) for n, name in enumerate(names)))
    )
    questions = reconcile(store, Policy(judge=tuple(names)), clock=At(NOW)).questions
    assert [one.answer_line for one in questions] == [
        'driftline baseline accept "APO:R5"',
        'driftline baseline accept "APO:R4"',
        'driftline baseline accept "APO:R3"',
    ]
    assert "as it stood on 2 Mar 2026 (its start date)" in questions[0].text


def test_names_that_mean_nothing_are_asked_about_first() -> None:
    store = cases.build(world(version("Release 3.2", start=date(2026, 3, 2))))
    policy = Policy(judge=("APO:Release 3.2", "APO:Release 3.3"))
    first, _ = reconcile(store, policy, clock=At(NOW)).questions
    assert first.text.startswith('No milestone is called "APO:Release 3.3".')
    assert first.answer_line == '[milestones] judge = ["APO:Release 3.2"]'


def test_a_mass_edit_is_a_question() -> None:
    data = world(version("R1", start=date(2026, 3, 2)))
    data["items"].append(
        {"ids": "100-110", "entered": {"vR1": datetime(2026, 3, 10, 9)}, "by": "u7"}
    )
    (question,) = reconcile(cases.build(data), Policy(judge=("R1",)), clock=At(NOW)).questions
    assert question.text.startswith("11 items of R1 changed in one go. Was that meant?")
    assert question.answer_line == 'driftline baseline accept "APO:R1"'
    assert "u7" not in question.text


def test_a_mass_edit_over_two_milestones_is_one_question() -> None:
    data = world(version("R1", start=date(2026, 3, 2)), version("R2", start=date(2026, 3, 2)))
    moved = datetime(2026, 3, 10, 9)
    data["items"].append({"ids": "100-110", "entered": {"vR1": moved, "vR2": moved}, "by": "u7"})
    policy = Policy(judge=("R1", "R2"))
    (question,) = reconcile(cases.build(data), policy, clock=At(NOW)).questions
    assert question.text.startswith("11 items of R1 and R2 changed in one go. Was that meant?")
    assert question.answer_line == 'driftline baseline accept "APO:R1" "APO:R2"'


def test_many_items_that_vanish_at_once_are_a_question_and_no_progress() -> None:
    data = world(version("R1", start=date(2026, 3, 2)))
    data["items"].append({"ids": "100-110", "in": ["vR1"]})
    store, policy = cases.build(data), Policy(judge=("R1",))
    with store.writing() as conn:
        members = schema.scope_membership
        ids = conn.execute(sa.select(members.c.member_id).where(members.c.milestone_id == "vR1"))
        some = sorted(ids.scalars())
        assert len(some) >= 5
        conn.execute(
            sa.update(members)
            .where(members.c.milestone_id == "vR1")
            .values(valid_to=NOW - timedelta(days=1), end_cause="deleted_or_hidden")
        )
    result = reconcile(store, policy, clock=At(NOW))
    (question,) = result.questions
    assert question.text.startswith(f"{len(some)} items of R1 are gone at once")
    assert question.answer_line == 'driftline baseline accept "APO:R1"'
    (line,) = result.milestones
    assert line.ledger is not None
    assert line.ledger.net_ratio is None


def test_values_without_a_meaning_are_one_question() -> None:
    message = "Status 'In QA' has no meaning yet. Add to the mapping file: [status] \"In QA\" = "
    issues = [
        {"kind": "unmapped-status", "value": "In QA", "message": f'{message}"in_progress"'},
        {"kind": "unmapped-priority", "value": "P9", "message": "…"},
        {"kind": "bad-date", "value": "x", "message": "…"},
    ]
    store = cases.build(world(version("R1", 400), issues=issues))
    (question,) = reconcile(store, Policy(), clock=At(NOW)).questions
    assert question.text == 'What does the status "In QA" mean? 1 more value waits too.'
    assert question.answer_line == '[status] "In QA" = "in_progress"'
