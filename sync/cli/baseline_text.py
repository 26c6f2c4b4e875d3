"""What differs between two baselines, in words."""

from collections.abc import Iterator

from sync.ledger.baseline_diff import BaselineDiff, DiffKind, ItemDiff, Side
from sync.ledger.ledger import EPSILON
from sync.ledger.working_days import WorkCalendar
from sync.reconcile.words import about_percent, count, day, day_of, size


def words(found: BaselineDiff, calendar: WorkCalendar) -> Iterator[str]:
    """Both sides, then every item that differs."""
    yield f"{found.facts.line}: {_title(found)}"
    yield f"  from {_side(found.first, calendar)}"
    yield f"  to   {_side(found.second, calendar)}"
    dates = (found.first.due_date, found.second.due_date)
    if dates[0] != dates[1]:
        old, new = ("no date" if one is None else day(one) for one in dates)
        yield f"  Promised for {old}, then for {new}"
    for gap in found.gaps:
        yield f"  Not known: {gap}."
    for edit in found.mass:
        yield (
            f"  {count(len(edit.items), 'item')} changed in one go ({edit.field}): shares are held "
            "until somebody says that this was meant."
        )
    for kind in DiffKind:
        mine = [one for one in found.changes if one.kind is kind]
        if mine:
            yield f"  {count(len(mine), 'item')} {kind.value}"
            for one in mine:
                yield f"    {_item(one)}"
    if not found.changes:
        yield "  No item entered, left or was re-sized."


def _title(found: BaselineDiff) -> str:
    if not found.first.accepted:
        return "change since observed; nobody has agreed to the earlier baseline"
    if found.net_ratio is None:
        return "what changed"
    if abs(found.net_ratio) <= EPSILON:
        return f"no net change, in {found.unit.value}"
    grew = "grew" if found.net_ratio > 0 else "shrank"
    return f"{grew} by {about_percent(found.net_ratio)}, in {found.unit.value}"


def _side(one: Side, calendar: WorkCalendar) -> str:
    name = "now" if one.number is None else f"baseline {one.number}"
    text = f"{name}, {day_of(one.at, calendar)}: {count(one.items, 'item')}, {size(one.points)} "
    text += "point" if one.points == 1 else "points"
    if one.unestimated:
        text += f", {one.unestimated} not estimated"
    return f"{text}, partial" if one.is_partial else text


def _item(one: ItemDiff) -> str:
    name = "a restricted item" if one.item.restricted else f"{one.item.key} {one.item.title}"
    if one.kind is DiffKind.RESIZED:
        return f"{name}: {_points(one.old)} became {_points(one.new)}"
    if one.kind is DiffKind.ENTERED:
        return f"{name}: {_points(one.new)}"
    why = "" if one.reason == "left" else f", {one.reason.replace('_', ' ')}"
    return f"{name}: {_points(one.old)}{why}"


def _points(number: float | None) -> str:
    if number is None:
        return "not estimated"
    return f"{size(number)} {'point' if number == 1 else 'points'}"
