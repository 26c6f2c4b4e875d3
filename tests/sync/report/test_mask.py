"""Restricted items: counts for everybody but the token's owner."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import reconciliations as given_

from sync.reconcile.contract import Evidence
from sync.report import html, json_, mail, text
from sync.report.build import build
from sync.report.mask import HIDDEN

SECRETS = ("APO-66", "Takeover", "Globex", "issue:10666")


def test_no_rendering_names_a_restricted_item() -> None:
    data = build(given_.restricted())
    body, _ = mail.mail_html(data)
    message = mail.compose(data, sender="a@example.com", recipient="b@example.com")
    for rendered in (
        text.render(data),
        html.render(data),
        json_.render(data),
        body,
        mail.eml(message).decode(),
        repr(data),
    ):
        for secret in SECRETS:
            assert secret not in rendered


def test_what_is_hidden_is_counted() -> None:
    data = build(given_.restricted())
    assert (data.trust.masked_findings, data.trust.masked_evidence) == (1, 1)
    assert data.trust.gaps == (
        "1 finding about restricted items counted only: 1 data.contradiction",
        "1 piece of evidence on restricted items hidden",
    )
    assert [item.hidden_evidence for item in data.findings] == [1]


def test_the_owner_sees_everything() -> None:
    data = build(given_.restricted(), for_owner=True)
    assert len(data.findings) == 2
    assert data.trust.masked_findings == 0
    assert "APO-66 Takeover of Globex" in text.render(data)
    assert len(data.questions) == 2


def test_the_rest_of_a_finding_stays() -> None:
    item = build(given_.restricted()).findings[0]
    assert item.title == "Release 3.1 is 6 working days past due with 4 open items"
    assert item.what == HIDDEN
    assert [proof.text for proof in item.evidence] == ["APO-12 Add login is open"]


def test_another_finding_that_names_the_item_is_scrubbed() -> None:
    other = given_.finding(
        title="APO-66 moved the date",
        remedy="Ask about the takeover of globex.",
        evidence=(Evidence("see", url="https://jira.example.com/browse/APO-66"),),
    )
    data = build(given_.reconciliation(findings=(given_.restricted_finding(), other)))
    item = data.findings[0]
    assert item.title == "Dates and plan: Release 3.2"
    assert item.remedy == HIDDEN
    assert (item.evidence, item.url) == ((), None)


def test_a_longer_key_is_not_taken_for_a_restricted_one() -> None:
    other = given_.finding(title="APO-661 moved the date")
    data = build(given_.reconciliation(findings=(given_.restricted_finding(), other)))
    assert data.findings[0].title == "APO-661 moved the date"


@pytest.mark.parametrize("subject", ["issue:1", "change:7", "repository:private", "epic:9"])
def test_a_subject_that_is_restricted_itself_is_hidden(subject: str) -> None:
    hidden = given_.restricted_finding(subject=subject)
    data = build(given_.reconciliation(findings=(hidden,)))
    assert (data.findings, data.trust.masked_findings) == ((), 1)


def test_a_resolved_finding_is_hidden_too() -> None:
    data = build(given_.reconciliation(resolved=(given_.restricted_finding(),)))
    assert (data.resolved, data.changes.resolved) == ((), 0)


WORDS = st.lists(
    st.sampled_from(
        [
            "the",
            "of APO-66",
            "APO-66:",
            "(Takeover of Globex)",
            "APO-12",
            "moved",
            "https://jira.example.com/browse/APO-66",
            "apo-66",
            "and",
            "takeover OF globex",
        ]
    ),
    min_size=1,
    max_size=6,
).map(" ".join)


@given(WORDS, WORDS, WORDS, WORDS)
def test_whatever_names_it_is_hidden(title: str, what: str, proof: str, label: str) -> None:
    other = given_.finding(
        title=title,
        what=what,
        so_what=proof,
        subject_label=label,
        milestone_label=label,
        evidence=(Evidence(proof),),
    )
    data = build(
        given_.reconciliation(
            findings=(given_.restricted_finding(), other),
            not_checked=(("scope.net", label, what),),
            hygiene=(what,),
        )
    )
    for rendered in (text.render(data), html.render(data), json_.render(data), data.subject):
        joined = " ".join(rendered.lower().split())
        assert "apo-66" not in joined
        assert "globex" not in joined


@pytest.mark.parametrize("audience", ["executive", "engineer"])
def test_words_of_any_audience_are_masked(audience: str) -> None:
    voices = {audience: {"what": "APO-66 is late", "title": "Takeover of Globex is late"}}
    other = given_.finding(voices=voices)
    found = given_.reconciliation(findings=(given_.restricted_finding(), other))
    data = build(found, audience=audience)
    for secret in SECRETS:
        assert secret not in repr(data)
    assert data.findings[0].what == HIDDEN
