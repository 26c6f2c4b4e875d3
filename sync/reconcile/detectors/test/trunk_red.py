"""The default branch has failing tests, and nobody has made it green for hours."""

from collections.abc import Iterable, Mapping
from typing import Any

from sync.reconcile import changes, trunk
from sync.reconcile.contract import (
    Channel,
    Detector,
    Evidence,
    Found,
    NotChecked,
    Severity,
    Voice,
    Words,
)
from sync.reconcile.detectors.test import landed
from sync.reconcile.trunk import Trunk
from sync.reconcile.view import View
from sync.reconcile.words import count, day_of, listed

ID = "test.trunk-red"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Branches on which the last word of a test is a failure for so many hours."""
    confirmed = changes.confirmed(view)
    for one in trunk.trunks_of(view):
        since = one.since
        if since is None:
            continue
        hours = (view.as_of - since).total_seconds() / 3600
        if hours >= thresholds["medium_hours"]:
            high = hours >= thresholds["high_hours"]
            said = landed.said(confirmed, one.repository)
            yield _found(view, one, hours, Severity.HIGH if high else Severity.MEDIUM, said)


def _found(view: View, one: Trunk, hours: float, severity: Severity, channel: Channel) -> Found:
    since = one.since
    assert since is not None
    checks = sorted(one.red)
    after = [point for point in one.points if point.at > since]
    good = one.last_green
    proofs = [
        Evidence(
            f'"{name}" fails since {point.sha[:10]} landed',
            at=point.at,
            source=_subject(point.id),
        )
        for name, point in sorted(one.red.items())
    ]
    if good is not None:
        proofs.append(
            Evidence(f"last green at {good.sha[:10]}", at=good.at, source=_subject(good.id))
        )
    return Found(
        subject=f"repository:{one.repository[1]}",
        severity=severity,
        magnitude=round(hours, 1),
        values={
            "repository": changes.path(view, one.repository),
            "branch": one.branch,
            "checks": listed(checks),
            "since": _for(hours, day_of(since, view.calendar)),
            "after": (f" {count(len(after), 'change')} landed on it meanwhile." if after else ""),
        },
        evidence=tuple(proofs[:20]),
        connection_id=one.repository[0],
        channel=channel,
    )


def _for(hours: float, day: str) -> str:
    return f"since {day}" if hours >= 48 else f"for {int(hours)} hours"


def _subject(id_: str) -> str:
    return id_ if id_.startswith("push:") else f"change:{id_}"


DETECTOR = Detector(
    id=ID,
    name="The default branch has failing tests",
    family="test",
    needs=landed.NEEDS,
    words=Words(
        title="{branch} of {repository} is red {since}",
        what="On {branch} of {repository}, {checks} fails {since}.{after}",
        so_what="Whatever lands now is built on something broken, and new failures hide behind it.",
        who="whoever answers for {repository}",
        by_when="before anything else lands",
        remedy="Mend the branch or take back what began it; then run the tests on it again.",
        executive=Voice(
            title="The main line of {repository} is broken {since}",
            what="The tests of the shared main line of {repository} fail {since}.{after}",
            so_what="Nothing that is built from it can be relied on until it is mended.",
        ),
        engineer=Voice(
            so_what="A failure of your own change cannot be told from the one that is there.",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={"medium_hours": 4, "high_hours": 24},
    explain={
        "medium_hours": "hours after which a red branch is a finding",
        "high_hours": "hours after which it is high",
    },
    detect=detect,
    about="repository",
)
