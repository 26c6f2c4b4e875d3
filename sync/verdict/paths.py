"""What a file is for, told by its path: source, test, docs, config, generated or vendored; pure.

Generated and vendored files follow what GitHub's linguist takes for such by their names; that a
file says so in its head, or in `.gitattributes`, is not known here. Lock files are configuration:
they decide what a build takes in, so they are never left out as generated.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class PathKind(StrEnum):
    """What a file is for."""

    SOURCE = "source"
    TEST = "test"
    DOCS = "docs"
    CONFIG = "config"
    GENERATED = "generated"
    VENDORED = "vendored"

    @property
    def is_own(self) -> bool:
        """Whether people here wrote it."""
        return self not in (PathKind.GENERATED, PathKind.VENDORED)


@dataclass(frozen=True, slots=True)
class PathRule:
    """A pattern as of `.gitignore`, and what the files that it matches are for."""

    pattern: str
    kind: PathKind
    #: `owner/name`; None: every repository.
    repository: str | None = None


def kind_of(path: str, rules: Iterable[PathRule] = (), repository: str | None = None) -> PathKind:
    """What a file is for; of the rules that match it the last counts, else the built-in ones."""
    found: PathKind | None = None
    for rule in rules:
        mine = rule.repository is None or (
            repository is not None and rule.repository.casefold() == repository.casefold()
        )
        if mine and compiled(rule.pattern).match(path):
            found = rule.kind
    return built_in(path) if found is None else found


@lru_cache(maxsize=65_536)
def built_in(path: str) -> PathKind:
    """What a file is for where no rule speaks of it; whatever is not known is source."""
    return next((kind for kind, known in _BUILT_IN if known.search(path)), PathKind.SOURCE)


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of `.gitignore` as a regular expression for whole paths.

    One without a slash (but at its end) matches at every depth; one that names a folder matches
    all in it. `*` and `?` stop at a slash, `**` does not. Raises ValueError for an empty one.
    """
    text = pattern.strip()
    anchored = "/" in text.rstrip("/")
    is_folder = text.endswith("/")
    text = text.strip("/")
    if not text:
        raise ValueError("an empty pattern matches nothing")
    parts = ["" if anchored else r"(?:.*/)?"]
    place = 0
    while place < len(text):
        if text.startswith("**/", place):
            parts.append(r"(?:.*/)?")
            place += 3
        elif text.startswith("**", place):
            parts.append(".*")
            place += 2
        elif text[place] in "*?":
            parts.append("[^/]*" if text[place] == "*" else "[^/]")
            place += 1
        else:
            parts.append(re.escape(text[place]))
            place += 1
    parts.append("/.+" if is_folder else "(?:/.+)?")
    return re.compile("".join(parts) + r"\Z", re.DOTALL)


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in patterns), re.IGNORECASE)


_IN = r"(?:^|/)"
_CODE = (
    r"\.(?:py|pyi|js|mjs|cjs|jsx|ts|mts|cts|tsx|vue|svelte|go|rs|java|kt|kts|scala|groovy|c|cc|cpp"
    r"|cxx|h|hh|hpp|hxx|cs|fs|vb|rb|php|swift|m|mm|dart|ex|exs|erl|hs|clj|cljs|lua|pl|pm|r|jl|sh"
    r"|bash|ps1|sql|html|css|scss|sass|less)$"
)
#: The first that matches counts.
_BUILT_IN: tuple[tuple[PathKind, re.Pattern[str]], ...] = (
    # What a program does on CI is never left out of testing, wherever it lies.
    (
        PathKind.CONFIG,
        _any(
            r"^\.github/(?:workflows|actions)/",
            r"^\.(?:circleci|buildkite|gitlab)/.*\.ya?ml$",
            _IN
            + r"(?:\.gitlab-ci|\.travis|azure-pipelines|bitbucket-pipelines|\.drone)[^/]*\.ya?ml$",
            _IN + r"jenkinsfile[^/]*$",
        ),
    ),
    (
        PathKind.VENDORED,
        _any(
            _IN + r"(?:node_modules|bower_components|third[-_]?party|vendors?|extern(?:al)?s?|"
            r"godeps/_workspace|pods|carthage/(?:build|checkouts)|\.yarn/(?:releases|plugins|sdks|"
            r"versions|unplugged)|\.mvn/wrapper|gradle/wrapper)/",
            r"^deps/",
            _IN + r"(?:gradlew|mvnw)(?:\.bat|\.cmd)?$",
            _IN + r"(?:jquery|bootstrap|modernizr|d3|angular)(?:[-.][\d.]+)?(?:\.(?:slim|bundle))*"
            r"(?:\.min)?\.(?:js|css)$",
        ),
    ),
    (
        PathKind.GENERATED,
        _any(
            r"\.min\.(?:js|css)$",
            r"\.(?:js|css)\.map$",
            r"\.pb\.(?:go|cc|h|rb|swift|dart)$",
            r"_pb2(?:_grpc)?\.pyi?$",
            r"\.(?:g|freezed|gr|mocks)\.dart$",
            r"\.(?:g|designer|generated)\.(?:cs|vb)$",
            r"[._-]generated\.[a-z]+$",
            _IN + r"zz_generated[^/]*$",
            _IN + r"(?:__generated__|generated|\.nx/cache)/",
            r"\.snap$",
        ),
    ),
    (
        PathKind.TEST,
        _any(
            _IN + r"(?:tests?|__tests__|specs?|e2e|testdata|test[-_]?data|fixtures?|__mocks__|"
            r"__snapshots__|cypress|playwright|[^/]*[-_.]tests?|androidtest|testfixtures)/",
            _IN + r"tests?[-_][^/]*" + _CODE,
            _IN + r"[^/]*[-_.](?:tests?|spec|specs|e2e|cy)" + _CODE,
            r"^(?:.*/)?(?:[A-Z]?[^/]*[a-z0-9](?-i:Test|Tests|TestCase|Spec|IT))\.(?:java|kt|scala|cs"
            r"|groovy|php|swift|m|ts)$",
            _IN + r"(?:conftest|tests?)\.py$",
        ),
    ),
    (
        PathKind.DOCS,
        _any(
            _IN
            + r"(?!.*"
            + _CODE
            + r")(?:readme|changelog|changes|history|news|authors|contributors|contributing|"
            r"license|licence|notice|security|code_of_conduct|copying|maintainers|governance)"
            r"(?:[-_.][a-z]+)*$",
            r"\.(?:md|mdx|rst|adoc|asciidoc|textile|pod|tex)$",
            _IN + r"docs?/(?!.*" + _CODE + r")",
            _IN + r"(?:documentation|man)/(?!.*" + _CODE + r")",
            r"^\.github/(?:issue_template|pull_request_template)",
        ),
    ),
    (
        PathKind.CONFIG,
        _any(
            r"\.(?:ya?ml|toml|ini|cfg|conf|properties|json|json5|jsonc|lock|env|editorconfig)$",
            _IN + r"(?:dockerfile|containerfile|makefile|rakefile|gemfile|pipfile|procfile|brewfile"
            r"|vagrantfile|codeowners|go\.(?:mod|sum|work)|cmakelists\.txt|build\.gradle(?:\.kts)?"
            r"|settings\.gradle(?:\.kts)?|pom\.xml|setup\.py|requirements[^/]*\.(?:txt|in)"
            r"|constraints[^/]*\.txt|[^/]*\.(?:csproj|sln|props|targets|gemspec|podspec))"
            r"(?:\.[a-z]+)?$",
            _IN + r"\.[^/]+$",
            _IN + r"[^/]*\.config\.(?:js|cjs|mjs|ts)$",
        ),
    ),
)
