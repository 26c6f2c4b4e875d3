"""The verdict, the subject and the kind of a report: pure sentences over plain data."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from sync.reconcile.answers import Place
from sync.reconcile.contract import Channel, FindingState, Severity
from sync.report.changes import Previous
from sync.report.clean import clean
from sync.report.data import Changes, Item, MilestoneRow, Verdict
from sync.report.sources import BLIND_SPOT
from sync.report.wording import count, day, listing

OFF_TRACK = "off track"
AT_RISK = "at risk"
WATCH = "watch"
NO_DRIFT = "no drift found"
UNKNOWN = "unknown"
NO_JUDGEMENT = "no judgement yet"

#: Longest lead of a subject, characters; the counts follow.
_LEAD = 70


def open_mailed(items: Sequence[Item]) -> tuple[Item, ...]:
    """Findings that stand and may be on top: mailed, covered, not a blind spot."""
    return tuple(
        item
        for item in items
        if item.channel == Channel.MAILED
        and item.place in (Place.TOLD, Place.SHORT)
        and item.state not in (FindingState.RESOLVED, FindingState.NOT_CHECKED)
        and item.detector != BLIND_SPOT
    )


def blind_spots(items: Sequence[Item]) -> tuple[Item, ...]:
    """Open blind spots."""
    return tuple(
        item
        for item in items
        if item.detector == BLIND_SPOT and item.state != FindingState.RESOLVED
    )


def verdict(
    kind: str,
    items: Sequence[Item],
    milestones: Sequence[MilestoneRow],
    unread: str,
    today: date,
) -> Verdict:
    """The colour word is the worst fact; without a forecast nothing is called on track."""
    late = [row for row in milestones if row.days_past_due]
    standing = open_mailed(items)
    blind = blind_spots(items)
    # An inventory lists what is late; it does not lead with it.
    told = [] if kind == "inventory" else late
    why = [
        f"{row.label} was due {day(row.due_date, today)}, "
        f"{row.total_items - row.done_items} of {row.total_items} open"
        for row in told
        if row.due_date
    ][:3]
    if unread:
        why.append(f"{unread}: what depends on it is not judged")
    elif blind:
        why.append(f"{count(len(blind), 'blind spot')} open: what depends on it is not judged")
    why += [f"{row.label}: numbers withheld, {row.withheld}" for row in milestones if row.withheld][
        :2
    ]
    if kind == "inventory":
        there = count(len(items), "finding was", "findings were")
        sentence = f"This is an inventory: {there} already there, and nothing is called new."
        return Verdict(NO_JUDGEMENT, sentence, tuple(why))
    word = _word(late, standing, bool(unread or blind), bool(milestones))
    return Verdict(word, _sentence(word, late, standing, milestones, items), tuple(why))


def _word(late: Sequence[MilestoneRow], standing: Sequence[Item], blind: bool, judged: bool) -> str:
    overdue = any(item.detector == "plan.overdue" for item in standing)
    worst = max((item.severity.rank for item in standing), default=-1)
    if late and overdue:
        return OFF_TRACK
    if worst >= Severity.HIGH.rank:
        return AT_RISK
    if blind or not judged:
        return UNKNOWN
    return WATCH if standing or late else NO_DRIFT


def _sentence(
    word: str,
    late: Sequence[MilestoneRow],
    standing: Sequence[Item],
    milestones: Sequence[MilestoneRow],
    items: Sequence[Item],
) -> str:
    if word == OFF_TRACK:
        names = listing([row.label for row in late[:3]])
        more = f" and {len(late) - 3} more" if len(late) > 3 else ""
        verb = "is" if len(late) == 1 else "are"
        return clean(f"{names}{more} {verb} past due with open work.")
    if word == AT_RISK:
        return ended(standing[0].title)
    if word == UNKNOWN:
        if not milestones:
            return "No milestone is confirmed yet, so nothing is judged."
        return "Not everything could be read, so silence here does not mean that all is well."
    if word == WATCH:
        if standing:
            return ended(standing[0].title)
        return f"{late[0].label} is past due by {count(late[0].days_past_due, 'day')}."
    kept = _kept_out(items)
    if kept:
        return f"No drift was found in what was checked, beyond {kept}."
    return "No drift was found in what was checked."


def _kept_out(items: Sequence[Item]) -> str:
    """Findings that stand and that people answered away; empty: there are none."""
    number = sum(item.place not in (Place.TOLD, Place.SHORT) for item in items)
    return f"{count(number, 'finding')} accepted, snoozed or called not useful" if number else ""


def compared(now: Verdict, previous: Previous | None, time_zone: ZoneInfo) -> Verdict:
    """The verdict with what it was in the report before; as it is where that is not known."""
    if previous is None or previous.word is None:
        return now
    before = clean(previous.word, 40)
    when = day(previous.at.astimezone(time_zone).date())
    change = (
        f"Unchanged since the report of {when}."
        if before == now.word
        else f"Before, in the report of {when}: {before}."
    )
    return replace(now, before=before, change=change)


def quiet_line(items: Sequence[Item], not_checked: int) -> str:
    """The one line of a quiet week."""
    standing = len(open_mailed(items))
    still = f"{count(standing, 'finding')} still open" if standing else "nothing is open"
    unchecked = f", {count(not_checked, 'subject')} not checked" if not_checked else ""
    kept = _kept_out(items)
    still += f", {kept}" if kept else ""
    return f"Nothing new; {still}{unchecked}. Sources: complete for what this token can see."


def ended(text: str) -> str:
    """The text as a sentence that ends."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def change_words(changes: Changes) -> list[str]:
    """`2 new`, `1 worse`, `1 back again`, `3 resolved`, `1 better`; what is zero is left out."""
    pairs = (
        (changes.new, "new"),
        (changes.worse, "worse"),
        (changes.back, "back again"),
        (changes.resolved, "resolved"),
        (changes.better, "better"),
    )
    return [f"{amount} {word}" for amount, word in pairs if amount]


def subject(
    program: str,
    kind: str,
    items: Sequence[Item],
    milestones: Sequence[MilestoneRow],
    changes: Changes,
    questions: int,
    unread: str,
    today: date,
) -> str:
    """The mail's subject: stable prefix, the verdict's fact, then counts."""
    prefix = f"[{clean(program, 60)}]"
    standing = open_mailed(items)
    if kind == "inventory":
        parts = [count(len(milestones), "milestone") if milestones else "no milestone confirmed"]
        if questions:
            parts.append(f"{count(questions, 'question')} for you")
        if unread:
            parts.append(unread)
        return f"{prefix} Inventory: {', '.join(parts)}"
    if kind == "quiet":
        still = f", {len(standing)} still open" if standing else ""
        return f"{prefix} Quiet week: nothing new{still}"
    counts = change_words(changes)
    if changes.restated:
        counts.append("restated")
    lead = _lead(standing, milestones, today)
    if lead and unread:
        counts.append(unread)
    elif not lead:
        lead = unread or _blind_words(items) or "No milestone confirmed"
    return f"{prefix} {clean(lead, _LEAD)}: {', '.join(counts) or 'nothing new'}"


def _blind_words(items: Sequence[Item]) -> str:
    blind = len(blind_spots(items))
    return count(blind, "blind spot") if blind else ""


def _lead(standing: Sequence[Item], milestones: Sequence[MilestoneRow], today: date) -> str:
    # What nobody took leads.
    standing = sorted(standing, key=lambda item: item.place is not Place.TOLD)
    if standing:
        # Where two milestones share the name, the title says which one is meant.
        rows = [row for row in milestones if row.name == standing[0].milestone]
        if len(rows) == 1 and rows[0].due_date:
            return _fact(rows[0], today)
        return standing[0].title
    ahead = [row for row in milestones if row.state.is_open and row.due_date]
    return _fact(ahead[0], today) if ahead else ""


def _fact(row: MilestoneRow, today: date) -> str:
    name = clean(row.label, 36)
    if row.due_date is None:
        return name
    when = day(row.due_date, today)
    if row.days_past_due:
        return f"{name} past due since {when}, {row.total_items - row.done_items} open"
    return f"{name} due {when}, {row.done_items} of {row.total_items} done"
