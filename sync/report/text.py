"""The report as plain text, 78 columns wide; whole, not a pointer to the page."""

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

from sync.report.data import Group, Item, LedgerRow, MilestoneRow, ReportData
from sync.report.milestones import done_words
from sync.report.sources import source_lines
from sync.report.verdict import change_words, quiet_line
from sync.report.wording import STATES, count, day, moment, number, signed, zone

WIDTH = 78
#: Longest list; what is beyond is counted.
CAP = 40


def render(data: ReportData, *, brief: bool = False) -> str:
    """The report as text; lines of 78 columns, except addresses, which stay whole.

    `brief`: the one line of a quiet week, with the questions and the age of the data.
    """
    if brief:
        return _brief(data)
    lines = list(_head(data))
    executive = data.audience == "executive"
    sections: list[tuple[str, Iterable[str]]] = [
        (_questions_title(data), _questions(data)),
        ("Decide or do", _actions(data)),
        ("Already there", _inventory(data)),
        (_changes_title(data), _changes(data)),
        ("Top risks", _items(data, data.risks)),
        ("Milestones", _milestones(data)),
    ]
    if not executive:
        sections += [
            ("How the scope came to be", _ledgers(data)),
            ("Still open, unchanged", _groups(data.still_open, data)),
            ("In the page only", _digest(data)),
            ("Not confirmed", _bullets(data.hygiene)),
            ("Not checked", _not_checked(data)),
        ]
    sections.append(("What this rests on", _trust(data)))
    return _joined(lines, sections)


def _brief(data: ReportData) -> str:
    lines = list(_title(data))
    lines += ["", *wrap(quiet_line(data.findings, sum(row.count for row in data.not_checked)))]
    trust = data.trust
    ending = [*wrap(f"{trust.data_as_of}.", "  ")]
    ending += wrap(trust.why_you, "  ")
    return _joined(
        lines,
        [(_questions_title(data), _questions(data)), ("What this rests on", ending)],
    )


def _joined(lines: list[str], sections: Iterable[tuple[str, Iterable[str]]]) -> str:
    for title, body in sections:
        written = list(body)
        if written:
            lines += ["", title.upper(), "-" * cell_len(title), *written]
    return "\n".join(lines) + "\n"


def wrap(text: str, indent: str = "", hanging: str | None = None) -> list[str]:
    """Break `text` into lines of at most WIDTH columns as a terminal shows them.

    A word longer than a line is cut, except an address: it must stay whole to be opened.
    """
    later = indent if hanging is None else hanging
    lines: list[str] = []
    line, start = indent, indent
    for word in text.split():
        for piece in _pieces(word, WIDTH - cell_len(later)):
            gap = "" if line == start else " "
            if gap and cell_len(line) + 1 + cell_len(piece) > WIDTH:
                lines.append(line)
                line = start = later
                gap = ""
            line += gap + piece
    if line.strip() or not lines:
        lines.append(line.rstrip())
    return lines


def _pieces(word: str, room: int) -> Iterator[str]:
    if cell_len(word) <= room or word.startswith(("http://", "https://")):
        yield word
        return
    piece = ""
    for char in word:
        if piece and cell_len(piece + char) > room:
            yield piece
            piece = ""
        piece += char
    yield piece


def _title(data: ReportData) -> Iterator[str]:
    zone_of = zone(data.time_zone)
    title = {"inventory": "inventory", "quiet": "quiet week"}.get(data.kind, "drift report")
    yield from wrap(f"{data.program}: {title}")
    yield "=" * WIDTH
    when = f"As of {moment(data.as_of, zone_of)}"
    if data.previous_at:
        when += f"; compared with {moment(data.previous_at, zone_of)}"
    yield from wrap(when)


def _head(data: ReportData) -> Iterator[str]:
    yield from _title(data)
    yield ""
    yield from wrap(f"{data.verdict.word.upper()}: {data.verdict.sentence}")
    yield from _bullets(data.verdict.why)


def _bullets(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield from wrap(f"- {line}", "  ", "    ")


def _questions_title(data: ReportData) -> str:
    return f"{count(len(data.questions), 'question')} for you"


def _questions(data: ReportData) -> Iterator[str]:
    for place, ask in enumerate(data.questions, 1):
        yield from wrap(f"{place}. {ask.text}", "  ", "     ")
        yield from wrap(f"> {ask.answer_line}", "     ", "       ")
    if data.more_questions:
        yield from wrap(f"{count(data.more_questions, 'more question')} will follow.", "  ")


def _actions(data: ReportData) -> Iterator[str]:
    for place, action in enumerate(data.actions, 1):
        yield from wrap(f"{place}. {action.text}", "  ", "     ")
        yield from wrap(f"Why: {action.about}", "     ")
        if action.who or action.by_when:
            yield from wrap(_who(action.who, action.by_when), "     ")
        if action.url:
            yield f"     {action.url}"


def _who(who: str, by_when: str) -> str:
    return "; ".join(
        part for part in (f"Who: {who}" if who else "", f"by: {by_when}" if by_when else "") if part
    )


def _inventory(data: ReportData) -> Iterator[str]:
    inventory = data.inventory
    if inventory is None:
        return
    for figure in inventory.figures:
        yield from wrap(f"{figure.name}: {figure.value}", "  ", "    ")
    if inventory.ages:
        yield ""
        yield f"  {'findings':<34}{'total':>7}{'<1 week':>9}{'1-4 wk':>8}{'older':>7}{'?':>5}"
    for row in inventory.ages:
        yield (
            f"  {_cut(row.detector, 33):<34}{row.total:>7}{row.week:>9}{row.month:>8}"
            f"{row.older:>7}{row.unknown:>5}"
        )
    if inventory.listed:
        yield ""
    for item in inventory.listed:
        yield from wrap(f"[{item.severity.value}] {item.title}", "  ", "    ")
    if inventory.more:
        yield f"  and {inventory.more:,} more in the page"


def _changes_title(data: ReportData) -> str:
    if data.previous_at is None:
        return "What changed"
    local = data.previous_at.astimezone(zone(data.time_zone)).date()
    return f"What changed since {day(local, data.today)}"


def _changes(data: ReportData) -> Iterator[str]:
    changes = data.changes
    for reason in changes.restated:
        yield from wrap(f"Restated because {reason}", "  ", "    ")
    if changes.restated and changes.restated_findings:
        moved = count(changes.restated_findings, "finding")
        yield from wrap(f"{moved} moved with it; none counts as new, worse or resolved.", "  ")
    if data.inventory is None and (changes.any or not changes.restated):
        yield f"  {', '.join(change_words(changes)) or 'Nothing changed'}"
    for item in changes.items:
        yield from wrap(f"- {STATES[item.state]}: {item.title}", "  ", "    ")
    if changes.more:
        yield f"  and {changes.more:,} more"


def _items(data: ReportData, items: Sequence[Item]) -> Iterator[str]:
    for item in items:
        yield from wrap(f"[{item.severity.value}] {item.title}", "  ", "    ")
        for sentence in (item.what, item.so_what):
            if sentence and sentence != item.title:
                yield from wrap(sentence, "    ")
        facts = [_who(item.who, item.by_when), _age(item)]
        yield from wrap("; ".join(fact for fact in facts if fact), "    ")
        shown = item.evidence if data.audience == "engineer" else item.evidence[:2]
        for proof in shown:
            yield from wrap(f"- {proof.text}", "    ", "      ")
            if proof.url:
                yield f"      {proof.url}"
        hidden = len(item.evidence) - len(shown)
        if hidden > 0:
            yield f"    - and {hidden:,} more"
        if item.hidden_evidence:
            yield f"    - {count(item.hidden_evidence, 'restricted item')}, counted only"
        if data.audience == "engineer":
            rule = f"{item.detector}{'/' + item.rule if item.rule else ''}"
            yield from wrap(f"{rule}; driftline explain {item.fingerprint[:12]}", "    ")


def _age(item: Item) -> str:
    if not item.age_known:
        return STATES[item.state]
    return f"{STATES[item.state]}, {count(item.age_days, 'day')} old"


def _milestones(data: ReportData) -> Iterator[str]:
    for row in data.milestones[:CAP]:
        yield from _milestone(row)
    if len(data.milestones) > CAP:
        yield f"  and {len(data.milestones) - CAP:,} more in the page"


def _milestone(row: MilestoneRow) -> Iterator[str]:
    yield from wrap(f"{row.label} ({row.note})", "  ", "    ")
    yield from wrap(f"promised: {row.due}", "    ", "      ")
    if row.forecast:
        yield from wrap(f"forecast: {row.forecast}", "    ", "      ")
    yield from wrap(f"work: {_bar(row)} {done_words(row)}", "    ", "      ")
    yield from wrap(f"scope: {row.scope}", "    ", "      ")
    if row.tested:
        yield from wrap(f"tested: {row.tested}", "    ", "      ")
    if row.url:
        yield f"    {row.url}"


def _bar(row: MilestoneRow) -> str:
    full = round(10 * row.done_items / row.total_items) if row.total_items > 0 else 0
    full = max(0, min(10, full))
    return "[" + "#" * full + "." * (10 - full) + "]"


def ledger_words(row: LedgerRow) -> str:
    """`40 points planned, +13 entered, -5 left, +2 re-sized, now 50`."""
    parts = [f"{number(row.baseline)} {row.unit} {'planned' if row.confirmed else 'at first'}"]
    for value, word in (
        (row.added, "entered"),
        (-row.removed, "left"),
        (row.reestimated, "re-sized"),
        (row.late_sized, "sized late"),
    ):
        if value:
            parts.append(f"{signed(value)} {word}")
    return ", ".join([*parts, f"now {number(row.current)}"])


def origin_words(row: LedgerRow) -> str:
    """`carry-over 5, defect 8`; empty when no origin is known."""
    return ", ".join(f"{one.origin} {number(one.size)}" for one in row.origins)


def _ledgers(data: ReportData) -> Iterator[str]:
    for row in data.ledgers[:CAP]:
        yield from wrap(f"{row.milestone} ({row.since})", "  ", "    ")
        yield from wrap(ledger_words(row), "    ", "      ")
        if row.origins:
            yield from wrap(f"entered by origin: {origin_words(row)}", "    ", "      ")
    if len(data.ledgers) > CAP:
        yield f"  and {len(data.ledgers) - CAP:,} more in the page"


def _groups(groups: Sequence[Group], data: ReportData) -> Iterator[str]:
    for group in groups:
        yield from wrap(f"{group.family} ({group.detector}): {group.count:,}", "  ", "    ")
        for item in group.items[:CAP]:
            state = "" if item.state.value != "not_checked" else " (not checked this time)"
            yield from wrap(f"- [{item.severity.value}] {item.title}{state}", "    ", "      ")
        if group.count > CAP:
            yield f"    and {group.count - CAP:,} more in the page"


def _digest(data: ReportData) -> Iterator[str]:
    for group in data.digest:
        yield from wrap(f"{group.family} ({group.detector}): {group.count:,}", "  ", "    ")


def _not_checked(data: ReportData) -> Iterator[str]:
    for row in data.not_checked[:CAP]:
        names = ", ".join(row.subjects)
        more = row.count - len(row.subjects)
        tail = f" and {more:,} more" if more > 0 else ""
        yield from wrap(f"- {row.detector}: {row.reason} ({names}{tail})", "  ", "    ")
    if len(data.not_checked) > CAP:
        yield f"  and {len(data.not_checked) - CAP:,} more in the page"


def _trust(data: ReportData) -> Iterator[str]:
    trust = data.trust
    zone_of = zone(data.time_zone)
    yield from wrap(f"{trust.data_as_of}.", "  ")
    lines = source_lines(trust.sources, zone_of)
    yield from _bullets(lines[:CAP])
    if len(lines) > CAP:
        yield f"  and {len(lines) - CAP:,} more in the page"
    if trust.gaps:
        yield "  Gaps:"
        yield from _bullets(trust.gaps[:CAP])
    if len(trust.gaps) > CAP:
        yield f"  and {len(trust.gaps) - CAP:,} more gaps in the page"
    for one in data.held_back[:CAP]:
        yield from wrap(
            f"{count(one.count, 'finding')} of {one.detector} held back: {one.reason}.", "  "
        )
    if trust.baselines and data.audience != "executive":
        yield "  Baselines:"
        yield from _bullets(trust.baselines[:CAP])
    yield "  A promised date is no forecast, and a forecast is no promise."
    for line in (*trust.how_to, trust.why_you):
        yield from wrap(line, "  ")


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
