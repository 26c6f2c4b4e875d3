"""Two weeks of cron, with edits every day: what is mailed, to whom, and what is not said twice.

The golden text holds each morning's mails down to where the risks begin; what must be so whatever
the words are is asserted beside it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from support.weeks import LEAD, MONDAY, TPM, Weeks, above_the_fold, weeks
from syrupy.assertion import SnapshotAssertion

from sync.report.json_ import document
from sync.report.kept import kept, replayed
from sync.store.open import open_store

JUDGED = (
    "APO:Release 3.2",
    "APO:Partner release",
    "APO:Beta programme",
    "APO:Spring release",
)
#: A standing gap is the one thing that is told again and again.
BLIND = "data.blind-spot"
UNCHANGED = ("ongoing", "already_there", "not_checked")


@dataclass
class Morning:
    """What one run of cron led to."""

    day: int
    code: int
    mails: list[EmailMessage]

    @property
    def told(self) -> str:
        """Day, readers, subjects, and each mail above the fold."""
        when = MONDAY + timedelta(days=self.day)
        lines = [f"== day {self.day}, {when:%a %d %b}: exit code {self.code}"]
        for mail in self.mails:
            lines += [f"to {mail['To']}", f"subject {mail['Subject'].strip()}", ""]
            lines += [above_the_fold(mail), ""]
        if not self.mails:
            lines += ["no mail", ""]
        return "\n".join(lines)


def reports(directory: Path) -> list[dict[str, Any]]:
    """Every report that was mailed, oldest first, as its JSON."""
    store = open_store(str(directory / "driftline.db"), read_only=True)
    try:
        return [document(replayed(store, one.id)) for one in reversed(kept(store))]
    finally:
        store.close()


def moved(report: dict[str, Any], *states: str) -> Iterator[str]:
    """Fingerprints told under "What changed" in these states."""
    for item in report["changes"]["items"]:
        if item["state"] in states:
            yield item["fingerprint"]


def assert_nothing_is_told_twice(told: list[dict[str, Any]]) -> None:
    first, *later = told
    assert first["kind"] == "inventory"
    assert first["changes"]["items"] == []
    assert all(one["changes"]["more"] == 0 for one in later)
    for state in ("new", "resolved"):
        counted = Counter(one for report in later for one in moved(report, state))
        assert set(counted.values()) <= {1}, state
    there = {one["fingerprint"] for one in first["findings"]}
    fresh = {
        one["fingerprint"]
        for report in later
        for one in report["findings"]
        if one["channel"] == "mailed" and one["fingerprint"] not in there
    }
    assert fresh == {one for report in later for one in moved(report, "new")}
    for report in later:
        states = {one["fingerprint"]: one for one in report["findings"]}
        above = {one["fingerprint"] for one in report["actions"]}
        above |= {one["fingerprint"] for one in report["changes"]["items"]}
        for fingerprint in above & states.keys():
            item = states[fingerprint]
            assert item["detector"] == BLIND or item["state"] not in UNCHANGED


def play(there: Weeks, script: dict[int, Any], days: int) -> list[Morning]:
    """Run cron each morning; what stands in the script for a day happened in the night before."""
    found = []
    for day in range(days):
        if day in script:
            script[day]()
        found.append(Morning(day, *there.cron()))
        there.tomorrow()
    return found


@pytest.mark.full
def test_two_weeks_of_mail(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    snapshot: SnapshotAssertion,
) -> None:
    today = MONDAY.date()
    with weeks(tmp_path, monkeypatch, capsys, judge=JUDGED) as there:
        world = there.world
        partner = there.release(
            "Partner release", today - timedelta(50), today - timedelta(1), items=6, done=4
        )
        beta = there.release(
            "Beta programme", today - timedelta(40), today + timedelta(45), items=8, done=3
        )
        spring = there.release(
            "Spring release", today - timedelta(70), today + timedelta(20), items=6, done=4
        )

        def in_review() -> None:
            for one in there.open_in(spring):
                world.transition(one, "In Review")

        def partner_is_done() -> None:
            for one in there.open_in(partner):
                there.finish(one, world.now)

        faults: list[Any] = []
        script = {
            2: in_review,
            3: lambda: world.release_version(spring),
            4: lambda: world.set_version_dates(beta, due=today + timedelta(110)),
            5: lambda: faults.append(there.break_issues()),
            7: lambda: there.mend(faults.pop()),
            8: partner_is_done,
            10: lambda: there.map_statuses('[status]\n"In Review" = "done"\n'),
        }
        mornings = play(there, script, 14)
        # The second Monday: the fortnight is over, and others may read what a person approved.
        mornings.append(Morning(14, *there.cron()))
        approval = there.cron("report", "approve", "--author", "Ada", "--note", "Sales knows.")
        mornings.append(Morning(14, *approval))
        told = reports(tmp_path)
        spring_is = f"version:{spring.id}"
        found = there.said("findings", "list", "--all", "--json")
    assert "\n".join(one.told for one in mornings) == snapshot

    # Quiet days send nothing; a new high finding, a failed source and Monday do.
    assert [one.day for one in mornings if one.mails] == [0, 4, 5, 6, 7, 14, 14]
    # The first fortnight is the TPM's alone.
    readers = [mail["To"] for one in mornings for mail in one.mails]
    assert readers == [TPM] * 6 + [LEAD]
    mine = [one for one in told if one["for_owner"]]
    assert len(mine) == 6
    assert_nothing_is_told_twice(mine)
    # A failed source always sends, and says so where it is seen first.
    for day in (5, 6):
        assert mornings[day].code == 4
        assert "not read" in above_the_fold(mornings[day].mails[0]) or "partly read" in str(
            mornings[day].mails[0]["Subject"]
        )
    # Each end is told once: the source that is read again, and the release that was finished.
    ended = [one for report in mine for one in moved(report, "resolved")]
    assert len(ended) == len(set(ended)) == 3
    # What the mapping moved is restated, and neither new nor resolved.
    (contradiction,) = {
        one["fingerprint"]
        for report in mine
        for one in report["findings"]
        if one["subject_label"] == "Spring release" and one["detector"] == "data.contradiction"
    }
    last = mine[-1]
    assert last["changes"]["restated"] == ["the mapping changed"]
    # The contradiction, and the gap in the plan that its two started items were.
    assert last["changes"]["restated_findings"] == 2
    assert contradiction not in {one["fingerprint"] for one in last["findings"]}
    assert contradiction not in set(moved(last, "new", "resolved", "worsened", "improved"))
    assert f'"subject": "{spring_is}"' in found
    # The note stands beside the verdict and changes nothing of it.
    lead = told[-1]
    assert lead["note"]["text"] == "Sales knows."
    assert lead["verdict"]["word"] == last["verdict"]["word"]
    assert "Sales knows." in above_the_fold(mornings[-1].mails[0])


def test_four_days_of_mail(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    today = MONDAY.date()
    with weeks(tmp_path, monkeypatch, capsys, judge=JUDGED, issues=8, changes=1) as there:
        beta = there.release(
            "Beta programme", today - timedelta(40), today + timedelta(45), items=4, done=2
        )
        faults: list[Any] = []
        script = {
            2: lambda: there.world.set_version_dates(beta, due=today + timedelta(110)),
            3: lambda: faults.append(there.break_issues()),
        }
        mornings = play(there, script, 4)
        told = reports(tmp_path)
    assert [len(one.mails) for one in mornings] == [1, 0, 1, 1]
    assert [one.code for one in mornings] == [0, 0, 0, 4]
    assert_nothing_is_told_twice(told)
    assert {one["detector"] for one in told[1]["changes"]["items"]} == {"plan.due-moved"}
    assert {one["detector"] for one in told[2]["changes"]["items"]} == {BLIND}
