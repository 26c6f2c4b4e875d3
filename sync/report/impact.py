"""Days by which a finding touches a promised date, from the milestone that it is about; pure."""

from collections.abc import Sequence
from datetime import date

from sync.reconcile.contract import Finding, MilestoneLine
from sync.report.wording import count

#: Detectors of a date that has passed, was moved, or is in danger.
_PASSED = "plan.overdue"
_MOVED = "plan.due-moved"
_IN_DANGER = frozenset(
    {"plan.forecast-late", "plan.forecast-shift", "plan.diverging", "plan.dependency"}
)


def impact(finding: Finding, lines: Sequence[MilestoneLine], today: date) -> tuple[int | None, str]:
    """Calendar days and the same in words; (None, "") where no date is touched or it is not known.

    A forecast counts by its P50: as many cases end later as earlier.
    """
    line = _line_of(finding, lines)
    if line is None or line.due_date is None or not line.state.is_open:
        return None, ""
    if finding.detector == _PASSED:
        late = (today - line.due_date).days
        if late > 0:
            return late, f"{count(late, 'day')} past the promised date"
        # It fell silent before its date: what is forecast of it is all that is known.
        return _forecast(line)
    if finding.detector == _MOVED and line.former_due_dates:
        moved = (line.due_date - line.former_due_dates[0]).days
        if moved:
            way = "later" if moved > 0 else "earlier"
            return moved, f"promised {count(abs(moved), 'day')} {way} than at first"
    return _forecast(line) if finding.detector in _IN_DANGER else (None, "")


def _forecast(line: MilestoneLine) -> tuple[int | None, str]:
    told = line.forecast
    if told is None or told.silent is not None or told.p50 is None or line.due_date is None:
        return None, ""
    late = (told.p50 - line.due_date).days
    if late <= 0:
        return None, ""
    doubt = "" if told.proven else " (unproven)"
    return late, f"forecast (P50) {count(late, 'day')} after the promised date{doubt}"


def _line_of(finding: Finding, lines: Sequence[MilestoneLine]) -> MilestoneLine | None:
    """The milestone that the finding is about, or lies in; None where several could be meant."""
    for line in lines:
        ours = not line.connection or line.connection == finding.connection
        if ours and finding.subject == f"{line.kind.value}:{line.source_id}":
            return line
    named = [line for line in lines if line.name == finding.milestone_label]
    return named[0] if len(named) == 1 else None
