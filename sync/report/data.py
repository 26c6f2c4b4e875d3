"""What a report says, as plain frozen data; text, page, JSON and mail are renderings of it.

All strings are safe to show (see `clean`); instants are aware UTC, dates are calendar dates in the
report's time zone. A number that may not be shown is None, and a sentence says why.
"""

from dataclasses import dataclass
from datetime import date, datetime

from mappings.vocabulary import MilestoneKind, MilestoneState
from sync.reconcile.answers import Place
from sync.reconcile.contract import AnswerKind, BurnUp, Channel, FindingState, Severity, Trend
from sync.report.note import Note

#: Version of the JSON form; grows when a field is taken away or changes its meaning.
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Proof:
    """One piece of evidence that this reader may see."""

    text: str
    url: str | None
    #: when it happened (UTC), where that is known.
    at: datetime | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """A finding as this reader sees it."""

    fingerprint: str
    detector: str
    rule: str
    subject_label: str
    connection: str | None
    milestone: str | None
    severity: Severity
    previous_severity: Severity | None
    state: FindingState
    channel: Channel
    #: grows when it gets worse; None where it is no finite number.
    magnitude: float | None
    title: str
    what: str
    so_what: str
    who: str
    by_when: str
    remedy: str
    evidence: tuple[Proof, ...]
    #: pieces of evidence about restricted items, which this reader may not see.
    hidden_evidence: int
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None
    #: whole days since the oldest evidence, or else since it was first seen.
    age_days: int
    #: whether `age_days` rests on evidence and not on our first look.
    age_known: bool
    #: best place to look, if any.
    url: str | None
    #: whole calendar days by which a promised date is missed, was moved (negative: earlier) or will
    #: probably be missed; None: not known, or no date is touched.
    impact_days: int | None = None
    #: the same in words; empty where not known.
    impact: str = ""
    #: what a person answered to it, and holds.
    answer: "Answered | None" = None
    #: told, short, snoozed, accepted or not_useful: where the report tells it.
    place: Place = Place.TOLD
    #: person or team whose it is; None: nothing tells it. `who` says it, too.
    owner: str | None = None
    #: how often it came or went in the last two weeks, where that is so often that it is no news.
    flips: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """What a person answered to a finding."""

    kind: AnswerKind
    author: str
    #: when (UTC).
    at: datetime
    reason: str | None
    #: last day on which it holds; None: no day ends it.
    until: date | None
    #: whether it ends once the finding gets worse.
    until_worse: bool
    #: key or link of an item whose closing ends it.
    ticket: str | None
    #: all of it in one line.
    words: str


@dataclass(frozen=True, slots=True)
class AnsweredPart:
    """Findings that people answered: short, or kept out; and what ended or never settles."""

    #: taken by somebody, and blind spots whatever was answered: told in one line each.
    short: tuple[Item, ...] = ()
    #: kept out of the other parts.
    accepted: tuple[Item, ...] = ()
    snoozed: tuple[Item, ...] = ()
    not_useful: tuple[Item, ...] = ()
    #: last day of the answer that ends first; None: none has an end.
    next_expiry: date | None = None
    #: how many were answered, and what ends next, in one line; empty: nothing was.
    summary: str = ""
    #: answers that ended since the report before, and why, a sentence each.
    ended: tuple[str, ...] = ()
    #: findings that began to come and go since the report before, a sentence each.
    flapping: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.short or self.summary or self.ended or self.flapping)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The program in one word and one sentence, and what that rests on."""

    #: off track, at risk, watch, no drift found, unknown, no judgement yet.
    word: str
    sentence: str
    why: tuple[str, ...]
    #: the word of the report before; None: there was none, or it is not known.
    before: str | None = None
    #: how it changed since then, in a sentence; empty where `before` is None.
    change: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to decide or to do."""

    text: str
    who: str
    by_when: str
    about: str
    fingerprint: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Ask:
    """A question for the reader, and the line to add or the command to type."""

    text: str
    answer_line: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What moved since the report before; counts of mailed findings, and the most important."""

    new: int
    worse: int
    better: int
    resolved: int
    back: int
    items: tuple[Item, ...]
    #: changed findings beyond `items`.
    more: int
    #: why numbers moved because of us: what moved with it is neither new, worse nor resolved.
    restated: tuple[str, ...]
    #: findings whose state changed in a restated reconciliation.
    restated_findings: int

    @property
    def any(self) -> bool:
        """Whether anything moved."""
        return bool(self.new or self.worse or self.better or self.resolved or self.back)


@dataclass(frozen=True, slots=True)
class MilestoneRow:
    """One judged milestone."""

    name: str
    #: the name, with the project or connection before it where two share it.
    label: str
    connection: str
    project_key: str | None
    kind: MilestoneKind
    source_id: str
    state: MilestoneState
    start_date: date | None
    due_date: date | None
    #: promised dates before, oldest first.
    former_due_dates: tuple[date, ...]
    #: due date and its moves in words.
    due: str
    #: whole calendar days past due with open work; 0 when not.
    days_past_due: int
    done_items: int
    total_items: int
    unestimated_items: int
    #: change of scope in words; says why where a number is withheld.
    scope: str
    #: net change as a ratio of the baseline; only for an accepted baseline with a sound ledger.
    net_ratio: float | None
    #: past due, due soon, open, closed, no due date.
    note: str
    withheld: str | None
    url: str | None
    #: of a program milestone: its parts, as `CONNECTION/PROJECT:name`.
    parts: tuple[str, ...] = ()
    #: dates and probability in words, or why there are none; empty: it is closed.
    forecast: str = ""
    #: days by which half and 85 % of the simulated runs are done.
    p50: date | None = None
    p85: date | None = None
    #: probability of the promised date, in steps of five from 5 to 95.
    percent_on_time: int | None = None
    #: False: no colour, past forecasts have not been better than simple ones yet.
    forecast_proven: bool = False
    #: how much of what landed for it is tested, in words; empty where nothing landed.
    tested: str = ""
    #: whole percent of changed lines, rounded down: tested at least at the head, and as landed.
    percent_tested: int | None = None
    percent_ready: int | None = None
    #: how much moved in whatever direction, as a ratio of the baseline; shown where `net_ratio` is.
    churn_ratio: float | None = None
    #: where the forecast goes: later, earlier, steady, out of sight, in sight, not known; empty:
    #: it is closed.
    trend: str = ""
    #: the same with days and since when.
    trend_words: str = ""
    #: more is needed each week than was done in the best weeks.
    out_of_reach: bool = False
    #: calendar days by which the P50 date is later (or, negative, earlier) than a week ago.
    trend_days: int | None = None


@dataclass(frozen=True, slots=True)
class OriginRow:
    """Size that entered from one origin."""

    origin: str
    size: float


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """How a milestone's scope came from its baseline to now, in one unit."""

    milestone: str
    connection: str
    unit: str
    #: where the count begins, in words, with the rule and whether a person confirmed it.
    since: str
    confirmed: bool
    baseline: float
    added: float
    removed: float
    reestimated: float
    late_sized: float
    current: float
    entered_items: int
    left_items: int
    origins: tuple[OriginRow, ...]
    #: the parts of `added` that somebody agreed to and that nobody did; None: not known.
    agreed: float | None = None
    unagreed: float | None = None
    #: what became of what left: moved, re-planned, cancelled, duplicate, gone, left.
    destinations: tuple[OriginRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one detector, without detail."""

    detector: str
    family: str
    count: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class GateList:
    """Changes that a quality gate would ask about, of one kind."""

    detector: str
    #: not tested, merged red, unreviewed.
    name: str
    count: int
    #: the most important; five at most.
    items: tuple[Item, ...]
    #: those beyond `items`.
    more: int
    #: False: it is switched off or could not be checked, so an empty list proves nothing.
    checked: bool
    #: why it is empty or not whole, in words; empty where nothing is to be said.
    note: str


@dataclass(frozen=True, slots=True)
class AgeRow:
    """Existing findings of one detector by age."""

    detector: str
    family: str
    total: int
    #: under one week, one to four weeks, older, age not known.
    week: int
    month: int
    older: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the inventory."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """The first report: what is there, with nothing called new."""

    figures: tuple[Figure, ...]
    ages: tuple[AgeRow, ...]
    listed: tuple[Item, ...]
    #: existing findings beyond `listed`.
    more: int


@dataclass(frozen=True, slots=True)
class NotJudged:
    """Subjects a detector could not judge for one reason."""

    detector: str
    reason: str
    subjects: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Findings of one detector that others explain; `driftline findings list` has them."""

    detector: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One scope of one connection and how completely it was read."""

    connection: str
    scope: str
    #: complete, partial, failed, unavailable: the worst of its streams, optional ones aside.
    outcome: str
    #: in words; "complete for what this token can see" at best.
    statement: str
    #: oldest reading among its streams (UTC); None where one of them is not complete.
    fresh_at: datetime | None
    streams: int
    unreadable: int
    history_gaps: int


@dataclass(frozen=True, slots=True)
class Trust:
    """What the report rests on, and what it does not know."""

    #: age of the oldest reading used, in words.
    data_as_of: str
    sources: tuple[SourceRow, ...]
    gaps: tuple[str, ...]
    baselines: tuple[str, ...]
    #: findings and proofs hidden because they concern restricted items.
    masked_findings: int
    masked_evidence: int
    config_hash: str
    mapping_version: str
    program_version: str
    how_to: tuple[str, ...]
    why_you: str
    #: how past forecasts ended, in one sentence.
    forecast_skill: str = ""


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that one reader's report says."""

    schema_version: int
    program: str
    #: inventory, change, quiet.
    kind: str
    #: executive, manager, engineer.
    audience: str
    #: whether the reader owns the token and sees restricted items.
    for_owner: bool
    subject: str
    run_id: int
    #: when it was reconciled, and the instant it speaks of.
    at: datetime
    as_of: datetime
    #: `as_of` as a date in `time_zone` (IANA).
    today: date
    time_zone: str
    #: the report or reconciliation it is compared with.
    previous_at: datetime | None
    verdict: Verdict
    questions: tuple[Ask, ...]
    #: questions that wait for a later report.
    more_questions: int
    actions: tuple[Action, ...]
    changes: Changes
    risks: tuple[Item, ...]
    milestones: tuple[MilestoneRow, ...]
    ledgers: tuple[LedgerRow, ...]
    still_open: tuple[Group, ...]
    #: findings that are in page and JSON only, counted here.
    digest: tuple[Group, ...]
    inventory: Inventory | None
    hygiene: tuple[str, ...]
    not_checked: tuple[NotJudged, ...]
    #: findings that are there and not told, because others say why.
    held_back: tuple[HeldBack, ...]
    trust: Trust
    #: pictures of the milestone whose date is in most danger.
    burn_up: BurnUp | None
    trend: Trend | None
    #: every finding of both channels, most important first.
    findings: tuple[Item, ...]
    resolved: tuple[Item, ...]
    #: scopes not read completely.
    unread: int
    #: fingerprints that are reason enough to mail before the weekly day.
    urgent: tuple[str, ...]
    #: the quality gate: lists of changes, those of page and JSON only among them.
    gate: tuple[GateList, ...] = ()
    #: flow and load of work outside their normal range, those of page and JSON only among them.
    flow: tuple[Group, ...] = ()
    #: what a person said beside the verdict.
    note: Note | None = None
    #: what people answered to findings; the other parts hold what nobody answered.
    answered: AnsweredPart = AnsweredPart()

    @property
    def quiet(self) -> bool:
        """Nothing moved, nothing above medium stands, and no source is unread."""
        return self.kind == "quiet"
