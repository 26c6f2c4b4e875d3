"""Reads a calendar (RFC 5545) as strictly as a program does that shows it."""

import re

#: A name, its parameters, and a value.
_LINE = re.compile(r"([A-Z-]+(?:;[A-Z]+=[A-Z]+)*):(.*)")
_ESCAPED = {"\\\\": "\\", "\\;": ";", "\\,": ",", "\\n": "\n", "\\N": "\n"}


def lines(text: str) -> list[str]:
    """Its lines, put together again."""
    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n") == text.count("\r")
    return text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def events(text: str) -> list[dict[str, str]]:
    """Its events by names with parameters; texts as they are shown."""
    found: list[dict[str, str]] = []
    inside: list[str] = []
    for line in lines(text):
        match = _LINE.fullmatch(line)
        assert match is not None, line
        name, value = match.groups()
        if name == "BEGIN":
            inside.append(value)
            if value == "VEVENT":
                found.append({})
        elif name == "END":
            assert inside.pop() == value
        elif inside[-1] == "VEVENT":
            assert name not in found[-1]
            found[-1][name] = re.sub(r"\\[\\;,nN]", lambda one: _ESCAPED[one.group()], value)
            bare = re.sub(r"\\[\\;,nN]", "", value)
            assert name == "URL" or not set(bare) & set("\\;,"), line
    assert inside == []
    return found
