"""The forms of a report by name; each is made from the data alone."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.report.data import ReportData

#: Name of a form -> the module here that renders it, loaded when it is asked for.
_MODULES = {
    "text": "text",
    "html": "html",
    "json": "json_",
}
#: All forms, as `report --format` takes them.
FORMATS = tuple(_MODULES)


def render(data: "ReportData", form: str) -> str:
    """The report in one form; the same data give the same text. Raises KeyError for no form."""
    module = import_module(f"sync.report.{_MODULES[form]}")
    rendered: str = module.render(data)
    return rendered
