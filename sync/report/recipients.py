"""Who reads the report, and what of a reconciliation concerns them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sync.reconcile.contract import Certificate, Finding, MilestoneLine, Reconciliation
from sync.report.schedule import Schedule

#: `APO-12`, `owner/repo#12`, `group/project!12` at the beginning of a label.
_ITEM = re.compile(r"(?P<project>[A-Za-z][A-Za-z0-9_]*)-\d+\b|(?P<path>[\w./-]+)[#!]\d+\b")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One reader, and when they read; nothing named means that all concerns them."""

    address: str
    audience: str
    #: owns the token and so sees restricted items.
    is_owner: bool = False
    #: names of milestones, as they are judged: `Release 3.2`, `APO:Release 3.2`.
    milestones: tuple[str, ...] = ()
    #: keys of projects and paths of repositories.
    projects: tuple[str, ...] = ()
    schedule: Schedule = field(default_factory=Schedule)

    @property
    def sees_all(self) -> bool:
        """Nothing is left out for this reader."""
        return not self.milestones and not self.projects


def concerning(reconciliation: Reconciliation, recipient: Recipient) -> Reconciliation:
    """What of it concerns the reader; pure.

    Left out is only what is known to belong elsewhere: what nobody can place stays, and so does a
    source that was not read, unless it is one that the reader did not ask for.
    """
    if recipient.sees_all:
        return reconciliation
    place = _Place.of(reconciliation, recipient)
    kept = tuple(one for one in reconciliation.findings if place.holds(one))
    named = {one.fingerprint for one in kept}
    burn_up, trend = reconciliation.burn_up, reconciliation.trend
    return replace(
        reconciliation,
        findings=kept,
        ended_answers=tuple(
            one for one in reconciliation.ended_answers if one.fingerprint in named
        ),
        resolved=tuple(one for one in reconciliation.resolved if place.holds(one)),
        suppressed=tuple(one for one in reconciliation.suppressed if place.holds(one)),
        flapping=tuple(
            one
            for one in reconciliation.flapping
            if one.finding is None or place.holds(one.finding)
        ),
        milestones=place.lines,
        certificates=tuple(one for one in reconciliation.certificates if place.reads(one)),
        not_checked=tuple(row for row in reconciliation.not_checked if not place.is_other(row[1])),
        questions=tuple(
            one
            for one in reconciliation.questions
            if not place.names_other(f"{one.text} {one.answer_line}")
        ),
        agreed=tuple(one for one in reconciliation.agreed if not place.names_other(one)),
        # Its numbers are those of the whole program.
        inventory={},
        burn_up=burn_up if burn_up is None or burn_up.milestone in place.names else None,
        trend=trend if trend is None or trend.milestone in place.names else None,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """What belongs to a reader and what is known to belong to somebody else, in small letters."""

    lines: tuple[MilestoneLine, ...]
    names: frozenset[str]
    other_names: frozenset[str]
    projects: frozenset[str]
    other_projects: frozenset[str]

    @classmethod
    def of(cls, reconciliation: Reconciliation, recipient: Recipient) -> "_Place":
        asked = frozenset(one.casefold() for one in recipient.milestones)
        keys = frozenset(one.casefold() for one in recipient.projects)
        every = reconciliation.milestones
        mine = tuple(one for one in every if _is_asked_for(one, asked, keys))
        names = frozenset(one.name for one in mine)
        others = [one for one in every if one not in mine]
        projects = keys.union(*(_projects(one) for one in mine))
        known = frozenset(
            one.scope.casefold() for one in reconciliation.certificates if _is_project(one.scope)
        )
        # Without a project that was asked for, any project may hold what the milestone needs.
        elsewhere = frozenset[str]().union(*(_projects(one) for one in others))
        return cls(
            lines=mine,
            names=names,
            other_names=frozenset(one.name for one in others) - names,
            projects=projects,
            other_projects=((known | elsewhere) if keys else elsewhere) - projects,
        )

    def holds(self, finding: Finding) -> bool:
        """Whether a finding concerns the reader, or nobody can say that it does not."""
        if finding.milestone_label is not None:
            if finding.milestone_label in self.names:
                return True
            if finding.milestone_label in self.other_names:
                return False
        if finding.subject.startswith("stream:"):
            # `stream:CONNECTION/SCOPE/STREAM`
            scope = finding.subject.partition("/")[2].rpartition("/")[0]
            return scope.casefold() not in self.other_projects
        return not self.is_other(finding.subject_label)

    def reads(self, certificate: Certificate) -> bool:
        return certificate.scope.casefold() not in self.other_projects

    def is_other(self, label: str) -> bool:
        """Whether a label names what is known to belong elsewhere."""
        if label in self.names:
            return False
        if label in self.other_names or label.casefold() in self.other_projects:
            return True
        found = _ITEM.match(label)
        if found is None:
            return False
        return (found["project"] or found["path"]).casefold() in self.other_projects

    def names_other(self, text: str) -> bool:
        """Whether a sentence speaks of a milestone of others and of none of the reader's."""
        return _any_in(self.other_names, text) and not _any_in(self.names, text)


def _is_asked_for(line: MilestoneLine, asked: frozenset[str], keys: frozenset[str]) -> bool:
    name, project = line.name, line.project_key
    called = {name}
    if project:
        called |= {f"{project}:{name}", f"{line.connection}/{project}:{name}"}
    if any(one.casefold() in asked for one in called):
        return True
    if asked and not keys:
        return False
    belongs = _projects(line)
    # Whose project nobody knows may be theirs.
    return bool(keys) and (not belongs or bool(belongs & keys))


def _projects(line: MilestoneLine) -> frozenset[str]:
    """Keys of the projects that a milestone, or one of its parts, lies in."""
    parts = [one.partition("/")[2].rpartition(":")[0] for one in line.parts]
    found = [*parts, *([line.project_key] if line.project_key else [])]
    return frozenset(one.casefold() for one in found if one)


def _is_project(scope: str) -> bool:
    """Boards are numbers, and a site has no name."""
    return bool(scope) and not scope.isdigit() and scope != "site"


def _any_in(names: Iterable[str], text: str) -> bool:
    return any(
        re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None for name in names if name
    )
