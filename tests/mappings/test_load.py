"""Layers of mapping files, and clear words for what is wrong in them."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.lint import Known, lint
from mappings.load import MappingError, load
from mappings.registry import get
from mappings.schema import LinkRule, MappingTable, StatusRule, TeamRule
from mappings.show import show
from mappings.vocabulary import ItemType, LinkKind, Priority, StatusCategory, WaitsFor


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_the_built_in_layer_is_whole() -> None:
    table = load([get("jira").defaults])
    assert table.categories == {
        "new": StatusCategory.TODO,
        "indeterminate": StatusCategory.IN_PROGRESS,
        "done": StatusCategory.DONE,
    }
    assert table.statuses["in qa"] == StatusRule(StatusCategory.IN_REVIEW, WaitsFor.QA, True)
    assert table.item_types["bug"] is ItemType.DEFECT
    assert table.priorities["highest"] is Priority.EXPEDITE
    assert table.cancelled["won't do"] is True
    assert table.links["blocks"] == LinkRule(LinkKind.BLOCKS)
    assert table.points == ("Story Points", "Story point estimate")
    assert table.flagged == ("Flagged",)
    assert len(table.version) == 12


def test_later_files_win_line_by_line(tmp_path: Path) -> None:
    organisation = write(
        tmp_path,
        "organisation.toml",
        '[status]\n"In QA" = "in_progress"\nParked = "todo"\n[fields]\npoints = ["Size"]\n',
    )
    connection = write(tmp_path, "connection.toml", '[status]\nparked = "cancelled"\n')
    table = load([get("jira").defaults, organisation, connection])
    assert table.statuses["in qa"] == StatusRule(StatusCategory.IN_PROGRESS)
    assert table.statuses["parked"] == StatusRule(StatusCategory.CANCELLED)
    assert table.statuses["code review"].waits_for is WaitsFor.REVIEW
    assert table.points == ("Size",)


def test_a_projects_line_wins_over_a_later_file_for_all_projects(tmp_path: Path) -> None:
    organisation = write(
        tmp_path,
        "organisation.toml",
        '[project.SHOP.status]\nParked = "todo"\n[status]\nParked = "done"\n',
    )
    connection = write(
        tmp_path, "connection.toml", '[status]\nParked = "cancelled"\nHeld = "todo"\n'
    )
    table = load([organisation, connection])
    shop = table.for_project("shop")
    assert table.statuses["parked"].category is StatusCategory.CANCELLED
    assert shop.statuses["parked"].category is StatusCategory.TODO
    assert shop.statuses["held"].category is StatusCategory.TODO
    assert table.for_project("OTHER") is table
    assert load([organisation, connection], project="SHOP") == shop


def test_a_project_may_be_named_by_its_id(tmp_path: Path) -> None:
    file = write(tmp_path, "m.toml", '[project.10000.priority]\nHigh = "low"\n')
    table = load([file])
    assert table.for_project("SHOP", "10000").priorities == {"high": Priority.LOW}
    assert table.for_project("SHOP", "10001") is table


def test_an_issue_types_line_wins_over_its_project(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "m.toml",
        '[issue_type.Bug.status]\nVerified = "done"\n'
        '[project.SHOP.status]\nVerified = "in_review"\n'
        '[project.SHOP.issue_type.Task.status]\nVerified = "todo"\n',
    )
    shop = load([file]).for_project("SHOP")
    for raw_type, category in (
        ("bug", StatusCategory.DONE),
        ("Task", StatusCategory.TODO),
        ("Story", StatusCategory.IN_REVIEW),
    ):
        rule = shop.status("verified", None, raw_type)
        assert rule is not None
        assert rule.category is category


def test_everything_a_file_can_say(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "m.toml",
        """
[status_category]
undefined = "todo"
[status]
Stage = { category = "in_review", waits_for = "release", code_complete = true }
Refused = { category = "cancelled", if_category = "done" }
[item_type]
Chore = "task"
[priority]
P1 = "high"
[resolution]
Moved = "cancelled"
Shipped = "done"
[link]
Needs = "depends_on"
"Is needed by" = { kind = "depends_on", reverse = true }
[fields]
points = ["Size", "customfield_7"]
team = ["Squad"]
flagged = ["Stuck"]
[labels]
ignore = ["Bot"]
[[team]]
name = "Checkout"
component = "Cart"
since = 2026-01-01
until = 2026-06-30
""",
    )
    assert load([file]) == MappingTable(
        statuses={
            "stage": StatusRule(StatusCategory.IN_REVIEW, WaitsFor.RELEASE, True),
            "refused": StatusRule(StatusCategory.CANCELLED, if_category="done"),
        },
        categories={"undefined": StatusCategory.TODO},
        item_types={"chore": ItemType.TASK},
        priorities={"p1": Priority.HIGH},
        cancelled={"moved": True, "shipped": False},
        links={
            "needs": LinkRule(LinkKind.DEPENDS_ON),
            "is needed by": LinkRule(LinkKind.DEPENDS_ON, reverse=True),
        },
        points=("Size", "customfield_7"),
        team_fields=("Squad",),
        flagged=("Stuck",),
        ignored_labels=frozenset({"bot"}),
        teams=(
            TeamRule(
                "Checkout",
                component="Cart",
                since=date(2026, 1, 1),
                until=date(2026, 6, 30),
            ),
        ),
        origins=load([file]).origins,
        version=load([file]).version,
    )


def test_the_nearest_files_team_rules_are_asked_first(tmp_path: Path) -> None:
    first = write(tmp_path, "a.toml", '[[team]]\nname = "A"\nlabel = "x"\n')
    second = write(tmp_path, "b.toml", '[[team]]\nname = "B"\nlabel = "x"\n')
    assert [rule.name for rule in load([first, second]).teams] == ["B", "A"]


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ('[status]\nDone = "dnoe"\n', 2, "Did you mean 'done'?"),
        ('[statuss]\nDone = "done"\n', 1, "Did you mean 'status'?"),
        ("[status]\nDone = 3\n", 2, "must be a category"),
        ("[status]\nDone = { waits_for = 'qa' }\n", 2, "needs a `category`"),
        ("[status]\nDone = { category = 'done', wait_for = 'qa' }\n", 2, "'waits_for'"),
        ("[status]\nA = 'done'\nB = { category = 'done', waits_for = 'tests' }\n", 3, "review, qa"),
        ("[status]\nB = { category = 'done', code_complete = 'yes' }\n", 2, "true or false"),
        ("[status]\nB = { category = 'done', if_category = 1 }\n", 2, "as text"),
        ("status = 1\n", 1, "must be a table"),
        ("[item_type]\nBug = 'bug'\n", 2, "'bug' is not one of"),
        ("[resolution]\nFixed = 'fixed'\n", 2, '"done" or "cancelled"'),
        ("[link]\nBlocks = { reverse = true }\n", 2, "needs a `kind`"),
        ("[link]\nBlocks = 1\n", 2, "must be a kind of link"),
        ("[fields]\npoint = ['a']\n", 2, "Did you mean 'points'?"),
        ("[fields]\npoints = 'a'\n", 2, "must be a list of texts"),
        ("[labels]\nignored = ['a']\n", 2, "Did you mean 'ignore'?"),
        ("[team]\nname = 'A'\n", 1, "[[team]]"),
        ("[[team]]\nlabel = 'x'\n", 1, "needs a `name`"),
        ("[[team]]\nname = 'A'\n", 1, "needs one of component"),
        ("[[team]]\nname = 'A'\nlabel = 1\n", 3, "must be text"),
        ("[[team]]\nname = 'A'\nlabel = 'x'\nsince = '2026-01-01'\n", 4, "must be a date"),
        ("[[team]]\nname = 'A'\nlabel = 'x'\nsince = 2026-01-01T10:00:00Z\n", 4, "must be a date"),
        (
            "[[team]]\nname = 'A'\nlabel = 'x'\nsince = 2026-02-01\nuntil = 2026-01-01\n",
            5,
            "is before `since`",
        ),
        ("[[team]]\nname = 'A'\nlabels = 'x'\n", 3, "Did you mean 'label'?"),
        ("[issue_type.Bug]\nfields = 1\n", 1, "`status` tables only"),
        ("[issue_type.Bug.status]\nDone = 'dne'\n", 2, "Did you mean 'done'?"),
        ("[project.A.status]\nDone = 'dne'\n", 2, "Did you mean 'done'?"),
        ("[project.A.project.B]\n", 1, "cannot hold projects"),
        ("project = 1\n", 1, "must be a table"),
        ("[project]\nA = 1\n", 2, "must be a table"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(
    tmp_path: Path, text: str, where: int, says: str
) -> None:
    file = write(tmp_path, "m.toml", text)
    with pytest.raises(MappingError) as caught:
        load([get("jira").defaults, file])
    assert caught.value.where == f"{file}:{where}"
    assert says in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="no such file") as caught:
        load([tmp_path / "gone.toml"])
    assert caught.value.todo == "Check the path in the configuration's `mapping`."
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(MappingError, match="cannot be read: UnicodeDecodeError"):
        load([tmp_path / "latin.toml"])


@pytest.mark.parametrize(
    ("text", "where"),
    [("\n[status\n", "bad.toml:2"), ("[status]\nErledigt \u00fc = 1\n", "bad.toml:2")],
)
def test_a_file_that_is_no_toml(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(MappingError, match="not valid TOML: ") as caught:
        load([write(tmp_path, "bad.toml", text)])
    assert caught.value.where == str(tmp_path / where)
    assert "stand in quotes" in caught.value.todo


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    file = write(tmp_path, "m.toml", '\ufeff[priority]\nP1 = "high"\n')
    assert load([file]).priorities == {"p1": Priority.HIGH}


WORDS = st.sampled_from(
    "status status_category item_type priority resolution link fields labels team issue_type "
    "project points flagged ignore name component label field since until category waits_for "
    "code_complete if_category kind reverse done cancelled todo blocks Bug A".split()
)
VALUES = st.recursive(
    st.sampled_from(['"done"', '"blocks"', '"task"', "1", "true", "2026-01-01", '"qa"', "[]"]),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda held: f"[{', '.join(held)}]")
        | st.dictionaries(WORDS, inner, max_size=3).map(
            lambda held: "{ " + ", ".join(f"{key} = {one}" for key, one in held.items()) + " }"
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(WORDS, VALUES, max_size=4))
def test_any_toml_loads_or_is_refused_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, str]
) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in data.items())
    file = write(tmp_path_factory.getbasetemp(), "any.toml", text)
    where = ""
    try:
        table = load([file])
    except MappingError as error:
        where = error.where
    if where:
        assert where.startswith(f"{file}:")
        return
    for one in (table, *table.projects.values()):
        assert len(one.version) == 12
        assert all(line.where for line in show(one) if line.value)
    lint(table, [file], Known(statuses={}, fields={}, projects={}, item_types=frozenset()))
