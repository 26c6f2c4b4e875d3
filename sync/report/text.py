"""The report as plain text, 78 columns wide or as wide as asked; whole, not a pointer to the page.

No colour and no control characters, so a terminal, a pipe and a mail show the same.
"""

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

from sync.reconcile.contract import Channel
from sync.report.charts import burn_up_words, trend_words
from sync.report.course import bar_lines
from sync.report.data import GateList, Group, Item, LedgerRow, MilestoneRow, OriginRow, ReportData
from sync.report.milestones import done_words
from sync.report.sources import source_lines
from sync.report.verdict import change_words, quiet_line
from sync.report.wording import STATES, count, day, local_time, moment, number, signed, zone

#: Columns of a mail, and of a terminal that nobody knows.
WIDTH = 78
#: Below this, tables of figures do not fit; above that, lines are hard to read.
NARROWEST, WIDEST = 40, 100
#: Longest list; what is beyond is counted.
CAP = 40
#: In a section of its own, and therefore not among what is counted as in the page only.
_OWN_PART = ("test.not-tested", "test.merged-red", "test.unreviewed", "flow.")


def render(data: ReportData, *, brief: bool = False, width: int = WIDTH) -> str:
    """The report as text; lines of `width` columns, except addresses, which stay whole.

    `brief`: the one line of a quiet week, with the questions and the age of the data.
    """
    sheet = _Sheet(data, max(NARROWEST, min(width, WIDEST)))
    return sheet.brief() if brief else sheet.whole()


def wrap(text: str, indent: str = "", hanging: str | None = None, width: int = WIDTH) -> list[str]:
    """Break `text` into lines of at most `width` columns as a terminal shows them.

    A word longer than a line is cut, except an address: it must stay whole to be opened.
    """
    later = indent if hanging is None else hanging
    lines: list[str] = []
    line, start = indent, indent
    for word in text.split():
        for piece in _pieces(word, width - cell_len(later)):
            gap = "" if line == start else " "
            if gap and cell_len(line) + 1 + cell_len(piece) > width:
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


def ledger_words(row: LedgerRow) -> str:
    """`40 points planned, +13 entered (5 agreed to, 8 not), -5 left (3 moved), now 48`."""
    parts = [f"{number(row.baseline)} {row.unit} {'planned' if row.confirmed else 'at first'}"]
    for value, word, more in (
        (row.added, "entered", agreed_words(row)),
        (-row.removed, "left", destination_words(row)),
        (row.reestimated, "re-sized", ""),
        (row.late_sized, "sized late", ""),
    ):
        if value:
            parts.append(f"{signed(value)} {word}{f' ({more})' if more else ''}")
    return ", ".join([*parts, f"now {number(row.current)}"])


def agreed_words(row: LedgerRow) -> str:
    """`5 agreed to, 8 not`; empty where nobody agreed to anything, or it is not known."""
    if not row.agreed or row.unagreed is None:
        return ""
    rest = f"{number(row.unagreed)} not" if round(row.unagreed, 1) else ""
    return ", ".join(part for part in (f"{number(row.agreed)} agreed to", rest) if part)


def origin_words(row: LedgerRow) -> str:
    """`carry-over 5, defect 8`; empty when no origin is known."""
    return ", ".join(f"{one.origin} {number(one.size)}" for one in row.origins)


def destination_words(row: LedgerRow) -> str:
    """`2 cancelled, 3 moved`; empty where nothing more is known than that it left."""
    known = [one for one in row.destinations if one.origin != "left"]
    told = [*known, *(one for one in row.destinations if one.origin == "left")] if known else []
    return ", ".join(f"{number(one.size)} {_went(one)}" for one in told)


def _went(one: OriginRow) -> str:
    return "to nowhere that is known" if one.origin == "left" else one.origin


def shown_items(items: Sequence[Item]) -> tuple[Item, ...]:
    """Those that may stand in a mail; the others are counted."""
    return tuple(one for one in items if one.channel == Channel.MAILED)


def gate_words(one: GateList) -> str:
    """`7 changes, in the page only`; `none found in what was read`; `switched off`."""
    if not one.count:
        return one.note
    text = count(one.count, "finding")
    if not shown_items(one.items):
        text += ", in the page only"
    return f"{text}; {one.note}" if one.note else text


def counted_only(group: Group) -> bool:
    """Whether a group of the digest is counted here and not in a part of its own."""
    return not group.detector.startswith(_OWN_PART)


class _Sheet:
    """One report on lines of one width."""

    def __init__(self, data: ReportData, width: int) -> None:
        self.data = data
        self.width = width

    def whole(self) -> str:
        data = self.data
        sections: list[tuple[str, Iterable[str]]] = [
            (_questions_title(data), self._questions()),
            ("Decide or do", self._actions()),
            ("Already there", self._inventory()),
            (_changes_title(data), self._changes()),
            ("Top risks", self._items(data.risks)),
            ("Milestones", self._milestones()),
        ]
        if data.audience != "executive":
            sections += [
                (_course_title(data), self._course()),
                ("How the scope came to be", self._ledgers()),
                ("Quality gate", self._gate()),
                ("Flow and load", self._flow()),
                ("Still open, unchanged", self._groups(data.still_open)),
                ("Answered", self._answered()),
                ("In the page only", self._digest()),
                ("Not confirmed", self._bullets(data.hygiene)),
                ("Not checked", self._not_checked()),
            ]
        sections.append(("What this rests on", self._trust()))
        return self._joined(list(self._head()), sections)

    def brief(self) -> str:
        data = self.data
        lines = list(self._title())
        still = quiet_line(data.findings, sum(row.count for row in data.not_checked))
        lines += ["", *self._wrap(still), *self._note()]
        ending = [
            *self._wrap(f"{data.trust.data_as_of}.", "  "),
            *self._wrap(data.trust.why_you, "  "),
        ]
        return self._joined(
            lines,
            [(_questions_title(data), self._questions()), ("What this rests on", ending)],
        )

    def _joined(self, lines: list[str], sections: Iterable[tuple[str, Iterable[str]]]) -> str:
        for title, body in sections:
            written = list(body)
            if written:
                lines += ["", title.upper(), "-" * cell_len(title), *written]
        return "\n".join(lines) + "\n"

    def _wrap(self, text: str, indent: str = "", hanging: str | None = None) -> list[str]:
        return wrap(text, indent, hanging, self.width)

    def _bullets(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            yield from self._wrap(f"- {line}", "  ", "    ")

    def _more(self, number_of: int, what: str = "in the page", indent: str = "  ") -> Iterator[str]:
        if number_of > 0:
            yield f"{indent}and {number_of:,} more {what}".rstrip()

    # --- 1: verdict ---------------------------------------------------------------------------

    def _title(self) -> Iterator[str]:
        data = self.data
        zone_of = zone(data.time_zone)
        title = {"inventory": "inventory", "quiet": "quiet week"}.get(data.kind, "drift report")
        yield from self._wrap(f"{data.program}: {title}")
        yield "=" * self.width
        when = f"As of {moment(data.as_of, zone_of)}"
        if data.previous_at:
            when += f"; compared with {moment(data.previous_at, zone_of)}"
        yield from self._wrap(when)

    def _head(self) -> Iterator[str]:
        verdict = self.data.verdict
        yield from self._title()
        yield ""
        yield from self._wrap(f"{verdict.word.upper()}: {verdict.sentence}")
        if verdict.change:
            yield from self._wrap(verdict.change, "  ")
        yield from self._bullets(verdict.why)
        yield from self._note()

    def _note(self) -> Iterator[str]:
        note = self.data.note
        if note is not None:
            when = moment(note.at, zone(self.data.time_zone))
            yield ""
            yield from self._wrap(f"Note by {note.author}, {when}: {note.text}")

    # --- questions, and 2: decide or do ----------------------------------------------------------

    def _questions(self) -> Iterator[str]:
        data = self.data
        for place, ask in enumerate(data.questions, 1):
            yield from self._wrap(f"{place}. {ask.text}", "  ", "     ")
            yield from self._wrap(f"> {ask.answer_line}", "     ", "       ")
        if data.more_questions:
            more = count(data.more_questions, "more question")
            yield from self._wrap(f"{more} will follow.", "  ")

    def _actions(self) -> Iterator[str]:
        for place, action in enumerate(self.data.actions, 1):
            yield from self._wrap(f"{place}. {action.text}", "  ", "     ")
            yield from self._wrap(f"Why: {action.about}", "     ")
            if action.who or action.by_when:
                yield from self._wrap(_who(action.who, action.by_when), "     ")
            if action.url:
                yield f"     {action.url}"

    # --- the first report -----------------------------------------------------------------------

    def _inventory(self) -> Iterator[str]:
        inventory = self.data.inventory
        if inventory is None:
            return
        for figure in inventory.figures:
            yield from self._wrap(f"{figure.name}: {figure.value}", "  ", "    ")
        yield from self._ages()
        if inventory.listed:
            yield ""
        for item in inventory.listed:
            yield from self._wrap(f"[{item.severity.value}] {item.title}", "  ", "    ")
        yield from self._more(inventory.more)

    def _ages(self) -> Iterator[str]:
        inventory = self.data.inventory
        if inventory is None or not inventory.ages:
            return
        # Five columns of figures, and what is left for the name.
        name = min(34, self.width - 44)
        yield ""
        if name < 20:
            for row in inventory.ages:
                yield from self._wrap(
                    f"{row.detector}: {row.total} (under a week {row.week}, 1-4 weeks {row.month}, "
                    f"older {row.older}, not known {row.unknown})",
                    "  ",
                    "    ",
                )
            return
        yield f"  {'findings':<{name}}{'total':>7}{'<1 week':>9}{'1-4 wk':>8}{'older':>7}{'?':>5}"
        for row in inventory.ages:
            yield (
                f"  {_cut(row.detector, name - 1):<{name}}{row.total:>7}{row.week:>9}"
                f"{row.month:>8}{row.older:>7}{row.unknown:>5}"
            )

    # --- 3: what changed, 4: top risks -----------------------------------------------------------

    def _changes(self) -> Iterator[str]:
        changes = self.data.changes
        for reason in changes.restated:
            yield from self._wrap(f"Restated because {reason}", "  ", "    ")
        if changes.restated and changes.restated_findings:
            moved = count(changes.restated_findings, "finding")
            yield from self._wrap(
                f"{moved} moved with it; none counts as new, worse or resolved.", "  "
            )
        if self.data.inventory is None and (changes.any or not changes.restated):
            yield from self._wrap(", ".join(change_words(changes)) or "Nothing changed", "  ")
        for item in changes.items:
            yield from self._wrap(f"- {STATES[item.state]}: {item.title}", "  ", "    ")
        yield from self._more(changes.more, "")

    def _items(self, items: Sequence[Item]) -> Iterator[str]:
        engineer = self.data.audience == "engineer"
        for item in items:
            yield from self._wrap(f"[{item.severity.value}] {item.title}", "  ", "    ")
            for sentence in (item.what, item.so_what):
                if sentence and sentence != item.title:
                    yield from self._wrap(sentence, "    ")
            if item.impact:
                yield from self._wrap(f"Impact: {item.impact}", "    ", "      ")
            facts = [_who(item.who, item.by_when), age_words(item)]
            yield from self._wrap("; ".join(fact for fact in facts if fact), "    ")
            shown = item.evidence if engineer else item.evidence[:2]
            for proof in shown:
                yield from self._wrap(f"- {proof.text}", "    ", "      ")
                if proof.url:
                    yield f"      {proof.url}"
            hidden = len(item.evidence) - len(shown)
            if hidden > 0:
                yield f"    - and {hidden:,} more"
            if item.hidden_evidence:
                yield f"    - {count(item.hidden_evidence, 'restricted item')}, counted only"
            if engineer:
                rule = f"{item.detector}{'/' + item.rule if item.rule else ''}"
                yield from self._wrap(f"{rule}; driftline explain {item.fingerprint[:12]}", "    ")

    # --- 5: milestones, 6: scope -----------------------------------------------------------------

    def _milestones(self) -> Iterator[str]:
        rows = self.data.milestones
        for row in rows[:CAP]:
            yield from self._milestone(row)
        yield from self._more(len(rows) - CAP)

    def _milestone(self, row: MilestoneRow) -> Iterator[str]:
        yield from self._wrap(f"{row.label} ({row.note})", "  ", "    ")
        for name, told in (
            ("promised", row.due),
            ("forecast", row.forecast),
            ("trend", row.trend_words),
            ("work", f"{_bar(row)} {done_words(row)}"),
            ("scope", row.scope),
            ("tested", row.tested),
        ):
            if told:
                yield from self._wrap(f"{name}: {told}", "    ", "      ")
        if row.url:
            yield f"    {row.url}"

    def _course(self) -> Iterator[str]:
        up, trend, today = self.data.burn_up, self.data.trend, self.data.today
        if up is not None:
            yield from self._wrap(burn_up_words(up, today), "  ")
            yield from (f"  {line}" for line in bar_lines(up, today))
        if trend is not None:
            yield from self._wrap(trend_words(trend, today), "  ")

    def _ledgers(self) -> Iterator[str]:
        rows = self.data.ledgers
        for row in rows[:CAP]:
            yield from self._wrap(f"{row.milestone} ({row.since})", "  ", "    ")
            yield from self._wrap(ledger_words(row), "    ", "      ")
            if row.origins:
                yield from self._wrap(f"entered by origin: {origin_words(row)}", "    ", "      ")
        yield from self._more(len(rows) - CAP)

    # --- 7: quality gate, 8: flow, 9: still open -------------------------------------------------

    def _gate(self) -> Iterator[str]:
        if not any(one.checked or one.count for one in self.data.gate):
            return
        for one in self.data.gate:
            yield from self._wrap(f"{one.name}: {gate_words(one)}", "  ", "    ")
            shown = shown_items(one.items)
            for item in shown:
                yield from self._wrap(f"- {item.title}", "    ", "      ")
                if item.url:
                    yield f"      {item.url}"
            if shown:
                yield from self._more(one.count - len(shown), indent="    ")

    def _flow(self) -> Iterator[str]:
        for group in self.data.flow:
            shown = shown_items(group.items)[:5]
            where = "" if shown else ", in the page only"
            yield from self._wrap(f"{group.detector}: {group.count:,}{where}", "  ", "    ")
            for item in shown:
                yield from self._wrap(f"- {item.title}", "    ", "      ")
            if shown:
                yield from self._more(group.count - len(shown), indent="    ")

    def _groups(self, groups: Sequence[Group]) -> Iterator[str]:
        for group in groups:
            yield from self._wrap(_counted(group), "  ", "    ")
            for item in group.items[:CAP]:
                state = "" if item.state.value != "not_checked" else " (not checked this time)"
                yield from self._wrap(
                    f"- [{item.severity.value}] {item.title}{state}", "    ", "      "
                )
            yield from self._more(group.count - CAP, indent="    ")

    def _answered(self) -> Iterator[str]:
        said = self.data.answered
        if said.summary:
            yield from self._wrap(f"{said.summary}.", "  ")
        for item in shown_items(said.short)[:CAP]:
            words = f": {item.answer.words}" if item.answer else ""
            yield from self._wrap(f"- [{item.severity.value}] {item.title}{words}", "  ", "    ")
        yield from self._bullets(said.ended)
        yield from self._bullets(said.flapping)

    def _digest(self) -> Iterator[str]:
        for group in filter(counted_only, self.data.digest):
            yield from self._wrap(_counted(group), "  ", "    ")

    def _not_checked(self) -> Iterator[str]:
        rows = self.data.not_checked
        for row in rows[:CAP]:
            names = ", ".join(row.subjects)
            more = row.count - len(row.subjects)
            tail = f" and {more:,} more" if more > 0 else ""
            yield from self._wrap(f"- {row.detector}: {row.reason} ({names}{tail})", "  ", "    ")
        yield from self._more(len(rows) - CAP)

    # --- 10: what this rests on ------------------------------------------------------------------

    def _trust(self) -> Iterator[str]:
        data, trust = self.data, self.data.trust
        executive = data.audience == "executive"
        yield from self._wrap(f"{trust.data_as_of}.", "  ")
        lines = source_lines(trust.sources, zone(data.time_zone))
        yield from self._bullets(lines[:CAP])
        yield from self._more(len(lines) - CAP)
        if trust.gaps:
            yield "  Gaps:"
            yield from self._bullets(trust.gaps[:CAP])
        yield from self._more(len(trust.gaps) - CAP, "gaps in the page")
        for one in data.held_back[:CAP]:
            yield from self._wrap(
                f"{count(one.count, 'finding')} of {one.detector} held back: {one.reason}.", "  "
            )
        if trust.baselines and not executive:
            yield "  Baselines:"
            yield from self._bullets(trust.baselines[:CAP])
        yield from self._wrap("A promised date is no forecast, and a forecast is no promise.", "  ")
        how_to = () if executive else trust.how_to
        for line in (trust.forecast_skill, *how_to, trust.why_you):
            if line:
                yield from self._wrap(line, "  ")


def _questions_title(data: ReportData) -> str:
    return f"{count(len(data.questions), 'question')} for you"


def _course_title(data: ReportData) -> str:
    name = data.burn_up.milestone if data.burn_up else ""
    return f"The milestone in most danger: {name}" if name else "The milestone in most danger"


def _changes_title(data: ReportData) -> str:
    if data.previous_at is None:
        return "What changed"
    local = local_time(data.previous_at, zone(data.time_zone)).date()
    return f"What changed since {day(local, data.today)}"


def _who(who: str, by_when: str) -> str:
    return "; ".join(
        part for part in (f"Who: {who}" if who else "", f"by: {by_when}" if by_when else "") if part
    )


def _counted(group: Group) -> str:
    return f"{group.family} ({group.detector}): {group.count:,}"


def age_words(item: Item) -> str:
    """`new, 3 days old`; without an age where it is not known."""
    if not item.age_known:
        return STATES[item.state]
    age = f"{count(item.age_days, 'day')} old" if item.age_days else "since today"
    return f"{STATES[item.state]}, {age}"


def _bar(row: MilestoneRow) -> str:
    full = round(10 * row.done_items / row.total_items) if row.total_items > 0 else 0
    full = max(0, min(10, full))
    return "█" * full + "░" * (10 - full)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
