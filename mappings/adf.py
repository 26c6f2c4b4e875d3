"""Atlassian documents (ADF) as plain text."""

from typing import Any

#: Nodes whose text stands on lines of its own.
_BLOCKS = frozenset(
    {
        "blockCard",
        "blockquote",
        "bulletList",
        "codeBlock",
        "decisionItem",
        "expand",
        "hardBreak",
        "heading",
        "listItem",
        "mediaSingle",
        "orderedList",
        "panel",
        "paragraph",
        "rule",
        "table",
        "tableCell",
        "tableHeader",
        "tableRow",
        "taskItem",
    }
)
#: Nodes that show an attribute: node type -> attributes, the first that is there.
_SHOWN = {
    "mention": ("text", "id"),
    "emoji": ("text", "shortName"),
    "status": ("text",),
    "date": ("timestamp",),
    "inlineCard": ("url",),
    "blockCard": ("url",),
}


def is_document(value: Any) -> bool:
    """Whether it has the shape of an Atlassian document."""
    return isinstance(value, dict) and value.get("type") == "doc"


def text_of(document: Any) -> str:
    """What a reader sees, line by line; formatting, targets of links and ticks are left out.

    Any JSON is accepted, at any depth; what is no node gives nothing.
    """
    parts: list[str] = []
    stack: list[Any] = [document]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            parts.append(node)
        elif isinstance(node, list):
            stack.extend(reversed(node))
        elif isinstance(node, dict):
            kind = node.get("type")
            block = isinstance(kind, str) and kind in _BLOCKS
            if block:
                stack.append("\n")
            content = node.get("content")
            if isinstance(content, list):
                for one in reversed(content):
                    # Strings stand for text in the stack; only nodes may come from the document.
                    if isinstance(one, dict) and one.get("type") == "text" and "content" not in one:
                        # What most nodes are is read at once.
                        stack.append(_own(one, "text"))
                    elif not isinstance(one, str):
                        stack.append(one)
            stack.append(_own(node, kind))
            if block:
                stack.append("\n")
    return "".join(parts)


def _own(node: dict[str, Any], kind: Any) -> str:
    text = node.get("text")
    if isinstance(text, str):
        return text
    attrs = node.get("attrs")
    if isinstance(kind, str) and isinstance(attrs, dict):
        for name in _SHOWN.get(kind, ()):
            if isinstance(attrs.get(name), (str, int)):
                return str(attrs[name])
    return ""
