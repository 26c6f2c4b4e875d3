"""The report's findings as SARIF 2.1.0, for tools that gather the results of checks.

A finding is a result where it has an address to look at; those without are counted in a note. Its
state becomes `baselineState`, its fingerprint `partialFingerprints`, and what a person answered a
suppression with its reason.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sync.reconcile.answers import Place
from sync.reconcile.contract import AnswerKind, Detector, FindingState, Severity
from sync.reconcile.registry import detectors
from sync.report.data import Item, Proof, ReportData
from sync.report.wording import count

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
#: Longest list of gaps and of evidence that is told.
CAP = 40
_LEVELS = {
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}
_BASELINE = {
    FindingState.ALREADY_THERE: "unchanged",
    FindingState.NEW: "new",
    FindingState.ONGOING: "unchanged",
    FindingState.WORSENED: "updated",
    FindingState.IMPROVED: "updated",
    FindingState.RESOLVED: "absent",
    FindingState.REGRESSED: "new",
    FindingState.NOT_CHECKED: "unchanged",
    FindingState.SUPPRESSED: "unchanged",
}
#: Where what a person answered keeps a finding out of the report.
_KEPT_OUT = frozenset({Place.SNOOZED, Place.ACCEPTED, Place.NOT_USEFUL})
#: What an address may hold as it is; the rest is written in percent.
_IN_ADDRESSES = "%:/?#[]@!$&'()*+,;=~"


def render(data: ReportData) -> str:
    """One run as JSON."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(data)]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _run(data: ReportData) -> dict[str, Any]:
    told = [one for one in (*data.findings, *data.resolved) if one.url]
    names = sorted({one.detector for one in told})
    places = {name: place for place, name in enumerate(names)}
    return {
        "tool": {
            "driver": {
                "name": "driftline",
                "version": data.trust.program_version or "unknown",
                "rules": _rules(names),
            }
        },
        "automationDetails": {"id": f"driftline/{data.program.replace('/', ' ')}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": data.unread == 0 and bool(data.trust.sources),
                "endTimeUtc": f"{data.at:%Y-%m-%dT%H:%M:%SZ}",
                "toolExecutionNotifications": _notes(data, len(told)),
            }
        ],
        "results": [_result(one, places[one.detector]) for one in told],
        "properties": {
            "program": data.program,
            "kind": data.kind,
            "audience": data.audience,
            "verdict": data.verdict.word,
        },
    }


def _rules(names: Iterable[str]) -> list[dict[str, Any]]:
    known = detectors()
    rules: list[dict[str, Any]] = []
    for name in names:
        detector = known.get(name)
        if detector is None:
            # Of a plugin that is not installed here.
            rules.append({"id": name})
            continue
        help_ = [f"{detector.name}."]
        help_ += [f"{rule}: {sentence}" for rule, sentence in detector.rules.items()]
        help_ += [f"Threshold {one}: {meaning}" for one, meaning in detector.explain.items()]
        rules.append(
            {
                "id": name,
                "shortDescription": _message(detector.name),
                "fullDescription": _message(_said(detector)),
                "help": {"text": "\n".join(_text(line) for line in help_)},
                "properties": {"tags": [detector.family]},
            }
        )
    return rules


def _said(detector: Detector) -> str:
    """What it looks for, as its page begins."""
    first = (detector.detect.__doc__ or "").strip().split("\n\n")[0]
    return " ".join(first.split()) or detector.name


def _notes(data: ReportData, told: int) -> list[dict[str, Any]]:
    """What the results do not say: gaps, what was not judged, findings without an address."""
    lines = [("warning", gap) for gap in data.trust.gaps[:CAP]]
    if len(data.trust.gaps) > CAP:
        lines.append(("warning", f"{len(data.trust.gaps) - CAP:,} more gaps"))
    if not data.trust.sources:
        lines.append(("warning", "no source was read"))
    unchecked: dict[str, int] = {}
    for row in data.not_checked:
        unchecked[row.detector] = unchecked.get(row.detector, 0) + row.count
    lines += [
        ("warning", f"{name}: {count(number, 'subject')} not checked")
        for name, number in sorted(unchecked.items())
    ]
    silent = len(data.findings) + len(data.resolved) - told
    if silent:
        found = count(silent, "finding")
        lines.append(("note", f"{found} without an address to look at: in the report only"))
    return [{"level": level, "message": _message(line)} for level, line in lines]


def _result(item: Item, place: int) -> dict[str, Any]:
    unsure = item.state is FindingState.NOT_CHECKED
    return {
        "ruleId": f"{item.detector}/{item.rule}" if item.rule else item.detector,
        "ruleIndex": place,
        # Neither there nor gone: nothing can be said of it.
        "kind": "open" if unsure else "fail",
        "level": "none" if unsure else _LEVELS[item.severity],
        "message": _message(_words(item)),
        "locations": [
            {
                "physicalLocation": _place(item.url or ""),
                "logicalLocations": [{"name": item.subject_label, "kind": "resource"}],
            }
        ],
        "relatedLocations": _evidence(item.evidence),
        "baselineState": _BASELINE[item.state],
        "partialFingerprints": {"driftline/v1": item.fingerprint},
        "suppressions": _suppressions(item),
        "properties": _properties(item),
    }


def _suppressions(item: Item) -> list[dict[str, Any]]:
    """What a person answered, where it keeps the finding out of the report."""
    answer = item.answer
    if answer is None or item.place not in _KEPT_OUT:
        return []
    kept = {
        "kind": answer.kind.value,
        "author": answer.author,
        # The standard has no end of a suppression.
        "until": answer.until.isoformat() if answer.until else None,
        "untilWorse": answer.until_worse or None,
        "ticket": answer.ticket,
    }
    return [
        {
            "kind": "external",
            "status": "accepted",
            "justification": answer.reason or answer.words,
            "properties": {name: value for name, value in kept.items() if value is not None},
        }
    ]


def _words(item: Item) -> str:
    parts = [item.title or item.detector, item.what, item.so_what]
    parts += [f"What to do: {item.remedy}"] if item.remedy else []
    return " ".join(
        part if part.endswith((".", "!", "?", "…")) else f"{part}." for part in parts if part
    )


def _evidence(proofs: Sequence[Proof]) -> list[dict[str, Any]]:
    linked = [one for one in proofs if one.url][:CAP]
    return [
        {
            "id": number,
            "message": _message(proof.text or "evidence"),
            "physicalLocation": _place(proof.url or ""),
        }
        for number, proof in enumerate(linked, 1)
    ]


def _properties(item: Item) -> Mapping[str, Any]:
    values = {
        "severity": item.severity.value,
        "state": item.state.value,
        "channel": item.channel.value,
        "connection": item.connection,
        "milestone": item.milestone,
        "owner": item.owner,
        "acknowledgedBy": _taken(item),
        "impactDays": item.impact_days,
        "who": item.who,
        "byWhen": item.by_when,
        "ageDays": item.age_days if item.age_known else None,
        "hiddenEvidence": item.hidden_evidence or None,
    }
    return {name: value for name, value in values.items() if value not in (None, "")}


def _taken(item: Item) -> str | None:
    taken = item.answer is not None and item.answer.kind is AnswerKind.ACKNOWLEDGE
    return item.answer.author if taken and item.answer else None


def _place(url: str) -> dict[str, Any]:
    return {"artifactLocation": {"uri": quote(url, safe=_IN_ADDRESSES)}}


def _message(text: str) -> dict[str, str]:
    return {"text": _text(text)}


def _text(text: str) -> str:
    """A message in which nothing is a link or a placeholder (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    return re.sub(r"[{}]", lambda found: found.group() * 2, text).replace("](", "] (")
