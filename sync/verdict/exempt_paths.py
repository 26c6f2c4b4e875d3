"""What a file is, by its path, as far as rules that exempt changes ask; pure."""

import re
from functools import lru_cache

_DOCS_NAME = re.compile(
    r"(?:^|/)(?:readme|changelog|changes|history|authors|contributors|contributing|license|licence"
    r"|notice|security|code_of_conduct|copying)(?:\.[a-z]+)?$",
    re.IGNORECASE,
)
_DOCS_KIND = re.compile(r"\.(?:md|mdx|rst|adoc|txt|png|jpe?g|gif|svg|webp|ico|pdf)$", re.IGNORECASE)
_DOCS_FOLDER = re.compile(r"(?:^|/)docs?/", re.IGNORECASE)
#: Text that a program reads: requirements, what a build does, what tests compare with.
_NO_DOCS = re.compile(
    r"(?:^|/)(?:requirements[^/]*\.txt|constraints[^/]*\.txt|CMakeLists\.txt|robots\.txt)$"
    r"|(?:^|/)(?:tests?|spec|fixtures?|testdata|templates?)/"
    r"|(?:^|/)\.(?:github|gitlab|circleci)/workflows?/",
    re.IGNORECASE,
)
#: In a folder of documentation, what is run all the same.
_CODE = re.compile(
    r"\.(?:py|js|mjs|ts|tsx|jsx|go|rs|java|kt|c|cc|cpp|h|hpp|cs|rb|php|sh|ps1|sql|toml|ya?ml|json"
    r"|lock|cfg|ini|gradle|xml)$",
    re.IGNORECASE,
)


@lru_cache(maxsize=32_768)
def is_docs(path: str) -> bool:
    """Whether a file is documentation and nothing that a build or a test reads."""
    if _NO_DOCS.search(path):
        return False
    if _DOCS_NAME.search(path) or _DOCS_KIND.search(path):
        return True
    return _DOCS_FOLDER.search(path) is not None and _CODE.search(path) is None


_CI = re.compile(
    r"(?:^|/)\.(?:github/(?:workflows|actions)|gitlab/ci|gitlab-ci|circleci|buildkite|woodpecker"
    r"|teamcity)/"
    r"|(?:^|/)(?:[\w.-]*\.)?gitlab-ci\.ya?ml$"
    r"|(?:^|/)(?:Jenkinsfile[\w.-]*|\.travis\.yml|\.drone\.ya?ml|\.cirrus\.(?:yml|star)"
    r"|\.woodpecker\.ya?ml|azure-pipelines[\w.-]*\.ya?ml|bitbucket-pipelines\.ya?ml"
    r"|\.?appveyor\.ya?ml|cloudbuild\.ya?ml|buildspec\.ya?ml)$",
    re.IGNORECASE,
)
_GENERATED = re.compile(
    r"(?:^|/)(?:vendor|third_party|third-party|node_modules|bower_components|Pods|Godeps)/"
    r"|(?:^|/)(?:generated|__generated__)/"
    r"|\.(?:generated|g|gen)\.[a-z]+$|_generated\.[a-z]+$|\.pb\.(?:go|cc|h)$|_pb2(?:_grpc)?\.pyi?$"
    r"|\.min\.(?:js|css)$|\.designer\.cs$",
    re.IGNORECASE,
)
_LOCK = re.compile(
    r"(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?"
    r"|poetry\.lock|Pipfile\.lock|uv\.lock|pdm\.lock|pixi\.lock|requirements[\w-]*\.lock"
    r"|Cargo\.lock|go\.sum|Gemfile\.lock|composer\.lock|mix\.lock|pubspec\.lock|Podfile\.lock"
    r"|Package\.resolved|packages\.lock\.json|gradle\.lockfile|flake\.lock|deno\.lock)$",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"(?:^|/)(?:VERSION|version\.txt|_?version\.py|__version__\.py|pyproject\.toml|setup\.cfg"
    r"|package\.json|package-lock\.json|Cargo\.toml|Cargo\.lock|pom\.xml|gradle\.properties"
    r"|Chart\.yaml|\.release-please-manifest\.json|\.bumpversion\.cfg"
    r"|(?:CHANGELOG|CHANGES|HISTORY)(?:\.[a-z]+)?)$",
    re.IGNORECASE,
)


def is_ci(path: str) -> bool:
    """Whether a file says what CI runs."""
    return _CI.search(path) is not None


def is_generated(path: str) -> bool:
    """Whether a file is written by a program, or comes from somebody else."""
    return _GENERATED.search(path) is not None


def is_lock(path: str) -> bool:
    """Whether a file pins what a package manager installs."""
    return _LOCK.search(path) is not None


def is_version(path: str) -> bool:
    """Whether a file holds the version of what it is released with."""
    return _VERSION.search(path) is not None
