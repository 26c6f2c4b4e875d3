"""Teams by rules with dates: the first that matches, before what the vendor says."""

from datetime import date, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mappings.load import load
from mappings.schema import MappingTable, TeamRule
from mappings.teams import before, by_rules, flat, team_of

START = date(2026, 1, 1)
DAYS = st.integers(0, 60).map(lambda days: START + timedelta(days=days))
RULES = st.builds(
    TeamRule,
    name=st.sampled_from(["A", "B", "C"]),
    component=st.sampled_from([None, "cart", "pay"]),
    label=st.sampled_from([None, "web"]),
    project=st.sampled_from([None, "SHOP"]),
    since=st.one_of(st.none(), DAYS),
)


@given(
    rules=st.lists(RULES, max_size=4),
    new=RULES,
    day=DAYS,
    place=st.integers(0, 4),
    since=DAYS,
)
def test_a_rule_from_a_day_on_says_nothing_of_before(
    rules: list[TeamRule], new: TeamRule, day: date, place: int, since: date
) -> None:
    """Wherever it stands among the others."""
    added = TeamRule(new.name, new.component, new.label, None, new.project, since)
    more = [*rules[:place], added, *rules[place:]]

    def team(asked: list[TeamRule]) -> str | None:
        return by_rules(asked, components=["Cart"], labels=["web"], project=["shop"], day=day)

    if day < since:
        assert team(more) == team(rules)


def test_the_first_of_two_that_match_wins() -> None:
    rules = [TeamRule("A", label="x"), TeamRule("B", label="X")]
    assert by_rules(rules, labels=["x"], day=START) == "A"
    assert by_rules(rules[::-1], labels=["x"], day=START) == "B"


def test_without_a_rule_the_vendors_word_stands() -> None:
    rules = [TeamRule("A", label="x", until=START)]
    after = START + timedelta(days=1)
    assert by_rules(rules, labels=["x"], called=["Squad 7", "77"], day=after) == "Squad 7"
    assert by_rules(rules, labels=["x"], called=["Squad 7"], day=START) == "A"
    assert by_rules([], day=START) is None
    assert (
        team_of(MappingTable(teams=(TeamRule("A", field="77"),)), called=["S", "77"], day=None)
        == "A"
    )


def test_rules_of_a_projects_layer_ask_for_the_project(tmp_path: Path) -> None:
    file = tmp_path / "m.toml"
    file.write_text(
        """
[[team]]
name = "All"
label = "x"
[[project.SHOP.team]]
name = "Shop"
label = "x"
[[project.SHOP.team]]
name = "Never"
label = "x"
project = "APO"
""",
        encoding="utf-8",
    )
    rules = flat(load([file]))
    assert [(one.name, one.project) for one in rules] == [("Shop", "shop"), ("All", None)]
    assert by_rules(rules, labels=["x"], project=["SHOP"], day=START) == "Shop"
    assert by_rules(rules, labels=["x"], project=["APO"], day=START) == "All"


def test_rules_from_elsewhere_are_asked_first(tmp_path: Path) -> None:
    file = tmp_path / "m.toml"
    file.write_text(
        '[[team]]\nname = "All"\nlabel = "x"\n[[project.SHOP.team]]\nname = "Shop"\nlabel = "x"\n',
        encoding="utf-8",
    )
    table = before(load([file]), [TeamRule("First", label="x", since=START)])
    for asked in (table, table.for_project("SHOP")):
        assert team_of(asked, labels=["x"], day=START) == "First"
    earlier = START - timedelta(days=1)
    assert team_of(table.for_project("SHOP"), labels=["x"], day=earlier) == "Shop"
    assert before(table, ()) is table
