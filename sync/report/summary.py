"""The little of a report that a chat message holds: the verdict, and at most five items."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sync.report.clean import clean
from sync.report.data import Item, ReportData
from sync.report.verdict import change_words, quiet_line
from sync.report.wording import STATES, count, moment, zone

#: Most items of a message.
ITEMS = 5
#: Longest address that is still linked to, characters.
_LINK = 2000


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a message."""

    text: str
    #: severity, state, who and by when.
    facts: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a message says, in the words of the report's audience."""

    #: program and kind of report, 150 characters at most.
    heading: str
    #: the verdict's word, capitalized, and its sentence.
    word: str
    sentence: str
    why: tuple[str, ...]
    changed: str
    #: what a person said beside the verdict; empty: nothing.
    note: str
    lines: tuple[Line, ...]
    #: findings beyond `lines`.
    more: int
    #: age of the data, what is unread, questions.
    ending: str

    @property
    def beyond(self) -> str:
        """`3 more findings in the report`; empty where all are told."""
        return f"{count(self.more, 'more finding')} in the report" if self.more else ""


def summary(data: ReportData) -> Summary:
    """The message's parts; a quiet week is one line."""
    kind = {"inventory": "inventory", "quiet": "quiet week"}.get(data.kind, "drift report")
    items = data.inventory.listed if data.inventory else () if data.quiet else data.risks
    lines = tuple(_line(one, data.audience) for one in items[:ITEMS])
    verdict = data.verdict
    why = () if data.quiet else tuple(one for one in (verdict.change, *verdict.why) if one)
    unchecked = sum(row.count for row in data.not_checked)
    questions = len(data.questions) + data.more_questions
    ending = [data.trust.data_as_of, f"report of {moment(data.as_of, zone(data.time_zone))}"]
    ending += [f"{count(questions, 'question')} for the owner"] if questions else []
    ending += [f"{count(unchecked, 'subject')} not checked"] if unchecked else []
    changed = "" if data.quiet or data.inventory else ", ".join(change_words(data.changes))
    return Summary(
        heading=f"{clean(data.program, 120)}: {kind}",
        word="Quiet" if data.quiet else data.verdict.word.capitalize(),
        sentence=quiet_line(data.findings, unchecked) if data.quiet else data.verdict.sentence,
        why=why,
        changed=f"Since the report before: {changed}" if changed else "",
        note=f"Note by {data.note.author}: {data.note.text}" if data.note else "",
        lines=lines,
        more=len(data.findings) - len(lines),
        ending="; ".join(ending),
    )


def fitted(told: Summary, fits: Callable[[Summary], bool]) -> Summary:
    """The summary with the last of its items left out, then its reasons, until it fits."""
    while not fits(told) and told.lines:
        told = replace(told, lines=told.lines[:-1], more=told.more + 1)
    while not fits(told) and told.why:
        told = replace(told, why=told.why[:-1])
    return told


def _line(item: Item, audience: str) -> Line:
    facts = [item.severity.value, STATES[item.state]]
    facts += [f"who: {item.who}"] if item.who else []
    facts += [f"by: {item.by_when}"] if item.by_when else []
    if audience == "engineer":
        facts.append(f"driftline explain {item.fingerprint[:12]}")
    url = item.url if item.url and len(item.url) <= _LINK else None
    return Line(item.title or item.detector, "; ".join(facts), url)
