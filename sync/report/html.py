"""The report as one self-contained page: no request, readable without its script."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from sync.report import charts
from sync.report.data import MilestoneRow, ReportData
from sync.report.milestones import done_words
from sync.report.sources import source_lines
from sync.report.text import agreed_words, destination_words, ledger_words, origin_words
from sync.report.verdict import change_words, quiet_line
from sync.report.wording import (
    SHAPES,
    STATES,
    count,
    day,
    family,
    local_time,
    moment,
    number,
    signed,
    zone,
)

#: Where an answered finding is told, in words.
PLACES = {
    "told": "answered",
    "short": "taken",
    "snoozed": "snoozed",
    "accepted": "accepted",
    "not_useful": "not useful",
    "held_back": "held back",
}

#: Shape of a verdict word, so that colour is never the only sign.
VERDICT_SHAPES = {
    "off track": "◆",
    "at risk": "▲",
    "watch": "●",
    "no drift found": "✓",
    "unknown": "?",
    "no judgement yet": "◇",
}


#: Addresses by which a finding is answered by mail: {fingerprint: ((word, mailto), ...)}.
Links = Mapping[str, Sequence[tuple[str, str]]]
_NO_LINKS: Links = {}


def render(data: ReportData, *, script: bool = True, links: Links = _NO_LINKS) -> str:
    """The page. `script=False` leaves filter and sorting out, for an attachment.

    `links`: where a finding can be answered by mail.
    """
    values = page_values(data, script=script, links=links)
    return environment().get_template("page.html.j2").render(**values)


def page_values(data: ReportData, *, script: bool, links: Links = _NO_LINKS) -> dict[str, Any]:
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
        "links": links,
        "contents": list(_contents(data)),
        "gate_shown": _gate_shown(data),
        "change_list": change_words(data.changes),
        "forecast_lines": forecast_lines,
        "on_time_words": on_time_words,
        "family": family,
        "places": PLACES,
        "style": style,
        "script": code,
        "policy": "; ".join(policy),
    }


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, what it shows in words, and the same as a table."""

    name: str
    svg: str
    words: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def _pictures(data: ReportData) -> Iterator[Picture]:
    """An executive gets none."""
    if data.audience == "executive":
        return
    if data.burn_up is not None:
        yield Picture(
            f"Scope and done work of {data.burn_up.milestone}",
            charts.burn_up_svg(data.burn_up, data.today),
            f"Scope (upper line), what is done (lower line) and the forecast (fan). "
            f"{charts.burn_up_words(data.burn_up, data.today)}",
            ("Day", "Items in scope", "Done"),
            tuple(
                (day(one.day), number(one.scope), number(one.done)) for one in data.burn_up.points
            ),
        )
    if data.trend is not None:
        yield Picture(
            f"What was said of {data.trend.milestone}, by day",
            charts.trend_svg(data.trend, data.today),
            f"Promised date (steps) and forecast (dashed) by the day on which they were said. "
            f"{charts.trend_words(data.trend, data.today)}",
            ("Said on", "Promised", "P50", "P85"),
            tuple(
                (day(one.day), *(day(at) if at else "–" for at in (one.promised, one.p50, one.p85)))
                for one in data.trend.points
            ),
        )


def _contents(data: ReportData) -> Iterator[tuple[str, str]]:
    """(id, title) of the parts that are there, in their order."""
    whole = data.audience != "executive"
    for there, id_, title in (
        (data.questions, "s-questions", "Questions"),
        (data.actions, "s-actions", "Decide or do"),
        (data.inventory, "s-inventory", "Already there"),
        (not data.inventory or data.changes.restated, "s-changes", "What changed"),
        (data.risks, "s-risks", "Top risks"),
        (data.milestones, "s-milestones", "Milestones"),
        (whole and data.ledgers, "s-ledger", "Scope"),
        (whole and _gate_shown(data), "s-gate", "Quality gate"),
        (whole and data.flow, "s-flow", "Flow and load"),
        (whole and data.still_open, "s-open", "Still open"),
        (whole and data.answered.any, "s-answered", "Answered"),
        (whole and data.not_checked, "s-unchecked", "Not checked"),
        (whole and (data.findings or data.resolved), "s-findings", "All findings"),
        (True, "s-trust", "What this rests on"),
    ):
        if there:
            yield id_, title


def _gate_shown(data: ReportData) -> bool:
    return any(one.checked or one.count for one in data.gate)


def forecast_lines(row: MilestoneRow) -> list[str]:
    """The dates alone, a line each, or why there are none."""
    if row.p50 is None and row.p85 is None:
        return [row.forecast or "closed"]
    lines = [
        # A date stays on one line.
        f"{name} {day(at) if at else 'not within two years'}".replace(" ", "\N{NO-BREAK SPACE}")
        for name, at in (("P50", row.p50), ("P85", row.p85))
    ]
    return [*lines, *(["needs more each week than its best weeks did"] if row.out_of_reach else [])]


def on_time_words(row: MilestoneRow) -> str:
    """The probability of the promised date, and whether it may be believed."""
    if not row.forecast:
        return "closed"
    if row.percent_on_time is None:
        return "no date promised" if row.due_date is None else "not known"
    percent = row.percent_on_time
    text = {5: "5 % or less", 95: "95 % or more"}.get(percent, f"about {percent} %")
    return text if row.forecast_proven else f"{text} (unproven)"


def common_values(data: ReportData) -> dict[str, Any]:
    """Values that the page and the mail share."""
    time_zone = zone(data.time_zone)

    def when(value: datetime) -> str:
        return moment(value, time_zone)

    previous = local_time(data.previous_at, time_zone).date() if data.previous_at else None
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
        "agreed_words": agreed_words,
        "destination_words": destination_words,
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


def commands(text: str) -> Markup:
    """Text in which our own commands between backticks stand apart; all of it is escaped.

    Other backticks are a title's, and stay what they are.
    """
    shown = re.sub(r"`(driftline [a-z -]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(shown)  # noqa: S704  # escaped above; what is put around it is ours


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Templates that escape everything and refuse an undefined name."""
    made = Environment(
        loader=PackageLoader("sync.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["commands"] = commands
    return made


@lru_cache(maxsize=4)
def asset(name: str) -> str:
    """A file beside the templates, as it goes into a page."""
    loader = environment().loader
    if loader is None:  # pragma: no cover - the environment always has one
        raise RuntimeError("templates have no loader")
    return loader.get_source(environment(), name)[0].strip()


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
