"""Plain text out of what vendors store, and its identity: contents are compared, not kept."""

import hashlib
import re
from typing import Any

from mappings import adf, wiki

#: [ ], [x], (/), (x), (!); and () and its like, which does no harm and is found faster.
_CHECKBOX = re.compile(r"[\[(][ xX*/!]?[\])]")
_TRACKING = re.compile(r"[?&](?:utm_[a-z]+|fbclid|gclid)=[^&\s|\])]*")
#: Characters that only format, in wiki notation, Markdown and addresses; no part of the identity.
_MARKS = b"*_+^~|{}[]#!`>?&"
#: Every kind of white space is a blank.
_BLANKS = bytes.maketrans(b"\t\n\r\x0b\x0c", b"     ")
#: C0 controls but tab and line feed; U+0000 is refused by PostgreSQL.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def clean(text: str) -> str:
    """The text without control characters, lone surrogates replaced: safe for any database."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub("", text).encode("utf-8", "replace").decode("utf-8")


def plain(value: Any) -> str | None:
    """Text of a wiki string or of an Atlassian document (ADF); None for nothing or neither."""
    if isinstance(value, str):
        return wiki.text_of(value)
    return adf.text_of(value) if adf.is_document(value) else None


def untracked(text: str) -> str:
    """The text with the tracking parts of its links dropped."""
    if "=" in text and ("utm_" in text or "clid=" in text):
        return _TRACKING.sub("", text)
    return text


def identity(text: str | None) -> tuple[str | None, int | None]:
    """(sha256, tokens) of the text without white space, formatting, ticks and tracking parts.

    Ticking a box, setting a word in bold or re-flowing a paragraph is no change of contents.
    """
    if text is None:
        return None, None
    if "[" in text or "(" in text:
        text = _CHECKBOX.sub(" ", text)
    text = untracked(text)
    flat = text.encode("utf-8", "replace").translate(_BLANKS, _MARKS)
    if not text.isascii():
        flat = flat.replace(b"\xc2\xa0", b" ")
    # As `b" ".join(flat.split())`, several times as fast; a search from the end costs a third.
    while flat.rfind(b"  ") >= 0:
        flat = flat.replace(b"  ", b" ")
    flat = flat.strip(b" ")
    return hashlib.sha256(flat).hexdigest(), flat.count(b" ") + 1 if flat else 0
