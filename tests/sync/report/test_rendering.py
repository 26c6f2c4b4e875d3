"""Every form renders from the JSON alone, and says the same as the report itself."""

from datetime import date

import pytest
from hypothesis import given
from support import reconciliations as given_
from support.report_data import reports

from sync.reconcile.contract import BurnUp, BurnUpPoint, Trend, TrendPoint
from sync.report import json_, mail
from sync.report.build import AUDIENCES, build
from sync.report.data import ReportData
from sync.report.rendering import FORMATS, render

BURN_UP = BurnUp(
    milestone="Release 3.2",
    points=(
        BurnUpPoint(date(2025, 11, 3), scope=15, done=0),
        BurnUpPoint(date(2025, 12, 8), scope=20, done=12),
    ),
    due=date(2025, 12, 18),
    p50=date(2026, 1, 9),
    p85=date(2026, 2, 3),
    p_on_time=0.31,
)
TREND = Trend(
    milestone="Release 3.2",
    points=(
        TrendPoint(date(2025, 11, 3), promised=date(2025, 12, 4)),
        TrendPoint(date(2025, 12, 1), promised=date(2025, 12, 18), p50=date(2026, 1, 9)),
    ),
)
REPORTS = {
    **given_.EXAMPLES,
    "pictures": lambda: given_.reconciliation(burn_up=BURN_UP, trend=TREND),
}


def again(data: ReportData) -> ReportData:
    """The report as it comes back from its file."""
    return json_.load(json_.render(data).encode(), "report.json")


@pytest.mark.parametrize("name", sorted(REPORTS))
@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_form_is_the_same_from_the_json_alone(name: str, audience: str) -> None:
    data = build(REPORTS[name](), audience=audience, for_owner=True)
    read = again(data)

    assert read == data
    for form in FORMATS:
        assert render(read, form) == render(data, form), form


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_mail_is_the_same_from_the_json_alone(name: str) -> None:
    data = build(REPORTS[name]())
    mails = [
        mail.eml(mail.compose(one, sender="tpm@example.com", recipient="anna@example.com"))
        for one in (data, again(data))
    ]
    assert mails[0] == mails[1]


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_ends_its_last_line_once(form: str) -> None:
    text = render(build(given_.busy()), form)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.full
@given(reports())
def test_any_report_can_be_rendered_in_every_form(data: ReportData) -> None:
    for form in FORMATS:
        text = render(data, form)
        assert text == render(again(data), form), form
