"""Lines that a person copies into a shell or a file: a name in them stays a name."""

import re
import shlex

from mappings.toml_lines import toml_key

#: What a shell reads inside double quotes, and what ends a line.
_READ = re.compile(r"[\"$`\\!\x00-\x1f\x7f-\x9f\u2028\u2029]")


def shell(text: str) -> str:
    """The text as one argument of a command."""
    return shlex.quote(text) if _READ.search(text) else f'"{text}"'


def toml(text: str) -> str:
    """The text as a TOML string."""
    return toml_key(text)
