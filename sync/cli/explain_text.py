"""How a finding came about, in words: the rule, the events, what was sent, and how it was read."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from connectors.redaction import redact

if TYPE_CHECKING:
    from mappings.show import ShownLine
    from sync.config.settings import Settings
    from sync.reconcile.explain import Explanation
    from sync.reconcile.proof import RawEvent, RawValue, Trace

#: Tables of a mapping that may hold a line for a kind of value.
_SECTIONS = {
    "status": ("status", "status_label"),
    "item_type": ("item_type", "type_label"),
    "priority": ("priority", "priority_label"),
}


def lines(settings: "Settings", found: "Explanation") -> Iterator[str]:
    """The parts below the life of a finding."""
    yield "Rule:"
    yield f"  {found.detector_name} ({found.finding.detector})"
    if found.rule:
        yield f"  {found.finding.rule}: {found.rule}"
    for name, (value, meaning) in found.thresholds.items():
        yield f"  {name} = {value:g}: {meaning}"
    if found.traces:
        yield "Comes from:"
    for trace in found.traces:
        yield from _trace(settings, trace)


def facts(settings: "Settings", found: "Explanation") -> dict[str, Any]:
    """The same for `--json`."""
    return {
        "rule": {
            "detector": found.finding.detector,
            "name": found.detector_name,
            "rule": found.finding.rule or None,
            "meaning": found.rule or None,
            "thresholds": {
                name: {"value": value, "meaning": meaning}
                for name, (value, meaning) in found.thresholds.items()
            },
        },
        "comes_from": [
            {
                "source": one.source,
                "connection": one.connection,
                "called": one.called,
                "events": [
                    {
                        "at": event.at,
                        "source_event_id": event.source_event_id,
                        "raw_field": event.raw_field,
                        "field": event.field,
                        "old": event.old,
                        "new": event.new,
                        "origin": event.origin,
                        "sent": None if event.excerpt is None else redact(event.excerpt),
                    }
                    for event in one.events
                ],
                "sent": [
                    {
                        "stream": reading.stream,
                        "fetched_at": reading.fetched_at,
                        "excerpt": redact(reading.excerpt),
                    }
                    for reading in one.readings
                ],
                "mapping": [
                    {
                        "kind": value.kind,
                        "raw": value.raw,
                        "raw_category": value.raw_category,
                        "read_as": value.read_as,
                        "line": None if line is None else f"[{line.section}] {line.name}",
                        "where": None if line is None else line.where,
                    }
                    for value, line in _mapped(settings, one)
                ],
            }
            for one in found.traces
        ],
    }


def _trace(settings: "Settings", trace: "Trace") -> Iterator[str]:
    yield f"  {trace.called or 'restricted item'} ({trace.connection}, {trace.source})"
    for event in trace.events:
        yield f"    event: {_event(event)}"
        if event.excerpt is not None:
            yield f"      sent: {redact(event.excerpt)}"
    for reading in trace.readings:
        yield f"    read {reading.fetched_at:%Y-%m-%d %H:%M} UTC ({reading.stream}):"
        yield f"      {redact(reading.excerpt)}"
    for value, line in _mapped(settings, trace):
        raw = f"{value.raw} ({value.raw_category})" if value.raw_category else value.raw
        by = (
            "no line of the mapping names it"
            if line is None
            else f"[{line.section}] {line.name} = {line.value}, {line.where}"
        )
        yield f"    {value.kind}: {raw} is read as {value.read_as}: {by}"


def _event(event: "RawEvent") -> str:
    what = f"{event.raw_field} {event.old or '(nothing)'} to {event.new or '(nothing)'}"
    if event.source_event_id is None:
        return f"seen {event.at:%Y-%m-%d %H:%M} UTC: {what}; the source keeps no history of it"
    known = "" if event.origin == "source" else f", {event.origin}"
    return f"{event.at:%Y-%m-%d %H:%M} UTC, id {event.source_event_id}{known}: {what}"


def _mapped(
    settings: "Settings", trace: "Trace"
) -> Iterator[tuple["RawValue", "ShownLine | None"]]:
    """Each value with the line of the mapping that is in force for it."""
    from mappings.show import show
    from sync.cli import wiring

    one = settings.root.connections.get(trace.connection)
    if one is None or not trace.values:
        return
    shown = show(wiring.mapping(settings, one), trace.project)
    types = [value.raw for value in trace.values if value.kind == "item_type"]
    for value in trace.values:
        yield value, _line(shown, value, types[0] if types else None)


def _line(shown: list["ShownLine"], value: "RawValue", type_name: str | None) -> "ShownLine | None":
    """A line of the item's own type before one of all, and one of the value before its class."""
    wanted = [(section, value.raw) for section in _SECTIONS[value.kind]]
    if value.kind == "status":
        if type_name is not None:
            wanted.insert(0, (f"issue_type.{type_name}.status", value.raw))
        if value.raw_category is not None:
            wanted.append(("status_category", value.raw_category))
    for section, name in wanted:
        for line in shown:
            same = line.section.casefold() == section.casefold()
            if same and line.name.casefold() == name.casefold():
                return line
    return None
