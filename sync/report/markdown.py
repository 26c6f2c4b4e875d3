"""The report as Markdown for a wiki, an issue or a pull request of GitHub or GitLab.

No text of others becomes markup, a link, a mention or a reference, and none can close an issue or
run a command of the host. Links are only those that the report makes itself.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from sync.report.data import Group, Item, MilestoneRow, ReportData
from sync.report.milestones import done_words
from sync.report.sources import source_lines
from sync.report.text import (
    age_words,
    counted_only,
    gate_words,
    ledger_words,
    origin_words,
    shown_items,
)
from sync.report.verdict import change_words, quiet_line
from sync.report.wording import STATES, count, day, local_time, moment, zone

#: Longest text, characters: GitHub takes 65,536 in an issue or comment.
BUDGET = 60_000
#: Longest list; what is beyond is counted.
CAP = 40
#: Sections in the order in which they are left out when the text grows too long.
DROP_ORDER = (
    "In the page only",
    "Not checked",
    "Not confirmed",
    "Still open, unchanged",
    "Answered",
    "Flow and load",
    "Quality gate",
    "How the scope came to be",
    "What this rests on",
    "Already there",
    "Milestones",
    "Top risks",
)
#: An invisible blank of no width: it parts a sign from what the host would join with it.
_GAP = "&#8203;"
#: Characters of markup; as references they are only ever themselves.
_MARKUP = re.compile(r"[&<>|`\\*\[\]~$^{}]|(?<![^\W_])_|_(?![^\W_])")
#: A list, heading, rule or command of the host at the beginning of a text.
_LEAD = re.compile(r"^(?:[+\-](?=[\s-]|$)|#{1,6}(?=\s|$)|/|\d+(?=[.)](?:\s|$)))")
#: What hosts make links, mentions or references of: @team #1 !1 ~label %milestone, GH-1, addresses.
_JOINED = re.compile(r"[@#!%~&$^*\[](?=[\w\"])|:(?=//)|www(?=\.)|\bG[HL]-(?=\d)", re.IGNORECASE)


def plain(text: str) -> str:
    """The text as itself, wherever it stands in a line of Markdown."""
    changes = [(found.start(), found.end(), _reference(found)) for found in _MARKUP.finditer(text)]
    changes += [(found.end(), found.end(), _GAP) for found in _JOINED.finditer(text)]
    lead = _LEAD.match(text)
    if lead is not None:
        # The digits of a numbered list stay; the sign after them does not.
        at = lead.end() if lead.group().isdigit() else 0
        changes.append((at, at + 1, f"&#{ord(text[at])};"))
    parts: list[str] = []
    at = 0
    for start, end, instead in sorted(changes):
        parts += [text[at:start], instead]
        at = end
    return "".join([*parts, text[at:]])


def _reference(found: re.Match[str]) -> str:
    return f"&#{ord(found.group())};"


def code(text: str) -> str:
    """The text to be copied letter by letter; hosts leave such text alone."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"


def link(text: str, url: str | None) -> str:
    """The text, leading to an address that `clean_url` let pass."""
    return f"[{plain(text)}](<{url}>)" if url else plain(text)


def typed(text: str) -> str:
    """The text as itself, but what stands between backticks, which is to be typed."""
    parts = re.split("`([^`]+)`", text)
    return "".join(code(part) if place % 2 else plain(part) for place, part in enumerate(parts))


def render(data: ReportData) -> str:
    """The report, sections left out in a fixed order where it grows too long for an issue."""
    sections = [(title, "\n".join(body)) for title, body in _sections(data)]
    head = "\n".join(_head(data))
    dropped: list[str] = []
    while True:
        parts = [head, *(f"## {title}\n\n{body}" for title, body in sections if body)]
        if dropped:
            names = ", ".join(dropped)
            parts.append(f"Left out because this would grow too long: {names}. The page has all.")
        text = "\n\n".join(parts) + "\n"
        here = {title for title, body in sections if body}
        following = next((title for title in DROP_ORDER if title in here), None)
        if len(text) <= BUDGET or following is None:
            return text
        dropped.append(following)
        sections = [(title, body) for title, body in sections if title != following]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of cells that are Markdown already; nothing without rows."""
    written = [f"| {' | '.join(row)} |" for row in rows]
    if written:
        yield f"| {' | '.join(head)} |"
        yield f"|{' --- |' * len(head)}"
        yield from written


def _sections(data: ReportData) -> list[tuple[str, Iterable[str]]]:
    asked = f"{count(len(data.questions), 'question')} for you"
    if data.quiet:
        return [
            (asked, _questions(data)),
            ("What this rests on", _bullets([data.trust.data_as_of, data.trust.why_you])),
        ]
    found: list[tuple[str, Iterable[str]]] = [
        (asked, _questions(data)),
        ("Decide or do", _actions(data)),
        ("Already there", _inventory(data)),
        (_since(data), _changes(data)),
        ("Top risks", _risks(data)),
        ("Milestones", _milestones(data)),
    ]
    if data.audience != "executive":
        found += [
            ("How the scope came to be", _ledgers(data)),
            ("Quality gate", _gate(data)),
            ("Flow and load", _flow(data)),
            ("Answered", _answered(data)),
            ("Still open, unchanged", _groups(data.still_open)),
            ("In the page only", _groups(filter(counted_only, data.digest), listed=False)),
            ("Not confirmed", _bullets(data.hygiene)),
            ("Not checked", _not_checked(data)),
        ]
    return [*found, ("What this rests on", _trust(data))]


def _head(data: ReportData) -> Iterator[str]:
    title = {"inventory": "inventory", "quiet": "quiet week"}.get(data.kind, "drift report")
    yield f"# {plain(data.program)}: {title}"
    yield ""
    when = f"As of {moment(data.as_of, zone(data.time_zone))}"
    if data.previous_at:
        when += f"; compared with {moment(data.previous_at, zone(data.time_zone))}"
    yield plain(when)
    yield ""
    if data.quiet:
        unchecked = sum(row.count for row in data.not_checked)
        yield f"**Quiet**: {plain(quiet_line(data.findings, unchecked))}"
        yield from _note(data)
        return
    yield f"**{plain(data.verdict.word.capitalize())}**: {plain(data.verdict.sentence)}"
    reasons = [one for one in (data.verdict.change, *data.verdict.why) if one]
    if reasons:
        yield ""
        yield from _bullets(reasons)
    yield from _note(data)


def _note(data: ReportData) -> Iterator[str]:
    if data.note is not None:
        when = moment(data.note.at, zone(data.time_zone))
        yield ""
        yield f"**Note** by {plain(f'{data.note.author}, {when}: {data.note.text}')}"


def _bullets(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield f"- {plain(line)}"


def _questions(data: ReportData) -> Iterator[str]:
    for place, ask in enumerate(data.questions, 1):
        yield f"{place}. {plain(ask.text)} Answer: {code(ask.answer_line)}"
    if data.more_questions:
        yield ""
        yield f"{count(data.more_questions, 'more question')} will follow."


def _actions(data: ReportData) -> Iterator[str]:
    for place, action in enumerate(data.actions, 1):
        who = plain(_who(action.who, action.by_when))
        text = f"[{typed(action.text)}](<{action.url}>)" if action.url else typed(action.text)
        yield f"{place}. {text}" + (f" ({who})" if who else "")
        yield f"   - Why: {plain(action.about)}"


def _who(who: str, by_when: str) -> str:
    parts = (f"who: {who}" if who else "", f"by: {by_when}" if by_when else "")
    return "; ".join(part for part in parts if part)


def _inventory(data: ReportData) -> Iterator[str]:
    inventory = data.inventory
    if inventory is None:
        return
    yield from _bullets(f"{one.name}: {one.value}" for one in inventory.figures)
    if inventory.ages:
        yield ""
        yield from table(
            ("findings", "total", "under 1 week", "1 to 4 weeks", "older", "age unknown"),
            (
                (
                    plain(row.detector),
                    *(f"{one:,}" for one in (row.total, row.week, row.month, row.older)),
                    f"{row.unknown:,}",
                )
                for row in inventory.ages
            ),
        )
    if inventory.listed:
        yield ""
        for item in inventory.listed:
            yield f"- {_titled(item)}"
    if inventory.more:
        yield f"- and {inventory.more:,} more in the page"


def _titled(item: Item) -> str:
    return f"{link(item.title, item.url)} ({item.severity.value})"


def _since(data: ReportData) -> str:
    if data.previous_at is None:
        return "What changed"
    local = local_time(data.previous_at, zone(data.time_zone)).date()
    return f"What changed since {day(local, data.today)}"


def _changes(data: ReportData) -> Iterator[str]:
    changes = data.changes
    for reason in changes.restated:
        yield f"- Restated because {plain(reason)}"
    if changes.restated and changes.restated_findings:
        moved = count(changes.restated_findings, "finding")
        yield f"- {moved} moved with it; none counts as new, worse or resolved."
    if data.inventory is None and (changes.any or not changes.restated):
        yield f"- {', '.join(change_words(changes)) or 'Nothing changed'}"
    for item in changes.items:
        yield f"  - {STATES[item.state]}: {_titled(item)}"
    if changes.more:
        yield f"  - and {changes.more:,} more"


def _risks(data: ReportData) -> Iterator[str]:
    for place, item in enumerate(data.risks, 1):
        yield f"{place}. {_titled(item)}"
        for sentence in (item.what, item.so_what):
            if sentence and sentence != item.title:
                yield f"   - {plain(sentence)}"
        if item.impact:
            yield f"   - Impact: {plain(item.impact)}"
        facts = [_who(item.who, item.by_when), age_words(item)]
        yield f"   - {plain('; '.join(fact for fact in facts if fact))}"
        shown = item.evidence if data.audience == "engineer" else item.evidence[:2]
        for proof in shown:
            yield f"   - {link(proof.text, proof.url)}"
        if len(item.evidence) > len(shown):
            yield f"   - and {len(item.evidence) - len(shown):,} more"
        if item.hidden_evidence:
            yield f"   - {count(item.hidden_evidence, 'restricted item')}, counted only"
        if data.audience == "engineer":
            rule = f"{item.detector}{'/' + item.rule if item.rule else ''}"
            yield f"   - {plain(f'{rule}; driftline explain {item.fingerprint[:12]}')}"


def _milestones(data: ReportData) -> Iterator[str]:
    yield from table(
        ("milestone", "promised", "P50 / P85", "on time", "done", "scope", "tested"),
        (_milestone(row, data) for row in data.milestones[:CAP]),
    )
    if len(data.milestones) > CAP:
        yield ""
        yield f"And {len(data.milestones) - CAP:,} more in the page."


def _milestone(row: MilestoneRow, data: ReportData) -> tuple[str, ...]:
    days = " / ".join(day(one, data.today) if one else "?" for one in (row.p50, row.p85))
    on_time = "unknown"
    if row.percent_on_time is not None:
        on_time = f"about {row.percent_on_time} %" + ("" if row.forecast_proven else " (unproven)")
    forecast = plain(days if row.p50 or row.p85 else row.forecast) or "unknown"
    if row.trend not in ("", "not known"):
        forecast += f"; {plain(row.trend_words)}"
    return (
        f"{link(row.label, row.url)} ({plain(row.note)})",
        plain(row.due),
        forecast,
        on_time,
        plain(done_words(row)),
        plain(row.scope),
        plain(row.tested) or "unknown",
    )


def _ledgers(data: ReportData) -> Iterator[str]:
    for row in data.ledgers[:CAP]:
        yield f"- {plain(f'{row.milestone} ({row.since}): {ledger_words(row)}')}"
        if row.origins:
            yield f"  - entered by origin: {plain(origin_words(row))}"
    if len(data.ledgers) > CAP:
        yield f"- and {len(data.ledgers) - CAP:,} more in the page"


def _groups(groups: Iterable[Group], *, listed: bool = True) -> Iterator[str]:
    for group in groups:
        yield f"- {plain(f'{group.family} ({group.detector})')}: {group.count:,}"
        for item in group.items[:CAP] if listed else ():
            unsure = " (not checked this time)" if item.state.value == "not_checked" else ""
            yield f"  - {_titled(item)}{unsure}"
        if listed and group.count > CAP:
            yield f"  - and {group.count - CAP:,} more in the page"


def _gate(data: ReportData) -> Iterator[str]:
    if not any(one.checked or one.count for one in data.gate):
        return
    for one in data.gate:
        yield f"- {plain(f'{one.name}: {gate_words(one)}')}"
        shown = shown_items(one.items)
        for item in shown:
            yield f"  - {_titled(item)}"
        if shown and one.count > len(shown):
            yield f"  - and {one.count - len(shown):,} more in the page"


def _flow(data: ReportData) -> Iterator[str]:
    for group in data.flow:
        shown = shown_items(group.items)[:5]
        where = "" if shown else ", in the page only"
        yield f"- {plain(group.detector)}: {group.count:,}{where}"
        for item in shown:
            yield f"  - {_titled(item)}"
        if shown and group.count > len(shown):
            yield f"  - and {group.count - len(shown):,} more in the page"


def _answered(data: ReportData) -> Iterator[str]:
    told = data.answered
    yield from _bullets(one for one in (told.summary,) if one)
    for item in told.short[:CAP]:
        words = f": {plain(item.answer.words)}" if item.answer else ""
        yield f"- {_titled(item)}{words}"
    if len(told.short) > CAP:
        yield f"- and {len(told.short) - CAP:,} more in the page"
    yield from _bullets([*told.ended[:CAP], *told.flapping[:CAP]])


def _not_checked(data: ReportData) -> Iterator[str]:
    for row in data.not_checked[:CAP]:
        more = row.count - len(row.subjects)
        tail = f" and {more:,} more" if more > 0 else ""
        names = f"{', '.join(row.subjects)}{tail}"
        yield f"- {plain(f'{row.detector}: {row.reason} ({names})')}"
    if len(data.not_checked) > CAP:
        yield f"- and {len(data.not_checked) - CAP:,} more in the page"


def _trust(data: ReportData) -> Iterator[str]:
    trust = data.trust
    lines = source_lines(trust.sources, zone(data.time_zone))
    more = "and {:,} more in the page"
    held = (
        f"{count(one.count, 'finding')} of {one.detector} held back: {one.reason}"
        for one in data.held_back[:CAP]
    )
    yield from _bullets(
        [
            trust.data_as_of,
            *lines[:CAP],
            *([more.format(len(lines) - CAP)] if len(lines) > CAP else []),
            *(f"gap: {one}" for one in trust.gaps[:CAP]),
            *([more.format(len(trust.gaps) - CAP)] if len(trust.gaps) > CAP else []),
            *held,
            "A promised date is no forecast, and a forecast is no promise.",
            *([trust.forecast_skill] if trust.forecast_skill else []),
            *(() if data.audience == "executive" else trust.how_to),
            trust.why_you,
        ]
    )
