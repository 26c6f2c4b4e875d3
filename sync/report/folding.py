"""Long headers in lines, with the first word always beside the header's name.

The standard library moves a text that fits on one line of its own below the name; some mail
programs then show it with a blank before it.
"""

from email.policy import EmailPolicy
from typing import Any

#: Longest line of a header where words allow it, characters (RFC 5322).
_LINE = 78


class MailPolicy(EmailPolicy):
    """As `email.policy.SMTP`, but for the first line of a folded header."""

    def fold(self, name: str, value: Any) -> str:
        """The header in lines."""
        return _mended(name, super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The header in lines, as bytes."""
        folded = super().fold_binary(name, value)
        try:
            return _mended(name, folded.decode("utf-8")).encode()
        except UnicodeDecodeError:
            return folded


#: Headers in ASCII, and in UTF-8 where an address needs it. What was parsed keeps its lines, so
#: that a mail that is sent again is the same bytes.
ASCII = MailPolicy(linesep="\r\n", raise_on_defect=False, refold_source="none")
UTF8 = ASCII.clone(utf8=True)


def _mended(name: str, folded: str) -> str:
    first, *rest = folded.split("\r\n")
    if first.strip() != f"{name}:" or not any(rest) or "=?" in folded:
        return folded
    words = " ".join(rest).split()
    lines = [f"{name}: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > _LINE:
            lines.append(f" {word}")
        else:
            lines[-1] += f" {word}"
    return "\r\n".join([*lines, ""])
