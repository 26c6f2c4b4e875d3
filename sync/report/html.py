"""The report as one self-contained page: no request, readable without its script."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sync.report import charts
from sync.report.data import MilestoneRow, ReportData
from sync.report.milestones import done_words
from sync.report.sources import source_lines
from sync.report.text import ledger_words, origin_words
from sync.report.verdict import change_words, quiet_line
from sync.report.wording import SHAPES, STATES, count, day, moment, number, signed, zone

#: Shape of a verdict word, so that colour is never the only sign.
VERDICT_SHAPES = {
    "off track": "◆",
    "at risk": "▲",
    "watch": "●",
    "no drift found": "✓",
    "unknown": "?",
    "no judgement yet": "◇",
}


def render(data: ReportData, *, script: bool = True) -> str:
    """The page. `script=False` leaves filter and sorting out, for an attachment."""
    return environment().get_template("page.html.j2").render(**page_values(data, script=script))


def page_values(data: ReportData, *, script: bool) -> dict[str, Any]:
    """Values of the page's template."""
    style = asset("page.css")
    code = asset("page.js") if script else ""
    policy = [
        "default-src 'none'",
        f"style-src 'sha256-{_hash(style)}'",
        f"script-src 'sha256-{_hash(code)}'" if code else "script-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return {
        **common_values(data),
        "pictures": list(_pictures(data)),
        "style": style,
        "script": code,
        "policy": "; ".join(policy),
    }


def _pictures(data: ReportData) -> Iterator[tuple[str, str]]:
    """(picture, what it shows in words); an executive gets none."""
    if data.audience == "executive":
        return
    if data.burn_up is not None:
        yield (
            charts.burn_up_svg(data.burn_up, data.today),
            f"Scope (upper line), what is done (lower line) and the forecast (fan). "
            f"{charts.burn_up_words(data.burn_up, data.today)}",
        )
    if data.trend is not None:
        yield (
            charts.trend_svg(data.trend, data.today),
            f"Promised date (steps) and forecast (dashed) by the day on which they were said. "
            f"{charts.trend_words(data.trend, data.today)}",
        )


def common_values(data: ReportData) -> dict[str, Any]:
    """Values that the page and the mail share."""
    time_zone = zone(data.time_zone)

    def when(value: datetime) -> str:
        return moment(value, time_zone)

    previous = data.previous_at.astimezone(time_zone).date() if data.previous_at else None
    return {
        "data": data,
        "when": when,
        "day": day,
        "count": count,
        "number": number,
        "signed": signed,
        "done_words": done_words,
        "ledger_words": ledger_words,
        "origin_words": origin_words,
        "share": share,
        "states": STATES,
        "shapes": SHAPES,
        "verdict_shape": VERDICT_SHAPES.get(data.verdict.word, "?"),
        "verdict_class": data.verdict.word.replace(" ", "-"),
        "changed": ", ".join(change_words(data.changes)) or "Nothing changed",
        "since": f" since {day(previous, data.today)}" if previous else "",
        "quiet_line": quiet_line(data.findings, sum(row.count for row in data.not_checked)),
        "source_lines": source_lines(data.trust.sources, time_zone),
        "heading": {"inventory": "inventory", "quiet": "quiet week"}.get(data.kind, "drift report"),
    }


def share(row: MilestoneRow) -> int:
    """Done items in percent of all, 0 to 100."""
    if row.total_items <= 0:
        return 0
    return max(0, min(100, round(100 * row.done_items / row.total_items)))


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Templates that escape everything and refuse an undefined name."""
    return Environment(
        loader=PackageLoader("sync.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@lru_cache(maxsize=4)
def asset(name: str) -> str:
    """A file beside the templates, as it goes into a page."""
    loader = environment().loader
    if loader is None:  # pragma: no cover - the environment always has one
        raise RuntimeError("templates have no loader")
    return loader.get_source(environment(), name)[0].strip()


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
