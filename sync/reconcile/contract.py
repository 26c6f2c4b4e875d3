"""What a detector is, what it sees and what it gives; what a reconciliation hands to a report.

A detector is a data block and one function from a read-only view to findings. It reads no clock,
writes nothing, and judges only what the certificate covers.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

from mappings.schema import TeamRule
from mappings.vocabulary import MilestoneKind, MilestoneState
from sync.verdict.exempt import Testing

#: Major version of the detector contract; the registry refuses another.
CONTRACT = 1

#: What a detector judges one by one: judged milestones, projects, repositories with changes, or the
#: reading itself.
About = Literal["milestone", "project", "repository", "reading"]


class Severity(StrEnum):
    """How bad, lowest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return list(Severity).index(self)


class Channel(StrEnum):
    """Where a finding is shown: on top of the mail, in page and JSON only, or nowhere."""

    MAILED = "mailed"
    DIGEST = "digest"
    OFF = "off"


class FindingState(StrEnum):
    """Where a finding is in its life."""

    ALREADY_THERE = "already_there"
    NEW = "new"
    ONGOING = "ongoing"
    WORSENED = "worsened"
    IMPROVED = "improved"
    RESOLVED = "resolved"
    REGRESSED = "regressed"
    #: its data is not covered any more: neither there nor gone.
    NOT_CHECKED = "not_checked"
    #: there, and held back because another finding says why; `Finding.suppressed` tells it.
    SUPPRESSED = "suppressed"


class AnswerKind(StrEnum):
    """What a person answered to a finding."""

    #: somebody takes it: it is shown in one line, with the name.
    ACKNOWLEDGE = "acknowledge"
    #: not told until a day, or until it gets worse.
    SNOOZE = "snooze"
    #: known and borne, with a reason and an end.
    ACCEPT = "accept"
    #: it says nothing of use: kept out, and counted against its detector.
    NOT_USEFUL = "not_useful"
    #: it is right: counted for its detector, and nothing else.
    AGREE = "agree"


class AnswerEnd(StrEnum):
    """How an answer came to its end."""

    #: its last day is over, or its ticket is closed.
    LAPSED = "lapsed"
    #: the finding got worse.
    WOKE = "woke"
    #: the finding was resolved.
    RESOLVED = "resolved"
    #: another answer took its place.
    REPLACED = "replaced"
    #: a person took it back.
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person answered to one finding; instants in UTC."""

    fingerprint: str
    detector: str
    kind: AnswerKind
    author: str
    at: datetime
    #: level and number of the finding when it was answered.
    severity: Severity
    magnitude: float
    reason: str | None = None
    #: last day on which it holds, in the policy's zone; None: no day ends it.
    until: date | None = None
    #: whether it ends once the finding gets worse than it was.
    until_worse: bool = False
    #: key or link of an item whose closing ends it.
    ticket: str | None = None
    #: command, file or mail.
    source: str = "command"
    #: which entry of the suppressions file says it, or which mail.
    entry: str | None = None
    ended_at: datetime | None = None
    end: AnswerEnd | None = None
    #: why it ended, in words, and who ended it, if a person did.
    ended_reason: str | None = None
    ended_by: str | None = None
    #: what of it cannot be checked; told beside it.
    note: str | None = None
    #: its row in the store; 0: not stored yet.
    id: int = 0


@dataclass(frozen=True, slots=True)
class Suppression:
    """An entry of the suppressions file: findings that are known and borne."""

    #: AnswerKind.ACCEPT or NOT_USEFUL.
    kind: AnswerKind
    reason: str
    author: str
    #: last day on which it holds.
    expires: date
    #: beginning of one fingerprint; None: chosen by what follows, all of which must hold.
    fingerprint: str | None = None
    detector: str | None = None
    #: name of the milestone.
    milestone: str | None = None
    #: pattern with * and ? on the name of the subject.
    subject: str | None = None
    ticket: str | None = None
    #: file and line, as a person is told.
    where: str = ""


@dataclass(frozen=True, slots=True)
class PartRule:
    """A part of a program milestone, as configured."""

    #: `CONNECTION/PROJECT:name`, or `CONNECTION/KIND:id`.
    part: str
    #: first and last day on which it is one; None: open.
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What configuration says about judging; plain data."""

    program: str = "driftline"
    #: IANA zone in which calendar dates are meant.
    time_zone: str = "UTC"
    #: ISO week days that are worked (1 = Monday).
    work_days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    holidays: frozenset[date] = frozenset()
    #: team -> its work days and all its days off, where they differ.
    team_calendars: Mapping[str, tuple[frozenset[int], frozenset[date]]] = field(
        default_factory=dict
    )
    #: milestones a person confirmed: a name, or `PROJECT:name`.
    judge: tuple[str, ...] = ()
    #: milestones whose date is fixed and whose scope is not, named alike.
    fixed_date: tuple[str, ...] = ()
    #: thresholds by detector id, over the detector's defaults.
    thresholds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: channel by detector id, over the detector's default.
    channels: Mapping[str, Channel] = field(default_factory=dict)
    #: how long after its baseline instant a container may still be tidied, working days.
    grace_days: int = 1
    #: a stream older than this is a blind spot, hours.
    stale_hours: float = 26.0
    #: person -> accounts, as `CONNECTION:WORD`.
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: connections whose items the changes of a repository speak of, by its path; others: of all.
    trackers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: program milestone -> its parts, as configured.
    programs: Mapping[str, tuple["PartRule", ...]] = field(default_factory=dict)
    #: items of two systems that are one, as `CONNECTION:KEY`; the first of each pair counts.
    mirrors: tuple[tuple[str, str], ...] = ()
    #: connection -> the rules that tell an item's team, in the order in which they are asked.
    teams: Mapping[str, tuple[TeamRule, ...]] = field(default_factory=dict)
    #: connection -> fields that name the team, beside the vendor's own.
    team_fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: entries of the suppressions file.
    suppressions: tuple[Suppression, ...] = ()
    #: detectors that people's judgements sent to the page only.
    demoted: frozenset[str] = frozenset()
    #: whether a finding may name the person whose it is, and not only the team.
    name_people: bool = True
    #: what needs no test, and how much has to be covered.
    testing: Testing = field(default_factory=Testing)
    #: hash of the configuration without secrets.
    config_hash: str = ""
    program_version: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One proof: what it says, its value, and where a person can see it."""

    text: str
    url: str | None = None
    at: datetime | None = None
    #: source event or row it comes from.
    source: str | None = None
    #: about a restricted item: masked for everybody but the token's owner.
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector saw: an identity, a judgement and its proof."""

    #: `version:10001`, `sprint:7`, `issue:10042`, `project:APO-id`, `board:3`, `change:8`,
    #: `repository:5`, `program:name`, `stream:…`.
    subject: str
    severity: Severity
    #: one number that grows when it gets worse.
    magnitude: float
    #: values for the detector's templates.
    values: Mapping[str, Any]
    evidence: tuple[Evidence, ...]
    connection_id: int | None = None
    #: part of the identity where one detector has several rules.
    rule: str = ""
    milestone: tuple[MilestoneKind, str] | None = None
    #: overrides the detector's channel for this rule.
    channel: Channel | None = None
    #: subjects of the same connection that this one lies in: `repository:5`, `epic:10042`.
    within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A subject a detector could not judge, and why."""

    subject: str
    reason: str
    connection_id: int | None = None


@dataclass(frozen=True, slots=True)
class Voice:
    """The same finding for another audience; what is None is said as to a manager."""

    title: str | None = None
    what: str | None = None
    so_what: str | None = None
    who: str | None = None
    by_when: str | None = None
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """Templates (`str.format` on `Found.values`) in plain language, for a person who decides."""

    title: str
    what: str
    so_what: str
    who: str
    by_when: str
    remedy: str
    #: for those who read one sentence: what it means, without the counts.
    executive: Voice = Voice()
    #: for those who do the work: what to open and what to change.
    engineer: Voice = Voice()


@dataclass(frozen=True, slots=True)
class Detector:
    """The data block of a detector, and its function."""

    #: `family.name`.
    id: str
    #: states the problem: "Scope has changed since the baseline".
    name: str
    family: str
    #: streams whose certificate must cover a subject's scope, per connector kind.
    needs: Mapping[str, tuple[str, ...]]
    words: Words
    channel: Channel
    #: thresholds with their default values, and what each means.
    defaults: Mapping[str, Any]
    explain: Mapping[str, str]
    #: called with the view and the effective thresholds.
    detect: Callable[[Any, Mapping[str, Any]], Iterable[Found | NotChecked]]
    #: rules inside, for documentation: name -> sentence.
    rules: Mapping[str, str] = field(default_factory=dict)
    #: version of the contract that it was written for; who says nothing was written for the first.
    contract: int = 1
    #: what its subjects are: tells what is listed as not checked where data is missing.
    about: About = "milestone"
    #: detector -> why, in plain words: while a finding of it is there on the same subject, or on
    #: one that it lies in, this detector's finding is held back.
    yields_to: Mapping[str, str] = field(default_factory=dict)
    #: runs in a row in which a finding has to be there before it is told.
    standing: int = 1


# --- what a reconciliation hands over --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding as stored, with its words filled in."""

    fingerprint: str
    detector: str
    rule: str
    subject: str
    #: what a person calls the subject: `Release 3.2`, `APO-12 Add login`.
    subject_label: str
    severity: Severity
    state: FindingState
    channel: Channel
    magnitude: float
    title: str
    what: str
    so_what: str
    who: str
    by_when: str
    remedy: str
    evidence: tuple[Evidence, ...]
    first_seen_at: datetime
    last_seen_at: datetime
    connection: str | None = None
    milestone_label: str | None = None
    resolved_at: datetime | None = None
    #: severity at the reconciliation before, if it was there.
    previous_severity: Severity | None = None
    #: words that other audiences read in place of these: {audience: {part: text}}.
    voices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: why it is held back, while it is.
    suppressed: str | None = None
    #: what a person answered to it and holds.
    answer: Answer | None = None
    #: person or team whose it is; None: nothing tells it, and it goes to the reader.
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Flapping:
    """A finding that keeps coming and going: told once as such, and not each time."""

    fingerprint: str
    #: how often it came or went in the last two weeks, and since when it is called so (UTC).
    flips: int
    since: datetime
    #: the finding as it was, where it is not there now.
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class Demotion:
    """A detector that people found of little use: its findings are in the page only."""

    detector: str
    useful: int
    judged: int
    #: the judgement that made it so (UTC).
    since: datetime


@dataclass(frozen=True, slots=True)
class LedgerSummary:
    """A container's scope in one unit, and the identity W(t) = W(t_b) + A - R + E + L."""

    unit: str
    baseline: float
    added: float
    removed: float
    reestimated: float
    late_sized: float
    current: float
    #: whether the identity holds; when not, no number may be shown.
    balanced: bool
    net_ratio: float | None
    entered_items: int
    left_items: int
    #: size added by origin: carry-over, pulled in, split, defect, expedite, new work.
    added_by_origin: Mapping[str, float] = field(default_factory=dict)
    #: the part of `added` that somebody agreed to; None: not asked.
    added_agreed: float | None = None
    #: size removed by what became of it: moved, re-planned, cancelled, duplicate, gone, left.
    removed_by_destination: Mapping[str, float] = field(default_factory=dict)
    #: how much moved in whatever direction, as a share of the baseline; None where `net_ratio` is.
    churn_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class ForecastSummary:
    """What is forecast of a milestone; apart from what is promised for it."""

    #: days by which so many of the runs are done; None: not within two years, or nothing is said.
    p50: date | None
    p70: date | None
    p85: date | None
    #: share of the runs that keep the promised date; None: none is promised, or nothing is said.
    p_on_time: float | None
    #: why nothing is forecast; None: something is.
    silent: str | None
    #: more is needed each week than was done in the best weeks.
    out_of_reach: bool
    #: whether past forecasts were better than simple ones; without, it has no colour.
    proven: bool


@dataclass(frozen=True, slots=True)
class ForecastBefore:
    """What was forecast of a milestone about a week ago."""

    day: date
    #: promised then.
    due: date | None
    #: None: no day within two years.
    p50: date | None
    p85: date | None


@dataclass(frozen=True, slots=True)
class TestedSummary:
    """How much of what landed for a milestone has test evidence."""

    #: pytest takes a class of such a name for tests.
    __test__ = False

    #: shares of changed lines, 0 to 1: tested at least at the head, and exactly as it landed. None:
    #: nothing is known, or nobody confirmed which checks are tests.
    share: float | None
    ready: float | None
    changes: int
    unknown_changes: int
    exempt_changes: int
    #: the same in words.
    words: str


@dataclass(frozen=True, slots=True)
class MilestoneLine:
    """One judged milestone as the report shows it."""

    connection: str
    kind: MilestoneKind
    source_id: str
    name: str
    project_key: str | None
    state: MilestoneState
    start_date: date | None
    due_date: date | None
    #: promised dates observed before, oldest first.
    former_due_dates: tuple[date, ...]
    done_items: int
    total_items: int
    unestimated_items: int
    baseline_rule: str | None
    baseline_at: datetime | None
    #: False: show change since observed, no percentage.
    baseline_accepted: bool
    ledger: LedgerSummary | None
    #: why numbers are withheld, if they are.
    withheld: str | None = None
    url: str | None = None
    #: of a program milestone: its parts, as `CONNECTION/PROJECT:name`.
    parts: tuple[str, ...] = ()
    #: instant of the original baseline (UTC) and the scope since then, where another is in force.
    original_at: datetime | None = None
    original_accepted: bool = False
    original: LedgerSummary | None = None
    #: None: it is closed.
    forecast: ForecastSummary | None = None
    #: None: nothing landed for it.
    tested: TestedSummary | None = None
    #: None: nothing was forecast then.
    before: ForecastBefore | None = None


@dataclass(frozen=True, slots=True)
class BurnUpPoint:
    """Items in scope at the end of a day, and how many of them were done."""

    day: date
    scope: int
    done: int


@dataclass(frozen=True, slots=True)
class BurnUp:
    """How the scope of a milestone was worked off, and where the forecast leads."""

    milestone: str
    #: oldest first, at least one.
    points: tuple[BurnUpPoint, ...]
    due: date | None
    #: days by which half, and 85 of 100, of the runs are done; None: not within two years.
    p50: date | None
    p85: date | None
    p_on_time: float | None


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """What was promised and forecast on a day; None: nothing was said of it then."""

    day: date
    promised: date | None = None
    p50: date | None = None
    p85: date | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """How the promised and the forecast date of a milestone moved."""

    milestone: str
    #: oldest first, at least two.
    points: tuple[TrendPoint, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Something only a person can confirm, and the line or command that confirms it."""

    text: str
    answer_line: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """The newest reading of one stream of one scope."""

    connection: str
    scope: str
    stream: str
    outcome: str
    reason: str | None
    fresh_at: datetime | None
    remote_count: int | None
    local_count: int | None
    unreadable: int
    history_gaps: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All that a report needs; everything else is rendering."""

    run_id: int
    program: str
    at: datetime
    as_of: datetime
    time_zone: str
    is_first: bool
    previous_at: datetime | None
    findings: tuple[Finding, ...]
    #: findings that were there before and are resolved in this run.
    resolved: tuple[Finding, ...]
    milestones: tuple[MilestoneLine, ...]
    questions: tuple[Question, ...]
    #: what was not judged: (detector, subject label, reason).
    not_checked: tuple[tuple[str, str, str], ...]
    certificates: tuple[Certificate, ...]
    #: one line on milestones nobody confirmed ("38 old versions still open").
    hygiene: tuple[str, ...]
    #: numbers of the inventory: work items, milestones, open findings by kind and age, …
    inventory: Mapping[str, Any] = field(default_factory=dict)
    config_hash: str = ""
    mapping_version: str = ""
    program_version: str = ""
    #: why numbers moved because of us and not because of the world; empty if they did not.
    restated: tuple[str, ...] = ()
    #: milestones whose plan a person agreed to since the last run, in words: their own numbers are
    #: restated, those of others are not.
    agreed: tuple[str, ...] = ()
    #: tokens of connections that end soon, a sentence each.
    ending_tokens: tuple[str, ...] = ()
    #: findings that are there and held back because others say why; not among `findings`.
    suppressed: tuple[Finding, ...] = ()
    #: pictures of the milestone whose date is in most danger.
    burn_up: BurnUp | None = None
    trend: Trend | None = None
    #: how past forecasts ended, in one sentence.
    forecast_skill: str = ""
    #: detector -> checked, off, not_checked.
    detector_states: Mapping[str, str] = field(default_factory=dict)
    #: answers that ended in the last weeks, newest first; those that hold stand at the findings.
    ended_answers: tuple[Answer, ...] = ()
    #: findings that keep coming and going, there or not, by fingerprint.
    flapping: tuple[Flapping, ...] = ()
    #: detectors that people's judgements sent to the page only.
    demoted: tuple[Demotion, ...] = ()
