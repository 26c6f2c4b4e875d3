"""Pages about the detectors, made from their data blocks and from examples that were found.

Run with `python -m sync.reconcile.document docs/detectors`. Examples stand in `examples.json` of
that directory; they are no part of the package.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sync.reconcile.contract import Channel, Detector, Severity, Voice
from sync.reconcile.registry import BUILT_IN

_CHANNELS = {
    Channel.MAILED: "in the mail",
    Channel.DIGEST: "in the page and the JSON only, counted in the mail",
    Channel.OFF: "off",
}


#: What a detector judges, in words.
_ABOUT = {
    "milestone": "judged milestones, one by one",
    "project": "projects, one by one",
    "repository": "repositories and their changes, one by one",
    "reading": "our own reading of the sources",
}
#: Whose words an example shows, in this order.
_READERS = ("manager", "executive", "engineer")
EXAMPLES = "examples.json"


def page(detector: Detector, example: Mapping[str, Any] | None = None) -> str:
    """The page of one detector, in Markdown; `example`: a finding of it, see `examples`."""
    words = detector.words
    parts = [
        f"# {detector.id}: {detector.name}",
        "",
        (detector.detect.__doc__ or "").strip(),
        "",
        f"Family: {detector.family}. Shown {_CHANNELS[detector.channel]}. It looks at "
        f"{_ABOUT[detector.about]}.",
        "",
        *_example(detector, example),
        "## What it says",
        "",
        "The words in braces are filled in from what was found.",
        "",
        f"* Title: {_code(words.title)}",
        f"* What: {_code(words.what)}",
        f"* So what: {_code(words.so_what)}",
        f"* Who: {_code(words.who)}",
        f"* By when: {_code(words.by_when)}",
        f"* What to do: {_code(words.remedy)}",
        "",
        *_voice("An executive reads", words.executive),
        *_voice("An engineer reads", words.engineer),
        *_rules(detector),
        *_levels(example),
        *_life(detector),
        *_yields(detector),
        "## What it needs",
        "",
        *_needs(detector),
        "",
        "Where one of them was not read completely and lately, it answers *not checked*, and says "
        "why.",
        "",
        "## Thresholds",
        "",
        *_thresholds(detector),
    ]
    return "\n".join(parts).rstrip() + "\n"


def index(detectors: Iterable[Detector]) -> str:
    """The list of all detectors, in Markdown."""
    rows = [
        f"| [{one.id}]({one.id}.md) | {one.name} | {_CHANNELS[one.channel]} |"
        for one in sorted(detectors, key=lambda one: one.id)
    ]
    return "\n".join(
        [
            "# Detectors",
            "",
            "What driftline judges. These pages are made from the detectors themselves.",
            "",
            "A detector answers *not checked*, with the reason, where the data it needs was not "
            "read completely and lately. It can be switched off, or its channel and thresholds "
            'changed, under `[detectors."ID"]` in the configuration.',
            "",
            "| Detector | It says | Shown |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


def examples(directory: Path) -> dict[str, Any]:
    """The examples that lie beside the pages, by detector; none where there is no such file."""
    path = directory / EXAMPLES
    if not path.is_file():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def pages(found: Mapping[str, Any]) -> dict[str, str]:
    """Every page by file name; `found`: examples by detector."""
    made = {f"{one.id}.md": page(one, found.get(one.id)) for one in BUILT_IN}
    return {"README.md": index(BUILT_IN), **made}


def write(directory: Path) -> None:
    """Write all pages; other files of the directory stay."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages(examples(directory)).items():
        (directory / name).write_text(text, encoding="utf-8", newline="\n")


_PARTS = {
    "title": "Title",
    "what": "What",
    "so_what": "So what",
    "who": "Who",
    "by_when": "By when",
    "remedy": "What to do",
}


def _voice(lead: str, voice: Voice) -> list[str]:
    said = {name: getattr(voice, name) for name in _PARTS}
    lines = [f"* {_PARTS[name]}: {_code(text)}" for name, text in said.items() if text is not None]
    return [f"{lead}:", "", *lines, ""] if lines else []


def _example(detector: Detector, example: Mapping[str, Any] | None) -> Iterator[str]:
    """A finding as each of the three readers gets it, with its proofs."""
    if example is None:
        return
    yield from ("## An example", "")
    rule = f", rule `{example['rule']}`" if example["rule"] else ""
    if "more" in example:
        told = (
            "Found in the simulated company, in a week in which more goes wrong than "
            "`driftline demo` plays"
        )
    elif "seed" in example:
        told = f"Found in the simulated company (`driftline demo --seed {example['seed']}`"
        told += "; there it is off)" if detector.channel is Channel.OFF else ")"
    else:
        told = (
            "The simulated company has no such trouble. This was found in the detector's test case "
            f"“{_plain(example['case'])}”"
        )
    yield from (f"{told}; its level is {example['severity']}{rule}.", "")
    manager = example["words"][_READERS[0]]
    for reader in _READERS:
        said = example["words"][reader]
        yield f"{'An' if reader[0] in 'aeiou' else 'A'} {reader} reads:"
        yield ""
        if reader != _READERS[0] and said == manager:
            yield from ("> The same.", "")
            continue
        yield f"> **{_plain(said['title'])}**"
        yield ">"
        seen = " ".join(_plain(said[part]) for part in ("what", "so_what") if said[part])
        yield f"> {seen}"
        yield ">"
        for part in ("who", "by_when", "remedy"):
            if said[part]:
                yield f"> * {_PARTS[part]}: {_plain(said[part])}"
        yield ""
    if example["proofs"]:
        yield from ("What proves it:", "")
        yield from (f"* {_plain(text)}" for text in example["proofs"])
        if example["more_proofs"]:
            yield f"* and {example['more_proofs']} more"
        yield ""


def _levels(example: Mapping[str, Any] | None) -> list[str]:
    """Which levels it gives, each with one of its test cases."""
    levels = (example or {}).get("levels", {})
    if not levels:
        return []
    lines = [
        f"* {level.value}: for example “{_plain(levels[level.value])}”."
        for level in reversed(Severity)
        if level.value in levels
    ]
    lead = "What its cases in `tests/cases` show; thresholds below move the bounds:"
    return ["## Levels", "", lead, "", *lines, ""]


def _life(detector: Detector) -> list[str]:
    """From when on it is told, and when it is over."""
    standing = getattr(detector, "standing", 1)
    told = (
        "the first run that sees it"
        if standing < 2
        else f"the run that sees it for the {_TIMES.get(standing, f'{standing}th')} time in a row"
    )
    return [
        "## Its life",
        "",
        f"It is told from {told}. It is worse from 1.25 times its size on, or at a higher level. "
        "It is resolved only when a complete reading no longer shows it, never because something "
        "was not read.",
        "",
    ]


_TIMES = {2: "second", 3: "third"}


def _plain(text: str) -> str:
    """Text of the company as Markdown shows it unchanged, on one line; our commands are code."""
    parts = re.split(r"(`driftline [a-z -]+`)", " ".join(text.split()))
    return "".join(
        part if place % 2 else re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", part)
        for place, part in enumerate(parts)
    )


def _rules(detector: Detector) -> list[str]:
    if not detector.rules:
        return []
    lines = [
        f"* `{name}`: {text}." if name else f"* {text}." for name, text in detector.rules.items()
    ]
    return ["## Rules", "", *lines, ""]


def _yields(detector: Detector) -> list[str]:
    """When its findings are held back."""
    if not detector.yields_to:
        return []
    lines = [
        f"* [{other}]({other}.md): {why}." for other, why in sorted(detector.yields_to.items())
    ]
    lead = "A finding on the same subject, or on what it lies in, holds it back; it stays stored:"
    return ["## Held back by", "", lead, "", *lines, ""]


def _needs(detector: Detector) -> list[str]:
    if not detector.needs:
        return ["Nothing but the record of what was read."]
    return [
        f"* {kind}: {', '.join(f'`{stream}`' for stream in streams)}"
        for kind, streams in sorted(detector.needs.items())
    ]


def _thresholds(detector: Detector) -> list[str]:
    if not detector.defaults:
        return ["None."]
    return [
        "| Name | Default | Meaning |",
        "| --- | --- | --- |",
        *(
            f"| `{name}` | {value} | {detector.explain[name]} |"
            for name, value in detector.defaults.items()
        ),
    ]


def _code(template: str) -> str:
    return f"`{template}`"


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/detectors"))
