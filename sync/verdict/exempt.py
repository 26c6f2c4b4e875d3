"""Changes that need no test, by what they touch; pure. Small size is no exemption."""

from collections.abc import Collection

from sync.verdict.change_facts import Exemption
from sync.verdict.exempt_paths import is_docs

DOCS_ONLY = Exemption("docs-only", "it touches documentation only")


def rule(paths: Collection[str] | None) -> Exemption | None:
    """The rule that exempts a change with these files; None for none, and for a list that is cut.

    `paths` None: the list of files was not read whole.
    """
    if not paths:
        return None
    return DOCS_ONLY if all(is_docs(path) for path in paths) else None
