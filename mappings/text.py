"""Plain text out of what vendors store, and its identity: contents are compared, not kept."""

import hashlib
import re
from typing import Any

_SPACE = re.compile(r"\s+")
_CHECKBOX = re.compile(r"\[[ xX*]\]|\((?:/|x|!)\)")
_TRACKING = re.compile(r"[?&]utm_[a-z]+=[^&\s]*")
#: C0 controls but tab and line feed; U+0000 is refused by PostgreSQL.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def clean(text: str) -> str:
    """The text without control characters, lone surrogates replaced: safe for any database."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub("", text).encode("utf-8", "replace").decode("utf-8")


def plain(value: Any) -> str | None:
    """Text of a wiki string or of an Atlassian document (ADF); None for nothing."""
    if value is None:
        return None
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return None
    parts: list[str] = []
    stack: list[Any] = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(reversed(node))
        elif isinstance(node, dict):
            text = node.get("text")
            if isinstance(text, str):
                parts.append(text)
            if node.get("type") in ("paragraph", "heading", "listItem", "taskItem", "hardBreak"):
                parts.append("\n")
            content = node.get("content")
            if isinstance(content, list):
                stack.extend(reversed(content))
    return "".join(parts)


def identity(text: str | None) -> tuple[str | None, int | None]:
    """(sha256, tokens) of the text without white space, check marks and tracking parts.

    Ticking a box or re-flowing a paragraph is no change of contents (drift-spec 1.5).
    """
    if text is None:
        return None, None
    bare = _TRACKING.sub("", _CHECKBOX.sub("", text))
    tokens = _SPACE.split(bare.strip()) if bare.strip() else []
    digest = hashlib.sha256(" ".join(tokens).encode("utf-8", "replace")).hexdigest()
    return digest, len(tokens)
