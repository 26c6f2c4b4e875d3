"""Texts that try to be more than text, and ways to put them wherever a text of others stands."""

import dataclasses
import itertools
from collections.abc import Mapping
from enum import Enum
from typing import Any

#: What it tries -> the text.
TEXTS = {
    "element": "<script>alert(1)</script>",
    "end of a title and a style": "</title></style></textarea><img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "comment": "--> <!-- <![CDATA[ ]]>",
    "entity": "&lt;b&gt; &#60;i&#62; &amp;",
    "link": "[click](javascript:alert(1))",
    "picture": "![x](https://evil.example/x.png)",
    "reference link": "[a]: https://evil.example [a]",
    "table": "a | b\\| c |\n| --- |",
    "code": "``` `x` ~~~",
    "emphasis": "**a** _b_ __c__ ~~d~~ *e*",
    "heading": "# a",
    "list": "1. a",
    "rule": "---",
    "address": "https://evil.example/x www.evil.example mailto:a@evil.example",
    "address with a password": "https://user:word@evil.example/",
    "script address": "javascript:alert(document.domain)",
    "data address": "data:text/html,<script>alert(1)</script>",
    "mention": "@team @org/team @here @channel @everyone",
    "call of Slack": "<!channel> <!here|x> <@U012345> <#C012|x> <https://evil.example|y>",
    "call of Teams": "<at>everyone</at> {{DATE(2025-12-08T08:10:00Z, SHORT)}}",
    "reference": "#1 owner/repo#2 !3 %4 ~bug &5 $6 GH-7 fixes #8",
    "command of a host": "/close",
    "formula": '=HYPERLINK("https://evil.example","x")',
    "formula with plus": "+1+cmd|' /C calc'!A0",
    "formula with minus": "-2+3",
    "formula with at": "@SUM(1)",
    "formula after a blank": "\t=1+1",
    "formula after a line": "\r=1+1",
    "formula after a semicolon": "a;=1+1",
    "wide formula": "\uff1d1\uff0b1",
    "quotes of CSV": '","x"\r\n"=1',
    "escape sequence": "\x1b[31mred\x1b[0m \x1b]0;owned\x07 \x9b2J",
    "controls": "\x00\x01\x08\x7f\x85",
    "bidi override": "abc\u202edcba\u202c \u2066x\u2069 \u200fy",
    "invisible": "a\u200b\u200d\u2060\ufeffb\u00ad",
    "tags": "a\U000e0041\U000e0042",
    "marks": "e" + "\u0301" * 60,
    "line in a header": "x\r\nBcc: everybody@evil.example\r\n\r\n<b>body</b>",
    "lines": "a\nforged: all is well\u2028b\u2029c",
    "lone surrogates": "\ud83d x \udfff",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽",
    "right to left": "مرحبا שלום",
    "template": "{{ 7 * 7 }} {% raw %} ${7*7} #{7} <%= 7 %>",
    "format": "{0} {title!r} {x:>99999999} %s %(x)s %n",
    "label": 'x"} 1\nforged_metric 2\n# EOF\n\\',
    "statement": "'; DROP TABLE finding; --",
    "shell": "$(touch owned) `touch owned` ; rm -rf ~",
    "placeholder": "{0} [a](1) {{1}}",
}
#: A title nobody reads to its end.
LONG = "long " * 2000
#: Fields whose words are ours and chosen from a few, or that name another record.
KEPT = frozenset(
    {
        *("fingerprint", "detector", "rule", "subject", "within", "outcome", "kind", "audience"),
        *("word", "time_zone", "trend", "before", "url", "source_id", "stream", "program_version"),
    }
)


class Poison:
    """Puts the next text in place of every text that is not ours.

    What was equal stays equal, and what was sorted stays sorted.
    """

    def __init__(self, *texts: str) -> None:
        self._texts = itertools.cycle(texts)
        self._given: dict[str, str] = {}

    def __call__(self, record: Any, name: str = "") -> Any:
        """The same record with other texts."""
        if isinstance(record, str) and not isinstance(record, Enum):
            return record if name in KEPT or not record else self._text(record)
        if dataclasses.is_dataclass(record) and not isinstance(record, type):
            names = [one.name for one in dataclasses.fields(record)]
            return dataclasses.replace(
                record, **{one: self(getattr(record, one), one) for one in names}
            )
        if isinstance(record, (tuple, list)):
            return type(record)(self(one, name) for one in record)
        if isinstance(record, Mapping):
            return {key: self(one, name or str(key)) for key, one in record.items()}
        return record

    def _text(self, text: str) -> str:
        if text not in self._given:
            self._given[text] = f"x{len(self._given):04}{next(self._texts)}"
        return self._given[text]
