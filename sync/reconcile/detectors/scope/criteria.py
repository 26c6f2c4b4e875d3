"""What an item asks for was rewritten while somebody worked on it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from mappings.contents import Drift, drift
from mappings.vocabulary import StatusCategory
from sync.ledger import texts
from sync.ledger.ledger import Ledger
from sync.ledger.load import ItemFacts
from sync.ledger.milestones import Key
from sync.ledger.texts import Text
from sync.ledger.timeline import ItemHistory
from sync.reconcile.contract import (
    Channel,
    Detector,
    Evidence,
    Found,
    NotChecked,
    Severity,
    Voice,
    Words,
)
from sync.reconcile.detectors.scope import plans
from sync.reconcile.view import Plan, View
from sync.reconcile.words import capped, count, day_of, item_evidence, verb

ID = "scope.criteria"

_STARTED = (StatusCategory.IN_PROGRESS, StatusCategory.IN_REVIEW, StatusCategory.DONE)
#: Lines shown of one item, where the configuration keeps any, and letters of each.
_LINES, _LETTERS = 6, 160


@dataclass(frozen=True, slots=True)
class _Edit:
    """How the text of one item differs from what it was when work on it began."""

    item: ItemFacts
    before: Text
    now: Text
    drift: Drift
    done: bool


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones with items that were rewritten after work on them began."""
    wanted = list(plans.judged(view))
    started: dict[Key, list[str]] = {}
    ids: dict[int, set[str]] = {}
    for one in wanted:
        if not isinstance(one, NotChecked):
            mine = started[one[0].facts.key] = _started(one[0], one[1], view.as_of)
            ids.setdefault(one[0].facts.connection_id, set()).update(mine)
    held = texts.load(view.conn, ids, view.known_at)
    for one in wanted:
        if isinstance(one, NotChecked):
            yield one
            continue
        plan, ledger = one
        edits, unknown = _edits(view, plan, ledger, started[plan.facts.key], held, thresholds)
        if edits:
            yield _found(view, plan, edits, unknown, thresholds)
        elif unknown:
            yield NotChecked(
                plan.facts.subject,
                f"what {count(unknown, 'item')} said when work began was not kept",
                plan.facts.connection_id,
            )


def _started(plan: Plan, ledger: Ledger, at: datetime) -> list[str]:
    """Items in scope on which work had begun, in order."""
    items = plan.container.by_item
    return sorted(id_ for id_ in ledger.present if _has_begun(items[id_], at))


def _edits(
    view: View,
    plan: Plan,
    ledger: Ledger,
    started: Iterable[str],
    held: Mapping[texts.Pair, Sequence[Text]],
    thresholds: Mapping[str, Any],
) -> tuple[list[_Edit], int]:
    """Items that were rewritten after work on them began, and how many cannot be compared."""
    found, unknown = [], 0
    for id_ in started:
        mine = held.get((plan.facts.connection_id, id_))
        if not mine:
            unknown += 1
            continue
        history = plan.container.history(id_)
        begun = _begun(history, view.as_of)
        if begun is None:
            continue
        before = texts.at(mine, max(begun, ledger.counted_from))
        now = texts.at(mine, view.as_of)
        if before is None or now is None:
            unknown += 1
            continue
        change = drift(before.contents, now.contents)
        if _is_drift(change, thresholds):
            done = history.category.undone(view.as_of) is StatusCategory.DONE
            found.append(_Edit(plan.container.items[id_], before, now, change, done))
    return found, unknown


def _has_begun(history: ItemHistory, at: datetime) -> bool:
    """Whether work on it had ever begun, as far as is known."""
    still = history.still
    if still is not None and still.worked is None:
        return still.category in _STARTED
    if still is not None and still.worked is not None and still.worked <= at:
        # What is known of it last is enough, mostly: most work goes on once it has begun.
        return still.category in _STARTED or _begun(history, at) is not None
    return _begun(history, at) is not None


def _begun(history: ItemHistory, at: datetime) -> datetime | None:
    """When work on it first began; None: it has not, as far as is known."""
    if not history.category.changes and history.category.held in _STARTED:
        return datetime.min.replace(tzinfo=at.tzinfo)
    for change in history.category.changes:
        if change.at <= at and change.old in _STARTED:
            return datetime.min.replace(tzinfo=at.tzinfo)
        if change.at <= at and change.new in _STARTED:
            return change.at
    return None


def _is_drift(change: Drift, thresholds: Mapping[str, Any]) -> bool:
    if change.added or change.removed:
        return True
    return bool(
        change.distance + 1e-9 >= thresholds["distance"]
        and change.changed >= thresholds["least_tokens"]
    )


def _found(
    view: View, plan: Plan, edits: Sequence[_Edit], unknown: int, thresholds: Mapping[str, Any]
) -> Found:
    done = sum(one.done for one in edits)
    many = len(edits) >= thresholds["medium_items"] or done
    number = len(edits)
    return Found(
        subject=plan.facts.subject,
        severity=plans.severity(
            view, plan, Severity.MEDIUM if many else Severity.LOW, thresholds["raise_within"]
        ),
        magnitude=float(number),
        values={
            "milestone": plan.facts.name,
            "items": count(number, "item"),
            "verb": verb(number, "was", "were"),
            "asks": verb(number, "it asks", "they ask"),
            "done": f" {count(done, 'of them')} {verb(done, 'is', 'are')} done." if done else "",
            "unknown": _unknown(unknown),
        },
        evidence=capped(
            [proof for one in edits for proof in _proofs(view, one, thresholds)], "line"
        ),
        connection_id=plan.facts.connection_id,
        milestone=(plan.facts.kind, plan.facts.source_id),
        channel=plans.channel(plan),
    )


def _unknown(number: int) -> str:
    if not number:
        return ""
    return f" What {count(number, 'other item')} said when work began was not kept."


def _proofs(view: View, edit: _Edit, thresholds: Mapping[str, Any]) -> Iterable[Evidence]:
    parts = []
    if edit.drift.added or edit.drift.removed:
        parts.append(
            f"{edit.drift.added} acceptance {verb(edit.drift.added, 'item', 'items')} new, "
            f"{edit.drift.removed} gone"
        )
    parts.append(f"{count(edit.drift.changed, 'word')} differ")
    since = day_of(edit.now.valid_from, view.calendar)
    how = "since" if edit.now.told else "seen by"
    yield item_evidence(edit.item, f"{', '.join(parts)}, {how} {since}", at=edit.now.valid_from)
    if not thresholds["keep_lines"] or edit.item.restricted:
        return
    for line in _differing(edit.before.contents.lines, edit.now.contents.lines):
        yield Evidence(line, edit.item.url, edit.now.valid_from, edit.item.subject)


def _differing(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Lines that only one of them has: `- ` before, `+ ` after."""
    if not before or not after:
        return []
    found: list[str] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            found += [f"- {line[:_LETTERS]}" for line in before[a:b]]
            found += [f"+ {line[:_LETTERS]}" for line in after[c:d]]
    return found[:_LINES]


DETECTOR = Detector(
    id=ID,
    name="What is asked for changed after work began",
    family="scope",
    needs=plans.NEEDS,
    words=Words(
        title="{milestone}: {items} {verb} rewritten after work began",
        what=(
            "{items} of {milestone} {verb} rewritten after work on them began, so that "
            "{asks} for something else.{done}{unknown}"
        ),
        so_what="Work may have to be done again, and no estimate shows it.",
        who="whoever wrote these items, with those who work on them",
        by_when="before they are reviewed",
        remedy="Agree on what each of them asks for now, and estimate it again where it grew.",
        executive=Voice(
            what="What {milestone} has to deliver was reworded while it was being built: {items}.",
        ),
        engineer=Voice(
            so_what="What you build may not be what is asked for any more.",
            remedy="Read these items again before you hand them over.",
        ),
    ),
    channel=Channel.OFF,
    defaults={
        "distance": 0.30,
        "least_tokens": 20,
        "medium_items": 3,
        "keep_lines": 0,
        "raise_within": 10,
    },
    explain={
        "distance": "share of different words (Jaccard distance) from which a text is rewritten; "
        "a changed acceptance item always counts",
        "least_tokens": "fewest different words for that",
        "medium_items": "items from which it is medium; one that is done is enough",
        "keep_lines": "1 keeps the lines of descriptions in the store and shows those that "
        "differ, 0 keeps hashes and counts only",
        "raise_within": "working days before its date from which it is one level more",
    },
    detect=detect,
)
