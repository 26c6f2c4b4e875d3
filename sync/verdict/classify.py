"""Which checks are tests, told by their names; pure. A person's word stands above all of it.

A check that is no test and is taken for one makes an untested change look tested, so where a name
says both, and not that it does both, it is no test.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

#: Words that say: this runs tests.
TEST_WORDS = frozenset(
    "test tests testing tested testsuite spec specs unit e2e integration acceptance regression "
    "functional smoke pytest unittest unittests junit jest mocha jasmine karma rspec minitest "
    "cypress playwright selenium puppeteer testcafe vitest tox nox ctest gtest gotest phpunit "
    "nunit xunit robotframework testng surefire failsafe cucumber behave".split()
)
#: End in "test" and are something else.
_NOT_COMPOUND = frozenset("latest contest attest greatest fastest protest detest".split())

#: What such a check does instead of testing; it wins over a test word.
OTHER_WORDS: Mapping[str, str] = {
    word: what
    for what, words in {
        "deploys": "deploy deploys deployment deployments preview previews netlify vercel "
        "cloudflare heroku pages publish publishes release releases rollout",
        "checks licences or agreements": "licence license licenses licensing cla dco fossa reuse",
        "labels or assigns": "label labels labeler labeller labelling labeling codeowners "
        "codeowner assign assignee triage stale welcome greet greeting wip title semantic",
        "reports coverage": "codecov coveralls codeclimate codacy",
        "writes a comment or message": "comment comments notify notification slack summary",
        "looks for vulnerabilities": "sast dast codeql snyk semgrep secret secrets gitleaks "
        "trivy security vulnerability vulnerabilities dependabot renovate scorecard",
        "updates or reviews": "review reviewer reviewers approval approvals automerge mergify",
        "builds documentation": "docs doc documentation readthedocs sphinx mkdocs",
    }.items()
    for word in words.split()
}
#: As above, but a check may do both, and its name then says so: `lint and test`.
STYLE_WORDS: Mapping[str, str] = {
    word: what
    for what, words in {
        "looks at style": "lint lints linter linters linting format formatting fmt style eslint "
        "stylelint prettier flake8 ruff black isort pylint rubocop checkstyle clippy golangci "
        "gofmt shellcheck hadolint yamllint markdownlint commitlint spellcheck spelling typos "
        "precommit",
        "looks at types or quality": "typecheck typing types mypy pyright tsc phpstan psalm "
        "static analysis sonar sonarqube sonarcloud quality",
        "builds": "build builds compile package packaging wheel docker image bundle install setup",
        "measures coverage": "coverage cov",
    }.items()
    for word in words.split()
}
#: Of these, what may run tests without a word of it: a report of tests that ran shows it. That a
#: linter writes its findings in the same format shows nothing.
_MAY_RUN_TESTS = ("builds", "measures coverage")

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
#: What a matrix varies: `test (release, ubuntu)` is no release.
_VARIED = re.compile(r"\([^()]*\)")
_WORD = re.compile(r"[a-z0-9]+")
#: `lint and test`, `lint & test`, `lint + test`, `lint, test`: it does both.
_BOTH = re.compile(r"\band\b|[&+,]|\bthen\b|\bwith\b", re.IGNORECASE)
_CONTINUOUS = re.compile(r"continuous[\s_-]+integration", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CheckName:
    """What names a check, as far as the vendor tells."""

    name: str
    #: app of a check run or creator of a status.
    app: str | None = None
    #: stage of a job, or its workflow.
    stage: str | None = None
    #: a test report came with it: it ran tests, whatever it is called.
    has_report: bool = False


@dataclass(frozen=True, slots=True)
class TestCheck:
    """Whether a check counts as a test."""

    #: pytest takes a class of such a name for tests.
    __test__ = False

    is_test: bool
    #: half a sentence: "its name says test".
    why: str
    confirmed: bool = False


def classify(check: CheckName, confirmed: Mapping[str, bool] | None = None) -> TestCheck:
    """Whether this check counts as a test, and why; `confirmed` holds a person's word by name."""
    said = (confirmed or {}).get(check.name)
    if said is not None:
        word = "a test" if said else "no test"
        return TestCheck(said, f"a person said that it is {word}", confirmed=True)
    other, style, test = _read(check.name)
    if other is not None:
        return TestCheck(False, other)
    if test is not None and (style is None or _BOTH.search(check.name)):
        return TestCheck(True, f"its name says {test}")
    if check.has_report and (style is None or style.endswith(_MAY_RUN_TESTS)):
        return TestCheck(True, "it brings a test report")
    if style is not None:
        return TestCheck(False, style)
    return _by_surroundings(check)


def _by_surroundings(check: CheckName) -> TestCheck:
    for what, text in (("stage or workflow", check.stage), ("app", check.app)):
        if not text:
            continue
        other, style, test = _read(text)
        if other is None and test is not None and (style is None or _BOTH.search(text)):
            return TestCheck(True, f"its {what} says {test}")
    return TestCheck(False, "nothing says that it is a test")


def _read(text: str) -> tuple[str | None, str | None, str | None]:
    """(what else it does for certain, what else it may do, its test word), each if there is one."""
    plain = _CONTINUOUS.sub(" ", _VARIED.sub(" ", text))
    words = _WORD.findall(_CAMEL.sub(" ", plain).lower()) + _WORD.findall(plain.lower())
    other = next((f'"{one}": it {OTHER_WORDS[one]}' for one in words if one in OTHER_WORDS), None)
    style = next((f'"{one}": it {STYLE_WORDS[one]}' for one in words if one in STYLE_WORDS), None)
    test = next((one for one in words if _says_test(one)), None)
    return other, style, test


def _says_test(word: str) -> bool:
    if word in TEST_WORDS:
        return True
    bare = word.rstrip("0123456789")
    if bare in TEST_WORDS:
        return True
    compound = bare.endswith(("test", "tests"))
    return compound and bare.removesuffix("s") not in _NOT_COMPOUND
