"""The report's numbers as OpenMetrics gauges, for the textfile collector of a node exporter.

Only gauges without times of their own, which Prometheus' older text format reads alike. What is not
known has no sample: a zero is written only where everything was read and checked.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from sync.reconcile.answers import Place
from sync.reconcile.contract import FindingState, Severity
from sync.report.data import Item, MilestoneRow, ReportData, SourceRow
from sync.report.wording import zone

#: Open milestones that get samples, those due first; a series each is dear.
MILESTONES = 100
#: Neither there nor gone.
_UNSURE = frozenset({FindingState.NOT_CHECKED})
#: Where findings are told; all others are kept out.
_TOLD = frozenset({Place.TOLD, Place.SHORT})


def render(data: ReportData) -> str:
    """The samples, ended by `# EOF`."""
    registry = CollectorRegistry()
    registry.register(_Report(data))
    written: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]  # untyped upstream
    return written.decode()


class _Report(Collector):
    """The families of one report; their order is the order of the file."""

    def __init__(self, data: ReportData) -> None:
        self.data = data

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from (family for family in self._families() if family.samples)

    def _families(self) -> Iterator[GaugeMetricFamily]:
        data = self.data
        yield self._one(
            "report_timestamp_seconds",
            "When it was judged; its age is time() minus this.",
            data.at.timestamp(),
        )
        yield self._family(
            "verdict", "1 for the verdict in force.", ["verdict"], [([data.verdict.word], 1)]
        )
        yield from self._findings()
        yield from self._sources()
        yield from self._milestones()

    def _findings(self) -> Iterator[GaugeMetricFamily]:
        data = self.data
        told = [one for one in data.findings if one.place in _TOLD]
        sure = [one for one in told if one.state not in _UNSURE]
        by_detector = Counter((one.detector, one.severity) for one in sure)
        yield self._family(
            "open_findings",
            "Findings that stand.",
            ["detector", "severity"],
            [([name, level.value], n) for (name, level), n in sorted(by_detector.items())],
        )
        levels = Counter(one.severity for one in sure)
        read = bool(data.trust.sources) and data.unread == 0
        whole = read and not data.not_checked and len(sure) == len(told)
        yield self._family(
            "open_findings_by_severity",
            "Findings that stand; a zero only where everything was read and checked.",
            ["severity"],
            [([one.value], levels[one]) for one in Severity if levels[one] or whole],
        )
        yield self._family(
            "unsure_findings",
            "Findings whose data is not covered any more: neither there nor gone.",
            ["detector"],
            _counted(one for one in told if one.state in _UNSURE),
        )
        silent = Counter(
            (one.detector, one.place) for one in data.findings if one.place not in _TOLD
        )
        yield self._family(
            "kept_out_findings",
            "Findings that stand and are not told, because of an answer or of another finding.",
            ["detector", "reason"],
            [([name, place.value], n) for (name, place), n in sorted(silent.items())],
        )
        unchecked = Counter[str]()
        for row in data.not_checked:
            unchecked[row.detector] += row.count
        yield self._family(
            "not_checked_subjects",
            "Subjects that a detector could not judge.",
            ["detector"],
            [([name], n) for name, n in sorted(unchecked.items())],
        )

    def _sources(self) -> Iterator[GaugeMetricFamily]:
        sources = self.data.trust.sources
        # Where nothing was read at all, nothing is known to be unread either.
        yield self._family(
            "sources_unread",
            "Scopes that were not read completely.",
            [],
            [([], self.data.unread)] if sources else [],
        )
        outcomes = Counter((one.connection, one.outcome) for one in sources)
        yield self._family(
            "sources",
            "Scopes of a connection by how completely they were read.",
            ["connection", "outcome"],
            [(list(key), n) for key, n in sorted(outcomes.items())],
        )
        yield self._family(
            "source_success_timestamp_seconds",
            "Oldest reading in use; none where a scope of the connection is not complete.",
            ["connection"],
            list(_readings(sources)),
        )

    def _milestones(self) -> Iterator[GaugeMetricFamily]:
        still_open = [row for row in self.data.milestones if row.state.is_open]
        yield self._one("open_milestones", "Judged milestones that are open.", len(still_open))
        rows, where = _apart(still_open[:MILESTONES]), zone(self.data.time_zone)

        def family(
            name: str, help_: str, values: Iterable[tuple[MilestoneRow, float | None]]
        ) -> GaugeMetricFamily:
            return self._family(
                f"milestone_{name}",
                help_,
                ["milestone"],
                [([row.label], value) for row, value in values if value is not None],
            )

        yield family("items", "Items in scope.", ((row, row.total_items) for row in rows))
        yield family("done_items", "Items that are done.", ((row, row.done_items) for row in rows))
        yield family(
            "past_due_days",
            "Calendar days past the promised date with open work.",
            ((row, row.days_past_due if row.due_date else None) for row in rows),
        )
        yield family(
            "promised_timestamp_seconds",
            "Begin of the promised day.",
            ((row, _instant(row.due_date, where)) for row in rows),
        )
        for name, share in (("p50", "half"), ("p85", "85 of 100")):
            yield family(
                f"forecast_{name}_timestamp_seconds",
                f"Begin of the day by which {share} of the simulated runs are done.",
                ((row, _instant(getattr(row, name), where)) for row in rows),
            )
        yield self._family(
            "milestone_on_time_ratio",
            "Probability of the promised date, in steps of 0.05.",
            ["milestone", "proven"],
            [
                ([row.label, "true" if row.forecast_proven else "false"], row.percent_on_time / 100)
                for row in rows
                if row.percent_on_time is not None
            ],
        )
        yield family(
            "net_drift_ratio",
            "Net change of scope by the accepted baseline.",
            ((row, row.net_ratio) for row in rows),
        )
        yield family(
            "churn_ratio",
            "Scope that moved in whatever direction, by the accepted baseline.",
            ((row, row.churn_ratio) for row in rows),
        )
        yield family(
            "tested_ratio",
            "Changed lines with test evidence, at least at the head.",
            ((row, _ratio(row.percent_tested)) for row in rows),
        )
        yield family(
            "tested_as_landed_ratio",
            "Changed lines with test evidence exactly as they landed.",
            ((row, _ratio(row.percent_ready)) for row in rows),
        )

    def _one(self, name: str, help_: str, value: float) -> GaugeMetricFamily:
        return self._family(name, help_, [], [([], value)])

    def _family(
        self, name: str, help_: str, labels: list[str], samples: Iterable[tuple[list[str], float]]
    ) -> GaugeMetricFamily:
        made = GaugeMetricFamily(f"driftline_{name}", help_, labels=["program", *labels])
        for values, value in samples:
            made.add_metric([self.data.program, *values], value)
        return made


def _apart(rows: Iterable[MilestoneRow]) -> list[MilestoneRow]:
    """The rows under names that differ: a series that is there twice makes the file void."""
    taken: set[str] = set()
    named = []
    for row in rows:
        label, number = row.label, 1
        while label in taken:
            number += 1
            label = f"{row.label} ({number})"
        taken.add(label)
        named.append(replace(row, label=label))
    return named


def _counted(items: Iterable[Item]) -> list[tuple[list[str], float]]:
    counts = Counter(one.detector for one in items)
    return [([name], number) for name, number in sorted(counts.items())]


def _readings(sources: Iterable[SourceRow]) -> Iterator[tuple[list[str], float]]:
    fresh: dict[str, list[datetime | None]] = {}
    for one in sources:
        if one.outcome != "unavailable":
            fresh.setdefault(one.connection, []).append(one.fresh_at)
    for name, instants in sorted(fresh.items()):
        known = [one.timestamp() for one in instants if one is not None]
        if len(known) == len(instants):
            yield [name], min(known)


def _instant(day: date | None, where: ZoneInfo) -> float | None:
    try:
        return None if day is None else datetime.combine(day, time.min, where).timestamp()
    except OverflowError:
        return None


def _ratio(percent: int | None) -> float | None:
    return None if percent is None else percent / 100
