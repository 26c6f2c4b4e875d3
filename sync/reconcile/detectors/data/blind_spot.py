"""Something was not read, so nothing can be said about it."""

from collections.abc import Iterable, Mapping
from typing import Any

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
from sync.reconcile.coverage import OVER_ITEMS, Reading
from sync.reconcile.view import View
from sync.reconcile.words import capped, item_evidence

ID = "data.blind-spot"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Streams that failed, are partial or old; connections never read; ledgers that do not add up.

    One cause is one finding: a scope whose streams all fail alike is named once.
    """
    in_force = view.coverage.in_force
    troubled = [
        (one, trouble)
        for one in in_force
        # What a source does not offer is none; a board that somebody named is.
        if (one.outcome != "unavailable" or one.stream in OVER_ITEMS)
        and (trouble := view.coverage.trouble(one)) is not None
    ]
    for subject, label, mine in _grouped(in_force, troubled):
        yield _stream(subject, label, mine)
    read = {one.connection_id for one in view.coverage.readings}
    for connection_id, (name, _) in view.connections.items():
        if connection_id not in read:
            yield _never_read(connection_id, name)
    for plan in view.plans():
        if plan.ledger is not None and not plan.ledger.balanced:
            yield Found(
                subject=plan.facts.subject,
                severity=Severity.HIGH,
                magnitude=1.0,
                rule="ledger",
                values={
                    "what": f"the scope of {plan.facts.name}",
                    "trouble": "does not add up: its changes do not explain what is there now",
                    "where": plan.facts.connection,
                    "remedy": "Read its history anew with: driftline sync --full",
                },
                evidence=(
                    Evidence(
                        f"Scope of {plan.facts.name}: the changes told by the source do not lead "
                        "from its baseline to what it holds",
                        plan.facts.url,
                        source=plan.facts.subject,
                    ),
                    *capped(
                        [
                            item_evidence(
                                plan.container.items[id_],
                                "a change of its size, status or parent is missing",
                            )
                            for id_ in sorted(plan.ledger.torn)
                        ],
                        "item",
                    ),
                ),
                connection_id=plan.facts.connection_id,
                milestone=(plan.facts.kind, plan.facts.source_id),
            )


Troubled = list[tuple[Reading, str]]


def _grouped(
    in_force: Iterable[Reading], troubled: Troubled
) -> Iterable[tuple[str, str, Troubled]]:
    """Whole connections and whole scopes that share one trouble first, then what is left alone."""
    readings = list(in_force)
    left = dict.fromkeys(range(len(troubled)))
    for level in ("connection", "scope"):
        groups: dict[tuple[int, str, str, str], list[int]] = {}
        for i in left:
            one, trouble = troubled[i]
            scope = ("", "") if level == "connection" else (one.scope_kind, one.scope_key)
            groups.setdefault((one.connection_id, *scope, trouble), []).append(i)
        for (connection_id, kind, key, _), mine in groups.items():
            whole = [
                one
                for one in readings
                if one.connection_id == connection_id
                and (level == "connection" or (one.scope_kind, one.scope_key) == (kind, key))
            ]
            if len(mine) < 2 or len(mine) < len(whole):
                continue
            first = troubled[mine[0]][0]
            name = first.connection
            subject = f"stream:{name}/*/*" if level == "connection" else f"stream:{name}/{key}/*"
            label = name if level == "connection" else f"{name} {key}"
            yield subject, label, [troubled[i] for i in mine]
            for i in mine:
                left.pop(i)
    for i in left:
        one, _ = troubled[i]
        label = f"{one.stream} of {one.connection} {one.scope_key}"
        yield one.subject, label, [troubled[i]]


def _stream(subject: str, label: str, mine: Troubled) -> Found:
    first, trouble = mine[0]
    return Found(
        subject=subject,
        severity=Severity.HIGH,
        magnitude=float(len(mine)),
        values={
            "what": label,
            "trouble": trouble,
            "where": first.connection,
            "remedy": "Look at the reason, run `driftline check`, then `driftline sync`.",
        },
        evidence=tuple(
            Evidence(f"{one.stream} of {one.scope_key} {why}", None, one.finished_at, one.subject)
            for one, why in mine
        ),
        connection_id=first.connection_id,
    )


def _never_read(connection_id: int, name: str) -> Found:
    return Found(
        subject=f"stream:{name}/*/*",
        severity=Severity.HIGH,
        magnitude=1.0,
        values={
            "what": name,
            "trouble": "was never read",
            "where": name,
            "remedy": "Run `driftline sync`.",
        },
        evidence=(Evidence(f"No reading of {name} is recorded", source=f"stream:{name}/*/*"),),
        connection_id=connection_id,
    )


DETECTOR = Detector(
    id=ID,
    name="A part of the data cannot be seen",
    family="data",
    needs={},
    words=Words(
        title="Not seen: {what}",
        what="{what} {trouble}.",
        so_what=(
            "Everything that depends on it is unknown, and silence about it is not good news."
        ),
        who="whoever holds the access to {where}",
        by_when="today",
        remedy="{remedy}",
        executive=Voice(
            so_what="A part of this report is missing, and what is missing may be the bad news.",
        ),
    ),
    channel=Channel.MAILED,
    defaults={},
    explain={},
    detect=detect,
    rules={
        "": "a stream is partial, failed, too old (`stale_hours`), or was never read",
        "ledger": "the changes of a milestone's scope do not explain what it holds now",
    },
    about="reading",
)
