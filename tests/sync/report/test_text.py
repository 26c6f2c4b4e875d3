"""The plain text: whole, 78 columns, safe."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from support import reconciliations as given_

from sync.report.build import build
from sync.report.text import WIDTH, render, wrap


def too_wide(text: str) -> list[str]:
    return [line for line in text.splitlines() if cell_len(line) > WIDTH and "://" not in line]


@pytest.mark.parametrize("name", sorted(given_.EXAMPLES))
@pytest.mark.parametrize("audience", ["executive", "manager", "engineer"])
def test_no_line_is_wider_than_a_terminal(name: str, audience: str) -> None:
    text = render(build(given_.EXAMPLES[name](), audience=audience))
    assert too_wide(text) == []
    assert all(line == line.rstrip() for line in text.splitlines())
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@given(st.text(max_size=300), st.integers(0, 12))
def test_any_text_is_wrapped_without_loss(text: str, indent: int) -> None:
    lines = wrap(text, " " * indent)
    assert all(cell_len(line) <= WIDTH or "://" in line for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_an_address_stays_whole() -> None:
    url = "https://jira.example.com/" + "a" * 100
    assert wrap(f"see {url} now", "  ") == ["  see", f"  {url}", "  now"]


def test_wide_letters_count_twice() -> None:
    assert wrap("漢" * 40) == ["漢" * 39, "漢"]


def test_the_verdict_comes_first() -> None:
    lines = render(build(given_.busy())).splitlines()
    assert lines[:5] == [
        "Apollo: drift report",
        "=" * 78,
        "As of Mon 8 Dec 2025, 09:10 CET; compared with Mon 1 Dec 2025, 09:10 CET",
        "",
        "OFF TRACK: Release 3.1 is past due with open work.",
    ]


def headings(text: str) -> list[str]:
    lines = text.splitlines()
    return [line for line, below in pairwise(lines) if below and set(below) == {"-"}]


def test_sections_in_the_order_of_importance() -> None:
    assert headings(render(build(given_.busy()))) == [
        "DECIDE OR DO",
        "WHAT CHANGED SINCE 1 DEC",
        "TOP RISKS",
        "MILESTONES",
        "HOW THE SCOPE CAME TO BE",
        "STILL OPEN, UNCHANGED",
        "IN THE PAGE ONLY",
        "NOT CONFIRMED",
        "NOT CHECKED",
        "WHAT THIS RESTS ON",
    ]


def test_an_executive_gets_the_short_form_with_the_gaps() -> None:
    text = render(build(given_.busy(), audience="executive"))
    assert headings(text) == [
        "DECIDE OR DO",
        "WHAT CHANGED SINCE 1 DEC",
        "TOP RISKS",
        "MILESTONES",
        "WHAT THIS RESTS ON",
    ]
    assert "3 items without complete history" in text


def test_an_engineer_gets_rule_and_command() -> None:
    text = render(build(given_.busy(), audience="engineer"))
    assert "plan.overdue; driftline explain fp-late" in text


def test_a_quiet_week_is_one_line() -> None:
    text = render(build(given_.quiet()), brief=True)
    assert "Nothing new; 1 finding still open. Sources: complete for what this token can" in text
    assert headings(text) == ["WHAT THIS RESTS ON"]


def test_long_lists_end_with_a_count() -> None:
    text = render(build(given_.huge()))
    assert "  and 160 more in the page" in text
    assert "PRJ000, PRJ001, PRJ002, PRJ003, PRJ004, PRJ005, PRJ006, PRJ007 and" in text
    assert len(text.splitlines()) < 1000


def test_the_words_stay_civil() -> None:
    for make in given_.EXAMPLES.values():
        text = render(build(make())).lower()
        assert "creep" not in text
        assert "on track:" not in text


def test_the_ten_parts_in_their_order_and_only_five_for_an_executive() -> None:
    assert headings(render(build(given_.whole()))) == [
        "DECIDE OR DO",
        "WHAT CHANGED SINCE 1 DEC",
        "TOP RISKS",
        "MILESTONES",
        "THE MILESTONE IN MOST DANGER: RELEASE 3.2",
        "HOW THE SCOPE CAME TO BE",
        "QUALITY GATE",
        "FLOW AND LOAD",
        "STILL OPEN, UNCHANGED",
        "ANSWERED",
        "IN THE PAGE ONLY",
        "NOT CONFIRMED",
        "NOT CHECKED",
        "WHAT THIS RESTS ON",
    ]
    executive = headings(render(build(given_.whole(), audience="executive")))
    assert executive == [
        "DECIDE OR DO",
        "WHAT CHANGED SINCE 1 DEC",
        "TOP RISKS",
        "MILESTONES",
        "WHAT THIS RESTS ON",
    ]


def test_what_is_for_the_page_only_is_counted_and_never_named() -> None:
    text = render(build(given_.whole()))
    assert "  not tested: 8 findings, in the page only\n" in text
    assert "  merged red: 1 finding\n    - shop/web#40 landed while its tests failed\n" in text
    assert "  unreviewed: switched off\n" in text
    assert "  flow.stuck: 1, in the page only\n" in text
    assert "shop/web#3" not in text
    assert "APO-12" not in text
    # What has a part of its own is not counted a second time.
    assert text.count("test.not-tested") == 0


def test_growth_says_how_much_was_agreed_to_and_what_left_where_it_went() -> None:
    text = " ".join(render(build(given_.whole())).split())
    assert (
        "40 points planned, +13 entered (5 agreed to, 8 not), "
        "\N{MINUS SIGN}5 left (2 cancelled, 3 moved), +2 re-sized, now 50"
    ) in text
    assert "+25 % (churn 50 %; 7 entered, 2 left)" in text
    assert "trend: later by 11 days since 1 Dec" in text


@pytest.mark.parametrize("name", sorted(given_.EXAMPLES))
@pytest.mark.parametrize("width", [1, 44, 60, 80, 100, 400])
def test_it_fits_narrow_and_wide_terminals(name: str, width: int) -> None:
    widest = max(44, min(width, 100))
    for line in render(build(given_.EXAMPLES[name]()), width=width).splitlines():
        assert cell_len(line) <= widest or "http" in line
        assert "\x1b" not in line


def test_what_people_answered_is_counted_with_what_ends_next() -> None:
    text = " ".join(render(build(given_.whole())).split())
    assert (
        "1 taken, 1 accepted, 1 snoozed; the next answer ends after 20 Dec "
        "(The date of Release 3.4 moved once). "
        "- [medium] The date of Release 3.3 moved once: taken by ada"
    ) in text
    # What is accepted or snoozed is counted, and told nowhere else.
    assert text.count("Release 3.4") == 1
    assert "Release 3.5" not in text
