"""Judged milestones in words: due dates and their moves, done work, and the scope ledger."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from mappings.vocabulary import MilestoneKind
from sync.forecast.percent import about, steps_of_five
from sync.reconcile.contract import ForecastSummary, LedgerSummary, MilestoneLine
from sync.report.clean import clean, clean_url
from sync.report.data import LedgerRow, MilestoneRow, OriginRow
from sync.report.wording import count, day, number, percent, signed

#: Sums of sizes may differ by rounding, not by more.
_TOLERANCE = 1e-6


def labels(lines: Sequence[MilestoneLine]) -> tuple[str, ...]:
    """What each milestone is called: its name, or more where two have the same."""

    def told_apart(called: Callable[[MilestoneLine], str], fallback: list[str]) -> list[str]:
        names = [
            _own_name(line) if line.kind is MilestoneKind.PROGRAM else clean(called(line), 240)
            for line in lines
        ]
        shared = {name for name, often in Counter(fallback).items() if often > 1}
        return [
            longer if name in shared else name for name, longer in zip(fallback, names, strict=True)
        ]

    named = [_own_name(line) for line in lines]
    by_project = told_apart(
        lambda line: f"{line.project_key or line.connection}: {line.name}", named
    )
    by_connection = told_apart(
        lambda line: f"{line.connection}: {line.project_key or line.kind.value}: {line.name}",
        by_project,
    )
    return tuple(
        told_apart(
            lambda line: f"{line.connection}: {line.kind.value} {line.source_id}: {line.name}",
            by_connection,
        )
    )


def _own_name(line: MilestoneLine) -> str:
    name = clean(line.name, 200)
    return f"{name}, all parts" if line.kind is MilestoneKind.PROGRAM else name


def milestone_row(
    line: MilestoneLine, label: str, today: date, time_zone: ZoneInfo
) -> MilestoneRow:
    """One row of the table. Dates are counted in calendar days from `today`."""
    open_items = max(0, line.total_items - line.done_items)
    late = (
        (today - line.due_date).days
        if line.due_date and line.state.is_open and open_items and line.due_date < today
        else 0
    )
    withheld = _withheld(line)
    ledger = line.ledger if withheld is None else None
    trend, trend_words, trend_days = _trend(line, today)
    return MilestoneRow(
        name=clean(line.name, 200),
        label=label,
        connection=clean(line.connection, 120),
        project_key=clean(line.project_key, 80) if line.project_key else None,
        kind=line.kind,
        source_id=clean(line.source_id, 120),
        state=line.state,
        start_date=line.start_date,
        due_date=line.due_date,
        former_due_dates=line.former_due_dates,
        due=_due(line),
        days_past_due=late,
        done_items=line.done_items,
        total_items=line.total_items,
        unestimated_items=line.unestimated_items,
        scope=_scope(line, ledger, withheld, time_zone),
        net_ratio=ledger.net_ratio if ledger and line.baseline_accepted else None,
        note=_note(line, today, late),
        withheld=withheld,
        url=clean_url(line.url),
        parts=tuple(clean(part, 300) for part in line.parts),
        forecast=_forecast(line.forecast),
        p50=line.forecast.p50 if line.forecast else None,
        p85=line.forecast.p85 if line.forecast else None,
        percent_on_time=_percent(line.forecast),
        forecast_proven=line.forecast is not None and line.forecast.proven,
        tested=clean(line.tested.words, 300) if line.tested else "",
        percent_tested=_whole(line.tested.share) if line.tested else None,
        percent_ready=_whole(line.tested.ready) if line.tested else None,
        churn_ratio=ledger.churn_ratio if ledger and line.baseline_accepted else None,
        out_of_reach=line.forecast is not None and line.forecast.out_of_reach,
        trend=trend,
        trend_words=trend_words,
        trend_days=trend_days,
    )


#: A forecast that moves by less is called steady: so much is chance.
_STEADY = 2


def _trend(line: MilestoneLine, today: date) -> tuple[str, str, int | None]:
    """Where the forecast goes: a word, the same in words, and the days of its P50 date."""
    told, before = line.forecast, line.before
    if told is None:
        return "", "", None
    if told.silent is not None or before is None:
        return "not known", "not known", None
    since = f"since {day(before.day, today)}"
    if told.p50 is None or before.p50 is None:
        if told.p50 == before.p50:
            return "steady", f"out of sight as on {day(before.day, today)}", None
        word = "out of sight" if told.p50 is None else "in sight"
        return word, f"{word} {since}", None
    days = (told.p50 - before.p50).days
    if abs(days) <= _STEADY:
        return "steady", f"steady {since}", days
    word = "later" if days > 0 else "earlier"
    return word, f"{word} by {count(abs(days), 'day')} {since}", days


def _whole(share: float | None) -> int | None:
    """Whole percent, rounded towards what proves less."""
    return None if share is None else int(share * 100)


def _percent(told: ForecastSummary | None) -> int | None:
    return None if told is None or told.p_on_time is None else steps_of_five(told.p_on_time)


def _forecast(told: ForecastSummary | None) -> str:
    """`P50 28 May 2026, P85 10 Jul 2026; on time: about 30 % (unproven)`."""
    if told is None:
        return ""
    if told.silent is not None:
        text = f"none, {clean(told.silent, 300)}"
    else:
        p50, p85 = (day(one) if one else "not within two years" for one in (told.p50, told.p85))
        text = f"P50 {p50}, P85 {p85}"
        if told.p_on_time is not None:
            text += f"; on time: {about(told.p_on_time)}"
        text += "" if told.proven else " (unproven)"
    if told.out_of_reach:
        text += "; needs more each week than its best weeks did"
    return text


def ledger_row(line: MilestoneLine, label: str, time_zone: ZoneInfo) -> LedgerRow | None:
    """How the scope moved; None when it did not, or when the numbers may not be shown."""
    ledger = line.ledger
    if ledger is None or _withheld(line) is not None or not _moved(ledger):
        return None
    agreed = ledger.added_agreed
    # The sum of nothing is a whole number: read again it would be written otherwise.
    return LedgerRow(
        milestone=label,
        connection=clean(line.connection, 120),
        unit=clean(ledger.unit, 40),
        since=_since(line, time_zone),
        confirmed=line.baseline_accepted,
        baseline=float(ledger.baseline),
        added=float(ledger.added),
        removed=float(ledger.removed),
        reestimated=float(ledger.reestimated),
        late_sized=float(ledger.late_sized),
        current=float(ledger.current),
        entered_items=ledger.entered_items,
        left_items=ledger.left_items,
        origins=_parts(ledger.added_by_origin),
        agreed=None if agreed is None else float(agreed),
        unagreed=None if agreed is None else float(ledger.added - agreed),
        destinations=_parts(ledger.removed_by_destination),
    )


def _parts(sizes: Mapping[str, float]) -> tuple[OriginRow, ...]:
    return tuple(
        OriginRow(clean(name, 80).replace("_", " "), size)
        for name, size in sorted(sizes.items())
        if size
    )


def original_row(line: MilestoneLine, label: str, time_zone: ZoneInfo) -> LedgerRow | None:
    """The same since the original baseline, where another one is in force."""
    if line.original is None or line.original_at is None:
        return None
    first = replace(
        line,
        ledger=line.original,
        baseline_at=line.original_at,
        baseline_rule="original",
        baseline_accepted=line.original_accepted,
    )
    return ledger_row(first, label, time_zone)


def baseline_rule(line: MilestoneLine, label: str, time_zone: ZoneInfo) -> str:
    """Which baseline is in force for the milestone, and whether a person has confirmed it."""
    if line.baseline_rule is None or line.baseline_at is None:
        return f"{label}: no baseline"
    return f"{label}: {_since(line, time_zone)}"


def _since(line: MilestoneLine, time_zone: ZoneInfo) -> str:
    if line.baseline_at is None:
        return "since observed, not confirmed"
    when = day(line.baseline_at.astimezone(time_zone).date())
    rule = clean(line.baseline_rule or "observed", 80).replace("_", " ")
    return f"since {when} ({rule}), {'' if line.baseline_accepted else 'not '}confirmed"


def _withheld(line: MilestoneLine) -> str | None:
    if line.withheld:
        return clean(line.withheld, 300)
    ledger = line.ledger
    if ledger is None:
        return None
    expected = (
        ledger.baseline + ledger.added - ledger.removed + ledger.reestimated + ledger.late_sized
    )
    slack = _TOLERANCE * max(1.0, abs(ledger.current))
    if not ledger.balanced or not abs(expected - ledger.current) <= slack:
        return "the ledger does not add up"
    return None


def _moved(ledger: LedgerSummary) -> bool:
    return any(
        (
            ledger.added,
            ledger.removed,
            ledger.reestimated,
            ledger.late_sized,
            ledger.entered_items,
            ledger.left_items,
        )
    )


def _due(line: MilestoneLine) -> str:
    if line.due_date is None:
        return "no due date"
    text = day(line.due_date)
    moves = len(line.former_due_dates)
    if moves:
        times = "once" if moves == 1 else f"{moves} times"
        text += f", moved {times} (first {day(line.former_due_dates[0])})"
    return text


def _scope(
    line: MilestoneLine, ledger: LedgerSummary | None, withheld: str | None, time_zone: ZoneInfo
) -> str:
    if withheld is not None:
        return f"withheld: {withheld}"
    if ledger is None:
        return "no baseline yet"
    if not _moved(ledger):
        return f"unchanged {_since(line, time_zone)}{_also(line)}"
    items = f"{ledger.entered_items} entered, {ledger.left_items} left"
    if line.baseline_accepted and ledger.net_ratio is not None:
        churn = ledger.churn_ratio
        moved = f"churn {round(churn * 100)} %; " if churn is not None else ""
        return f"{percent(ledger.net_ratio)} ({moved}{items}){_also(line)}"
    net = signed(ledger.current - ledger.baseline)
    start = "the baseline" if line.baseline_accepted else "observed"
    return f"change since {start}: {net} {clean(ledger.unit, 40)} ({items}){_also(line)}"


def _also(line: MilestoneLine) -> str:
    """The change since the original baseline, where another one is in force."""
    first = line.original
    if first is None:
        return ""
    if line.original_accepted and first.net_ratio is not None:
        return f"; {percent(first.net_ratio)} since the original plan"
    return f"; {signed(first.current - first.baseline)} {clean(first.unit, 40)} since the original"


def _note(line: MilestoneLine, today: date, late: int) -> str:
    if not line.state.is_open:
        return line.state.value
    if late:
        return f"{count(late, 'day')} past due"
    if line.due_date is None:
        return "no due date"
    if line.due_date < today:
        return "due date passed, no open work"
    ahead = (line.due_date - today).days
    return "due today" if ahead == 0 else f"due in {count(ahead, 'day')}"


def done_words(row: MilestoneRow) -> str:
    """`12 of 20 done, 3 not estimated`."""
    text = f"{number(row.done_items)} of {number(row.total_items)} done"
    if row.unestimated_items:
        text += f", {number(row.unestimated_items)} not estimated"
    return text
