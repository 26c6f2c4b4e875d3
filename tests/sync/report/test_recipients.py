"""What of a reconciliation concerns a reader, and that unknown never becomes quiet."""

import dataclasses
from dataclasses import replace

import pytest
from support import reconciliations as given_

from sync.reconcile.contract import BurnUp, BurnUpPoint, Evidence, Question, Reconciliation
from sync.report import json_
from sync.report.build import build
from sync.report.recipients import Recipient, concerning


def company() -> Reconciliation:
    """Releases of APO and ZEU, findings about both and about neither."""
    zeu = given_.milestone("Release Z", project_key="ZEU", source_id="20001")
    return given_.reconciliation(
        milestones=(given_.milestone(), zeu),
        findings=(
            given_.finding("apo"),
            given_.finding("zeu", milestone_label="Release Z", subject_label="Release Z"),
            given_.finding("item", milestone_label=None, subject_label="ZEU-7 Pay by card"),
            given_.finding("nobody", milestone_label=None, subject_label="The whole company"),
            given_.blind_spot("blind-apo"),
            given_.blind_spot("blind-zeu", subject="stream:jira/ZEU/issues"),
            given_.blind_spot("blind-site", subject="stream:jira/site/fields"),
        ),
        certificates=(
            given_.certificate(),
            given_.certificate(scope="ZEU", outcome="failed", reason="503"),
            given_.certificate("fields", scope="site", outcome="failed", reason="503"),
        ),
        not_checked=(
            ("scope.net", "Release Z", "no baseline"),
            ("scope.net", "Release 3.2", "no baseline"),
            ("plan.overdue", "Somewhere", "not read"),
        ),
        questions=(
            Question("Is Release Z agreed?", "driftline baseline accept 'ZEU:Release Z'"),
            Question("Which checks are tests?", "driftline tests confirm acme/web"),
        ),
        burn_up=BurnUp("Release Z", (BurnUpPoint(given_.AT.date(), 3, 1),), None, None, None, None),
    )


def names(result: Reconciliation) -> set[str]:
    return {one.fingerprint.removeprefix("fp-") for one in result.findings}


def reader(**asked: tuple[str, ...]) -> Recipient:
    return Recipient("lead@example.net", "manager", **asked)  # type: ignore[arg-type]


def test_who_names_nothing_reads_all() -> None:
    assert concerning(company(), reader()) == company()


@pytest.mark.parametrize(
    "asked",
    [{"projects": ("APO",)}, {"projects": ("apo",)}, {"milestones": ("APO:Release 3.2",)}],
    ids=str,
)
def test_what_belongs_to_others_is_left_out(asked: dict[str, tuple[str, ...]]) -> None:
    cut = concerning(company(), reader(**asked))
    assert names(cut) == {"apo", "nobody", "blind-apo", "blind-site"}
    assert [one.name for one in cut.milestones] == ["Release 3.2"]
    assert [row[1] for row in cut.not_checked] == ["Release 3.2", "Somewhere"]
    assert [one.text for one in cut.questions] == ["Which checks are tests?"]
    assert cut.burn_up is None


def test_what_nobody_can_place_stays_with_every_reader() -> None:
    for asked in ("APO", "ZEU", "NOWHERE"):
        cut = concerning(company(), reader(projects=(asked,)))
        assert {"nobody", "blind-site"} <= names(cut)
        assert any(one.scope == "site" for one in cut.certificates)


def test_a_source_that_was_not_read_is_told_to_whom_it_concerns() -> None:
    def unread(project: str) -> set[str]:
        data = build(company(), reader=reader(projects=(project,)))
        assert data.unread
        return {one.scope for one in data.trust.sources if one.outcome == "failed"}

    assert unread("ZEU") == {"ZEU", "site"}
    assert unread("APO") == {"site"}


def test_a_source_of_no_known_milestone_stays_where_a_milestone_alone_was_asked_for() -> None:
    given = replace(
        company(), certificates=(given_.certificate(scope="acme/web", outcome="failed"),)
    )
    data = build(given, reader=reader(milestones=("Release 3.2",)))
    assert [(one.scope, one.outcome) for one in data.trust.sources] == [("acme/web", "failed")]


def test_a_reader_of_a_milestone_that_is_not_there_is_not_told_that_all_is_well() -> None:
    data = build(company(), reader=reader(milestones=("Nowhere",)))
    assert data.milestones == ()
    assert data.verdict.word == "unknown"


def test_a_secret_of_another_project_stays_hidden_although_it_is_left_out() -> None:
    secret = given_.restricted_finding(
        milestone_label="Release Z", subject_label="ZEU-66 Takeover of Globex"
    )
    secret = replace(
        secret, evidence=(Evidence("ZEU-66 Takeover of Globex is blocked", restricted=True),)
    )
    loud = given_.finding("loud", what="It waits for ZEU-66 Takeover of Globex.")
    given = replace(company(), findings=(*company().findings, secret, loud))
    text = json_.render(build(given, reader=reader(projects=("APO",))))
    assert "fp-loud" in text
    assert "Globex" not in text
    assert "ZEU-66" not in text


def test_a_picture_that_names_a_secret_is_taken_out() -> None:
    secret = given_.restricted_finding(subject="issue:1", subject_label="Takeover of Globex")
    given = replace(
        given_.reconciliation(findings=(secret,)),
        burn_up=BurnUp(
            "Takeover of Globex", (BurnUpPoint(given_.AT.date(), 3, 1),), None, None, None, None
        ),
        suppressed=(given_.finding("held", suppressed="Takeover of Globex says why"),),
    )
    assert build(given, for_owner=True).burn_up is not None
    data = build(given)
    assert data.burn_up is None
    assert "Globex" not in json_.render(data)


def test_every_part_of_a_reconciliation_was_thought_of() -> None:
    """A new part that names something would pass the filter and the mask unseen."""
    known = {
        *("run_id", "program", "at", "as_of", "time_zone", "is_first", "previous_at"),
        *("findings", "resolved", "milestones", "questions", "not_checked", "certificates"),
        *("hygiene", "inventory", "config_hash", "mapping_version", "program_version"),
        *(
            "restated",
            "agreed",
            "ending_tokens",
            "suppressed",
            "burn_up",
            "trend",
            "detector_states",
            "forecast_skill",
            "ended_answers",
            "flapping",
            "demoted",
        ),
    }
    fields = {one.name for one in dataclasses.fields(Reconciliation)}
    assert fields - known == set(), "filter it in recipients.py and mask.py, then name it here"
