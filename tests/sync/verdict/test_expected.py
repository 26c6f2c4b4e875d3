"""Which tests a change should have, told by the changes around it that touch paths like its own."""

from sync.verdict.expected import (
    Ran,
    areas,
    bare,
    begun,
    expected_names,
    missing,
    not_of_paths,
    of_paths,
    retired,
    run_here,
)

WEB, API = areas(["web/src/a.ts"]), areas(["api/src/a.py"])
BOTH = WEB | API
NAMES = frozenset({"web tests", "api tests"})


def ran(*names: str, on: frozenset[str] | None) -> Ran:
    return Ran(frozenset(names), on)


#: A repository whose workflows start for their own folder only.
FILTERED = [ran("web tests", on=WEB)] * 5 + [ran("api tests", on=API)] * 5


def test_areas() -> None:
    assert areas(["web/src/deep/a.ts", "web/src/b.ts"]) == {"web/src/.ts"}
    assert areas(["setup.py", "web/README.md"]) == {"./.py", "web/docs"}
    assert areas([]) == frozenset()


def test_what_ran_on_part_of_its_paths_would_have_run_on_it() -> None:
    assert of_paths(WEB, FILTERED) == {"web tests"}
    assert of_paths(API, FILTERED) == {"api tests"}
    # Of ten changes within its paths each test ran on half: nothing is usual.
    assert of_paths(BOTH, FILTERED) == frozenset()
    assert of_paths(areas(["docs/a.md"]), FILTERED) == frozenset()


def test_a_test_that_runs_on_everything_is_expected_on_everything() -> None:
    every = [ran("lint tests", *one.ran, on=one.areas) for one in FILTERED]
    assert of_paths(BOTH, every) == {"lint tests"}


def test_without_its_paths_what_is_usual_everywhere_is_expected() -> None:
    assert of_paths(None, FILTERED) == frozenset()
    assert of_paths(None, [ran("unit", on=None)] * 5) == {"unit"}
    # Of changes whose paths are not known nothing follows for paths.
    assert of_paths(WEB, [ran("unit", on=None)] * 5) == frozenset()
    assert of_paths(WEB, [ran("unit", on=frozenset())] * 5) == frozenset()


def test_too_few_tell_nothing() -> None:
    assert of_paths(WEB, [ran("web tests", on=WEB)] * 4) == frozenset()


def test_what_did_not_run_on_more_paths_would_not_run_on_these() -> None:
    assert not_of_paths(WEB, FILTERED) == {"api tests"}
    assert not_of_paths(BOTH, FILTERED) == frozenset()
    both = [*FILTERED, *[ran("web tests", "api tests", on=BOTH)] * 3]
    assert not_of_paths(WEB, both) == frozenset()
    assert not_of_paths(None, FILTERED) == frozenset()
    assert not_of_paths(areas([]), FILTERED) == frozenset()
    assert not_of_paths(WEB, [*[ran("web tests", on=WEB)] * 2, *FILTERED[5:]]) == frozenset()


def test_a_test_that_never_runs_anywhere_is_not_excused() -> None:
    """Skipped for everybody: nothing says that paths are why."""
    assert "e2e" not in not_of_paths(WEB, FILTERED)


def test_what_was_introduced_later_is_not_missed_before() -> None:
    before = [ran("unit", on=WEB), ran("lint tests", on=API)]
    assert begun(before, ["e2e"]) == {"unit", "lint tests", "e2e"}
    assert begun([], []) == frozenset()


def test_retired() -> None:
    later = [ran("unit", on=WEB)] * 3
    assert retired(["old unit", "unit"], later) == {"old unit"}
    assert retired(["old unit"], later[:2]) == frozenset()
    assert retired(["old unit"], [*later[:2], ran(on=WEB)]) == frozenset()


def test_names_that_are_expected() -> None:
    always = [{"unit", "e2e"}] * 4
    assert expected_names(always) == frozenset()
    assert expected_names([*always, {"unit"}]) == {"unit", "e2e"}
    assert expected_names([*always, {"unit"}, {"unit"}]) == {"unit"}


def test_three_changes_with_tests_show_that_tests_run_here() -> None:
    assert run_here([{"unit"}, {"unit"}, set(), {"e2e"}])
    assert not run_here([{"unit"}, {"unit"}, set()])


def test_what_is_missing() -> None:
    assert missing({"unit", "e2e"}, {"unit"}) == {"e2e"}
    assert missing({"unit (3.10)", "unit (3.11)"}, {"unit (3.11)", "unit (3.12)"}) == frozenset()
    assert missing({"unit (3.10)", "unit (3.11)"}, {"unit (3.11)"}) == {"unit (3.10)"}
    assert missing({"unit [CI]"}, {"unit"}) == frozenset()
    assert missing({"unit"}, set()) == {"unit"}


def test_bare_names() -> None:
    assert [bare(name) for name in ("a (1) [CI]", "a [CI]", "(1)", "a")] == ["a", "a", "(1)", "a"]
