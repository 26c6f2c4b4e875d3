"""What moved since the reader's mail, what we moved ourselves, and what is not repeated."""

from datetime import timedelta

import pytest
from support import reconciliations as given_

from sync.reconcile.contract import FindingState, Severity
from sync.reconcile.since import Since
from sync.report.build import build
from sync.report.changes import Previous, previous_from_payload
from sync.report.json_ import document

LONG_AGO = given_.BEFORE - timedelta(days=30)


def known(*findings: object, **changes: object) -> Previous:
    """A reader who got these findings a week ago."""
    data = build(given_.reconciliation(findings=findings, at=given_.BEFORE, **changes))
    return previous_from_payload(document(data))


def story(**changes: object) -> Since:
    values: dict[str, object] = {
        "resolved": (),
        "silent": frozenset(),
        "restated": (),
        "agreed": (),
    }
    return Since(**{**values, **changes})  # type: ignore[arg-type]


def test_what_ended_in_between_is_told_by_name() -> None:
    gone = given_.finding("gone", state=FindingState.RESOLVED)
    never_told = given_.finding("flash", state=FindingState.RESOLVED)
    data = build(
        given_.reconciliation(),
        previous=known(given_.finding("gone")),
        story=story(resolved=(gone, never_told)),
    )
    assert data.changes.resolved == 1
    assert [one.fingerprint for one in data.changes.items] == ["fp-gone"]
    assert data.changes.more == 0


def test_what_we_moved_is_restated_and_what_the_world_moved_is_news() -> None:
    ours = given_.finding("ours", state=FindingState.ONGOING, first_seen_at=given_.AT)
    theirs = given_.finding("theirs", state=FindingState.ONGOING, first_seen_at=given_.AT)
    grown = given_.finding("grown", state=FindingState.ONGOING, severity=Severity.HIGH)
    data = build(
        given_.reconciliation(findings=(ours, theirs, grown)),
        previous=known(given_.finding("grown"), given_.finding("left")),
        story=story(
            silent=frozenset({"fp-ours", "fp-grown", "fp-left"}), restated=("the mapping changed",)
        ),
    )
    states = {one.fingerprint: one.state for one in data.findings}
    assert states["fp-ours"] is FindingState.ALREADY_THERE
    assert states["fp-grown"] is FindingState.ONGOING
    assert [one.fingerprint for one in data.changes.items] == ["fp-theirs"]
    assert (data.changes.new, data.changes.worse, data.changes.resolved) == (1, 0, 0)
    assert data.changes.restated == ("the mapping changed",)
    assert data.changes.restated_findings == 3
    assert data.urgent == ()


def test_reasons_pass_the_mask() -> None:
    secret = given_.restricted_finding()
    data = build(
        given_.reconciliation(findings=(secret,)),
        previous=known(),
        story=story(agreed=("somebody agreed to the plan of APO-66 Takeover of Globex",)),
    )
    assert "Globex" not in str(document(data))


def test_what_could_not_be_looked_at_is_still_news_when_it_can() -> None:
    unseen = given_.finding("late", state=FindingState.NOT_CHECKED, first_seen_at=given_.BEFORE)
    before = known(unseen, previous_at=LONG_AGO)
    found = given_.finding("late", state=FindingState.ONGOING, first_seen_at=given_.BEFORE)
    later = build(
        given_.reconciliation(findings=(found,), previous_at=given_.BEFORE), previous=before
    )
    assert "fp-late" not in before.findings
    assert later.changes.new in (0, 1)


@pytest.mark.parametrize(
    ("repeating", "actions", "risks", "questions"),
    [
        ("all", {"fp-new", "fp-old"}, {"fp-new", "fp-old"}, 1),
        ("weekly", {"fp-new"}, {"fp-new", "fp-old"}, 1),
        ("none", {"fp-new"}, {"fp-new"}, 0),
    ],
)
def test_what_stands_unchanged_is_repeated_once_a_week_and_never_above(
    repeating: str, actions: set[str], risks: set[str], questions: int
) -> None:
    given = given_.reconciliation(
        findings=(
            given_.finding("new"),
            given_.finding("old", state=FindingState.ONGOING, first_seen_at=LONG_AGO),
        ),
        questions=given_.first_run().questions[:1],
    )
    data = build(given, repeating=repeating)  # type: ignore[arg-type]
    assert {one.fingerprint for one in data.actions} == actions
    assert {one.fingerprint for one in data.risks} == risks
    assert len(data.questions) == questions
    if repeating == "none":
        assert {one.fingerprint for group in data.still_open for one in group.items} == {"fp-old"}


def test_a_blind_spot_stays_on_top_as_long_as_it_is_there() -> None:
    blind = given_.blind_spot(state=FindingState.ONGOING, first_seen_at=LONG_AGO)
    data = build(given_.reconciliation(findings=(blind,)), repeating="none")
    assert [one.fingerprint for one in data.actions] == ["fp-blind"]
