"""The forms of a report by name; each is made from the data alone."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.report.data import ReportData

#: Name of a form -> (the module here that renders it, the ending of its files).
_FORMS = {
    "text": ("text", ".txt"),
    "html": ("html", ".html"),
    "json": ("json_", ".json"),
    "markdown": ("markdown", ".md"),
    "csv": ("csv_", ".csv"),
    "openmetrics": ("openmetrics", ".prom"),
    "sarif": ("sarif", ".sarif"),
    "slack": ("slack", ".slack.json"),
    "teams": ("teams", ".teams.json"),
    "ics": ("ics", ".ics"),
}
#: All forms, as `report --format` takes them.
FORMATS = tuple(_FORMS)
#: Forms that are made to be passed on: they show restricted items as counts, as others see them.
SHARED = frozenset({"ics", "markdown", "openmetrics", "sarif", "slack", "teams"})
#: Lists of the report that CSV can hold, one at a time.
TABLES = ("findings", "milestones", "ledger", "resolved")


def render(data: "ReportData", form: str, table: str | None = None) -> str:
    """The report in one form; the same data give the same text. `table` is for CSV only.

    Raises KeyError for no form.
    """
    # Loaded when it is asked for: some forms need heavy libraries.
    module = import_module(f"sync.report.{_FORMS[form][0]}")
    rendered: str = module.render(data, table) if table else module.render(data)
    return rendered


def suffix(form: str) -> str:
    """How the name of a file of this form ends."""
    return _FORMS[form][1]
