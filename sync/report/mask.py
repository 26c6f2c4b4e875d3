"""Hide restricted items from every reader but the token's owner: counts stay, words go."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from sync.reconcile.contract import BurnUp, Evidence, Finding, Question, Reconciliation, Trend
from sync.report.wording import family

#: What stands where words would name a restricted item.
HIDDEN = "This concerns restricted items; the details are hidden."
#: Subjects that hold many items: their own name is no secret of one item.
_CONTAINERS = frozenset(
    {"version", "milestone", "sprint", "iteration", "epic", "program", "project", "board", "stream"}
)
#: `APO-12`, `owner/repo#12`, `group/project!12`.
_KEY = re.compile(r"\b[A-Za-z][A-Za-z0-9_]*-\d+\b|[\w./-]*[#!]\d+\b")


_Picture = TypeVar("_Picture", BurnUp, Trend)


@dataclass(frozen=True, slots=True)
class Masked:
    """A reconciliation that may be shown to anybody on the list, and what was taken out."""

    reconciliation: Reconciliation
    hidden_findings: int
    #: pieces of evidence taken out, by fingerprint.
    hidden_evidence: dict[str, int]
    #: hidden findings by detector.
    hidden_by_detector: tuple[tuple[str, int], ...]


def mask(reconciliation: Reconciliation) -> Masked:
    """Take out what names a restricted item; pure."""
    found = (*reconciliation.findings, *reconciliation.resolved)
    hidden = {finding.fingerprint for finding in found if _is_about_restricted(finding)}
    terms = _secret_terms(found, hidden)
    evidence: dict[str, int] = {}

    def shown(findings: Iterable[Finding]) -> tuple[Finding, ...]:
        kept = []
        for finding in findings:
            if finding.fingerprint in hidden:
                continue
            open_evidence = tuple(proof for proof in finding.evidence if not proof.restricted)
            gone = len(finding.evidence) - len(open_evidence)
            clear = tuple(proof for proof in open_evidence if not _names(proof, terms))
            gone += len(open_evidence) - len(clear)
            if gone:
                evidence[finding.fingerprint] = gone
            kept.append(_scrubbed(replace(finding, evidence=clear), terms))
        return tuple(kept)

    by_detector = Counter(
        finding.detector for finding in reconciliation.findings if finding.fingerprint in hidden
    )
    cut = replace(
        reconciliation,
        findings=shown(reconciliation.findings),
        resolved=shown(reconciliation.resolved),
        questions=tuple(
            question for question in reconciliation.questions if not _asks(question, terms)
        ),
        not_checked=tuple(
            (detector, HIDDEN if terms and terms.search(label) else label, reason)
            if not (terms and terms.search(reason))
            else (detector, HIDDEN, "restricted")
            for detector, label, reason in reconciliation.not_checked
        ),
        hygiene=tuple(
            HIDDEN if terms and terms.search(line) else line for line in reconciliation.hygiene
        ),
        restated=tuple(
            HIDDEN if terms and terms.search(line) else line for line in reconciliation.restated
        ),
        ended_answers=tuple(
            one for one in reconciliation.ended_answers if one.fingerprint not in hidden
        ),
        flapping=tuple(
            one if one.finding is None else replace(one, finding=_scrubbed(one.finding, terms))
            for one in reconciliation.flapping
            if one.finding is None or not _is_about_restricted(one.finding)
        ),
        agreed=tuple(
            HIDDEN if terms and terms.search(line) else line for line in reconciliation.agreed
        ),
        suppressed=tuple(
            replace(one, suppressed=HIDDEN)
            if terms and one.suppressed and terms.search(one.suppressed)
            else one
            for one in reconciliation.suppressed
        ),
        burn_up=_picture(reconciliation.burn_up, terms),
        trend=_picture(reconciliation.trend, terms),
    )
    return Masked(cut, sum(by_detector.values()), evidence, tuple(sorted(by_detector.items())))


def _picture(picture: _Picture | None, terms: re.Pattern[str] | None) -> _Picture | None:
    """A picture without its name says nothing, so it goes."""
    named = picture is not None and terms is not None and terms.search(picture.milestone)
    return None if named else picture


def _is_about_restricted(finding: Finding) -> bool:
    restricted = [proof for proof in finding.evidence if proof.restricted]
    if not restricted:
        return False
    if finding.subject.split(":", 1)[0] not in _CONTAINERS:
        return True
    keys = {key for proof in restricted for key in _KEY.findall(proof.text)}
    return bool(keys & set(_KEY.findall(finding.subject_label)))


def _secret_terms(found: Iterable[Finding], hidden: set[str]) -> re.Pattern[str] | None:
    """One pattern for all words that would give a restricted item away."""
    terms: set[str] = set()
    for finding in found:
        restricted = [proof for proof in finding.evidence if proof.restricted]
        for proof in restricted:
            terms.update(_KEY.findall(proof.text))
            terms.add(proof.text)
            if proof.url:
                terms.add(proof.url)
                terms.update(_KEY.findall(proof.url.rsplit("/", 1)[-1]))
        if finding.fingerprint in hidden:
            terms.add(finding.subject_label)
            terms.update(_KEY.findall(finding.subject_label))
            title = _KEY.sub("", finding.subject_label, count=1).strip()
            # A short or single word would hide half of the report.
            if len(title) >= 8 and " " in title:
                terms.add(title)
    terms = {term for term in terms if len(term.strip()) >= 3}
    if not terms:
        return None
    longest_first = sorted(terms, key=lambda term: (-len(term), term))
    joined = "|".join(re.escape(term) for term in longest_first)
    return re.compile(rf"(?<![A-Za-z0-9_])(?:{joined})(?![A-Za-z0-9_])", re.IGNORECASE)


def _names(proof: Evidence, terms: re.Pattern[str] | None) -> bool:
    return bool(terms and (terms.search(proof.text) or (proof.url and terms.search(proof.url))))


def _asks(question: Question, terms: re.Pattern[str] | None) -> bool:
    return bool(terms and (terms.search(question.text) or terms.search(question.answer_line)))


def _scrubbed(finding: Finding, terms: re.Pattern[str] | None) -> Finding:
    if terms is None:
        return finding

    def hide(text: str) -> str:
        return HIDDEN if terms.search(text) else text

    title = finding.title
    if terms.search(title):
        title = f"{family(finding.detector)}: {finding.milestone_label or 'restricted items'}"
    label = finding.subject_label
    if terms.search(label):
        label = "restricted items"
    milestone = finding.milestone_label
    if milestone and terms.search(milestone):
        milestone = "restricted items"
        title = f"{family(finding.detector)}: restricted items"
    return replace(
        finding,
        title=title,
        subject_label=label,
        milestone_label=milestone,
        what=hide(finding.what),
        so_what=hide(finding.so_what),
        who=hide(finding.who),
        by_when=hide(finding.by_when),
        remedy=hide(finding.remedy),
    )
