"""What a file is, by its path, as far as rules that exempt changes ask; pure."""

import re

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


def is_docs(path: str) -> bool:
    """Whether a file is documentation and nothing that a build or a test reads."""
    if _NO_DOCS.search(path):
        return False
    if _DOCS_NAME.search(path) or _DOCS_KIND.search(path):
        return True
    return _DOCS_FOLDER.search(path) is not None and _CODE.search(path) is None
