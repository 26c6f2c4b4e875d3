"""Long headers in lines, with the first word always beside the header's name.

The standard library moves a text that fits on one line of its own below the name; some mail
programs then show it with a blank before it. Where it encodes some words of a text and leaves
others, it may lose the blank between them: a subject beyond ASCII is encoded as a whole.
"""

from email.header import Header
from email.policy import EmailPolicy
from typing import Any

#: Longest line of a header where words allow it, characters (RFC 5322).
_LINE = 78


class MailPolicy(EmailPolicy):
    """As `email.policy.SMTP`, but for the first line of a folded header."""

    def fold(self, name: str, value: Any) -> str:
        """The header in lines."""
        if self._is_encoded(name, value):
            return _encoded(name, str(value))
        return _mended(name, super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The header in lines, as bytes."""
        if self._is_encoded(name, value):
            return _encoded(name, str(value)).encode()
        folded = super().fold_binary(name, value)
        try:
            return _mended(name, folded.decode("utf-8")).encode()
        except UnicodeDecodeError:
            return folded

    def _is_encoded(self, name: str, value: Any) -> bool:
        """Whether it is a text of ours, not one that was read, and has letters beyond ASCII."""
        ours = name.casefold() == "subject" and hasattr(value, "fold")
        return ours and not self.utf8 and not str(value).isascii()


#: Headers in ASCII, and in UTF-8 where an address needs it. What was parsed keeps its lines, so
#: that a mail that is sent again is the same bytes.
ASCII = MailPolicy(linesep="\r\n", raise_on_defect=False, refold_source="none")
UTF8 = ASCII.clone(utf8=True)


def _encoded(name: str, text: str) -> str:
    value = Header(text, "utf-8", maxlinelen=_LINE, header_name=name).encode(linesep="\r\n")
    return f"{name}: {value}\r\n"


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
