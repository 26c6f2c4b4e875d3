"""Text as it may go to a terminal or a log: visible characters only, and no secret."""

import re

from connectors.redaction import mask
from sync.report.clean import visible

#: What a terminal acts on, or shows as something else than it is; in JSON only inside strings.
_ACTED_ON = re.compile(
    "[\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def line(text: str) -> str:
    """Exactly one line, whatever a title or a server's words hold."""
    return mask(visible(text))


def block(text: str) -> str:
    """Lines that we composed; none of them can act on a terminal."""
    return "\n".join(line(one) for one in text.split("\n"))


def document(text: str) -> str:
    """A JSON document that says the same, with escapes in place of what a terminal acts on."""
    return _ACTED_ON.sub(_escaped, mask(text))


def _escaped(found: re.Match[str]) -> str:
    raw = found.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{int.from_bytes(raw[n : n + 2], 'big'):04x}" for n in range(0, len(raw), 2))
