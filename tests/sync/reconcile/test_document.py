"""The pages in docs/detectors are what the detectors say of themselves."""

from pathlib import Path
from string import Formatter

import pytest

from sync.reconcile import document
from sync.reconcile.life import AUDIENCES, PARTS
from sync.reconcile.registry import BUILT_IN

DOCS = Path(__file__).parents[3] / "docs" / "detectors"


@pytest.mark.parametrize("name", sorted(document.pages()))
def test_the_page_is_up_to_date(name: str) -> None:
    """If not: python -m sync.reconcile.document docs/detectors"""
    assert (DOCS / name).read_text(encoding="utf-8") == document.pages()[name]


def test_no_page_is_left_over(tmp_path: Path) -> None:
    document.write(tmp_path)
    assert {path.name for path in DOCS.glob("*.md")} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("detector", BUILT_IN, ids=lambda one: one.id)
def test_each_threshold_is_explained(detector) -> None:
    assert set(detector.explain) == set(detector.defaults)
    assert detector.detect.__doc__
    assert detector.id == f"{detector.family}.{detector.id.split('.')[1]}"


@pytest.mark.parametrize("detector", BUILT_IN, ids=lambda one: one.id)
def test_each_finding_is_worded_for_three_audiences(detector) -> None:
    """What one audience reads otherwise names no value that the common words do not name."""
    common = _names(*(getattr(detector.words, part) for part in PARTS))
    voices = [getattr(detector.words, audience) for audience in AUDIENCES]
    spoken = [text for voice in voices for part in PARTS if (text := getattr(voice, part))]
    assert spoken
    assert _names(*spoken) <= common
    assert not any("creep" in text.casefold() or "failed to" in text for text in spoken)


def _names(*templates: str) -> set[str]:
    return {name for text in templates for _, name, _, _ in Formatter().parse(text) if name}
