"""The quality gate's lists: changes that landed untested, red or unreviewed; pure."""

from collections.abc import Iterable, Mapping, Sequence

from sync.report.data import GateList, Item
from sync.report.wording import count

#: Detectors in the order in which they are shown, and what their lists are called.
LISTS = {
    "test.not-tested": "not tested",
    "test.merged-red": "merged red",
    "test.unreviewed": "unreviewed",
}
#: The stream of changes, at both code hosts.
CHANGES = "changes"
#: Longest list; what is beyond is counted.
CAP = 5


def gate_lists(
    items: Sequence[Item],
    every: Sequence[Item],
    states: Mapping[str, str],
    not_checked: Iterable[tuple[str, str, str]],
    *,
    is_read: bool,
) -> tuple[GateList, ...]:
    """Always all three, so that an empty one says why it is empty.

    `items`: most important first, without what people answered; `every`: with it. `states`:
    detector -> checked, off, not_checked.
    `not_checked`: (detector, subject label, reason). `is_read`: whether any source brings changes.
    """
    missing: dict[str, int] = {}
    for detector, _, _ in not_checked:
        missing[detector] = missing.get(detector, 0) + 1
    found = []
    for detector, name in LISTS.items():
        mine = [one for one in items if one.detector == detector]
        answered = sum(one.detector == detector for one in every) - len(mine)
        checked = states.get(detector) == "checked" and (is_read or bool(mine or answered))
        found.append(
            GateList(
                detector=detector,
                name=name,
                count=len(mine),
                items=tuple(mine[:CAP]),
                more=max(0, len(mine) - CAP),
                checked=checked,
                note=_note(
                    len(mine), answered, states.get(detector), missing.get(detector, 0), is_read
                ),
            )
        )
    return tuple(found)


def _note(number: int, answered: int, state: str | None, missing: int, is_read: bool) -> str:
    if state == "off":
        return "switched off"
    if state != "checked":
        return "not checked"
    told = [f"{answered:,} answered"] if answered else []
    if missing:
        told.append(f"{count(missing, 'subject')} not checked")
    if told or number:
        return ", ".join(told)
    return "none found in what was read" if is_read else "not checked: no changes are read"
