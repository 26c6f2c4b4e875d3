"""Keys of known projects in a text, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.links.keys import find, project_of

KNOWN = frozenset({"ABC", "X_ABC", "P2P", "API"})


def names(text: str, *, ignore_case: bool = False) -> list[str]:
    return [one.key for one in find(text, KNOWN, ignore_case=ignore_case)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ABC-12 Add login", ["ABC-12"]),
        ("UTF-8, SHA-256, ISO-8601, CVE-2024-1234, RFC-2119, COVID-19, 2024-10", []),
        ("ABC-1-ABC-2", ["ABC-1", "ABC-2"]),
        ("v2-ABC-12", ["ABC-12"]),
        ("v2_ABC-12_login", ["ABC-12"]),
        ("release/ABC-12.fix", ["ABC-12"]),
        ("(ABC-12), [P2P-3]: API-7", ["ABC-12", "P2P-3", "API-7"]),
        ("X_ABC-1", ["X_ABC-1"]),
        ("Y_ABC-1", ["ABC-1"]),
        ("XABC-1 and 3ABC-1", []),
        ("ABC-0 and ABC-012 and ABC-", []),
        ("ABC-12 again ABC-12", ["ABC-12"]),
        ("abc-12", []),
        ("ABC-12ABC-13", ["ABC-12"]),
        ("", []),
    ],
)
def test_only_keys_of_known_projects(text: str, expected: list[str]) -> None:
    """B131: Digits belong to some projects' keys."""
    assert names(text) == expected


def test_branches_are_read_in_any_case() -> None:
    assert names("feature/abc-12-add-p2p-3", ignore_case=True) == ["ABC-12", "P2P-3"]
    assert names("feature/abc-12x", ignore_case=True) == []


def test_letters_behind_the_number_are_told() -> None:
    (one,) = find("ABC-12fix", KNOWN)
    assert (one.key, one.glued) == ("ABC-12", True)
    (again,) = find("ABC-12fix is ABC-12", KNOWN)
    assert not again.glued


def test_without_a_known_project_there_is_no_key() -> None:
    assert find("ABC-12", ()) == []


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(KNOWN)), st.integers(1, 10**6)), min_size=1, max_size=5
    ),
    st.sampled_from("/_-. "),
)
def test_every_key_is_found_whatever_separates_them(
    pairs: list[tuple[str, int]], separator: str
) -> None:
    """B131: A word's edge is not what ends a key."""
    keys = [f"{project}-{number}" for project, number in pairs]
    # `X_ABC` after an underscore of its own is the one spelling that reads two ways.
    assert set(names(separator.join(keys))) == set(keys)


@given(st.text(max_size=60))
def test_any_text_gives_keys_of_known_projects_only(text: str) -> None:
    assert all(one.project in KNOWN for one in find(text, KNOWN, ignore_case=True))


@pytest.mark.parametrize(
    ("key", "project"),
    [("ABC-12", "ABC"), ("X-Y-3", "X-Y"), ("owner/name#7", None), ("ABC", None), ("-3", None)],
)
def test_project_of_a_key(key: str, project: str | None) -> None:
    assert project_of(key) == project
