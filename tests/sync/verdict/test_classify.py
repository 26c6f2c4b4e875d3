"""Which checks count as tests, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.verdict.classify import OTHER_WORDS, STYLE_WORDS, CheckName, classify


@pytest.mark.parametrize(
    "name",
    [
        "test",
        "unit tests",
        "Tests / py3.11 (ubuntu-latest)",
        "pytest",
        "rspec 1/10",
        "e2e-chrome",
        "test3",
        "integration",
        "BackendTests",
        "backendtests",
        "go test ./...",
        "junit",
        "ci/circleci: acceptance",
        "lint and test",
        "build & test",
        "Build, test",
        "test+lint",
        "unit tests with coverage",
        "test (release, ubuntu)",
    ],
)
def test_names_that_say_test(name: str) -> None:
    assert classify(CheckName(name)).is_test


@pytest.mark.parametrize(
    "name",
    [
        "lint",
        "license/cla",
        "DCO",
        "deploy/preview",
        "Vercel - Preview tests",
        "labeler",
        "codeowners",
        "codecov/patch",
        "test coverage comment",
        "coverage",
        "test coverage",
        "test-lint",
        "lint-tests",
        "build",
        "build (ubuntu-latest)",
        "ci",
        "Continuous Integration",
        "continuous-integration/jenkins/pr-merge",
        "CodeQL",
        "semgrep-sast",
        "docs / build",
        "semantic title",
        "contest",
        "attest",
        "mypy",
        "build (test)",
        "",
    ],
)
def test_names_that_do_not(name: str) -> None:
    assert not classify(CheckName(name)).is_test


def test_a_stage_or_workflow_speaks_where_the_name_says_nothing() -> None:
    assert classify(CheckName("py311", stage="Tests")).why == "its stage or workflow says tests"
    assert classify(CheckName("chrome", app="Playwright")).why == "its app says playwright"


@pytest.mark.parametrize("name", ["lint", "rubocop", "semgrep-sast", "build-image", "deploy"])
def test_a_stage_called_test_makes_no_test_of_what_is_something_else(name: str) -> None:
    """GitLab puts a job without a stage into the stage `test`."""
    assert not classify(CheckName(name, stage="test")).is_test


def test_the_app_that_runs_everything_says_nothing() -> None:
    assert not classify(CheckName("py311", app="github-actions", stage="CI")).is_test


def test_a_test_report_speaks_for_a_name_that_says_nothing_of_tests() -> None:
    assert classify(CheckName("verify", has_report=True)).why == "it brings a test report"
    assert classify(CheckName("build", has_report=True)).is_test
    assert classify(CheckName("coverage", has_report=True)).is_test


@pytest.mark.parametrize("name", ["deploy", "eslint", "mypy", "lint-tests", "semgrep", "cla"])
def test_a_report_makes_no_test_of_what_never_is_one(name: str) -> None:
    """Linters and checkers write their findings as JUnit too."""
    assert not classify(CheckName(name, has_report=True)).is_test


@pytest.mark.parametrize(("name", "word"), [("lint", True), ("unit tests", False)])
def test_the_word_of_a_person_stands_above_all(name: str, word: bool) -> None:
    one = classify(CheckName(name), {name: word})
    assert (one.is_test, one.confirmed) == (word, True)
    other = classify(CheckName(name), {"something else": word})
    assert (other.is_test, other.confirmed) == (not word, False)


def test_the_reason_names_the_word() -> None:
    assert classify(CheckName("codecov/patch")).why == '"codecov": it reports coverage'
    assert classify(CheckName("eslint")).why == '"eslint": it looks at style'
    assert classify(CheckName("ci")).why == "nothing says that it is a test"


@given(st.text(max_size=20), st.sampled_from(sorted({*OTHER_WORDS})), st.text(max_size=20))
def test_what_does_something_else_for_certain_is_never_a_test(
    before: str, word: str, after: str
) -> None:
    assert not classify(CheckName(f"{before} {word} {after}", stage="tests")).is_test


@given(st.sampled_from(sorted({*STYLE_WORDS, *OTHER_WORDS})))
def test_no_such_word_alone_is_a_test(word: str) -> None:
    assert not classify(CheckName(word)).is_test
