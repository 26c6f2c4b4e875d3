"""Pages about the detectors, made from their data blocks.

Run with `python -m sync.reconcile.document docs/detectors`.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from sync.reconcile.contract import Channel, Detector, Voice
from sync.reconcile.registry import BUILT_IN

_CHANNELS = {
    Channel.MAILED: "in the mail",
    Channel.DIGEST: "in the page and the JSON only, counted in the mail",
    Channel.OFF: "off",
}


def page(detector: Detector) -> str:
    """The page of one detector, in Markdown."""
    words = detector.words
    parts = [
        f"# {detector.id}: {detector.name}",
        "",
        (detector.detect.__doc__ or "").strip(),
        "",
        f"Family: {detector.family}. Shown {_CHANNELS[detector.channel]}.",
        "",
        "## What it says",
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
        *_yields(detector),
        "## What it needs",
        "",
        *_needs(detector),
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


def pages() -> dict[str, str]:
    """Every page by file name."""
    found = {f"{one.id}.md": page(one) for one in BUILT_IN}
    return {"README.md": index(BUILT_IN), **found}


def write(directory: Path) -> None:
    """Write all pages; other files of the directory stay."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
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
