"""The pages in docs/detectors are what the detectors say of themselves."""

import json
import re
from pathlib import Path
from string import Formatter

import pytest
from support import detector_examples

from sync.reconcile import document
from sync.reconcile.life import AUDIENCES, PARTS
from sync.reconcile.registry import BUILT_IN

DOCS = Path(__file__).parents[3] / "docs" / "detectors"
EXAMPLES = document.examples(DOCS)
PAGES = document.pages(EXAMPLES)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_page_is_up_to_date(name: str) -> None:
    """If not: python -m sync.reconcile.document docs/detectors"""
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name]


def test_no_page_is_left_over(tmp_path: Path) -> None:
    document.write(tmp_path)
    assert {path.name for path in DOCS.glob("*.md")} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("detector", BUILT_IN, ids=lambda one: one.id)
def test_each_page_has_an_example_in_the_words_of_three_readers(detector) -> None:
    """If not: PYTHONPATH=tests:. python -m support.detector_examples --missing, then the pages."""
    example = EXAMPLES[detector.id]
    assert set(example["words"]) == {"manager", "executive", "engineer"}
    words = [set(said) for said in example["words"].values()]
    assert words == [set(PARTS)] * 3
    # Each is one of the simulated company; a case would do where it plays none.
    assert "seed" in example
    assert "case" not in example
    text = PAGES[f"{detector.id}.md"]
    for reader in ("A manager", "An executive", "An engineer"):
        assert f"{reader} reads:" in text
    # Nothing is left to be filled in, and nothing leads to a machine.
    assert not re.search(r"\{[a-z_]+\}|127\.0\.0\.1|localhost", json.dumps(example["words"]))


def test_the_file_names_no_detector_that_is_gone() -> None:
    assert set(EXAMPLES) == {one.id for one in BUILT_IN}


def test_words_of_the_company_are_no_markdown() -> None:
    example = {**EXAMPLES["plan.overdue"], "proofs": ["a <b>*x*</b> [l](u)\n# `h` | _i_"]}
    text = document.page(next(one for one in BUILT_IN if one.id == "plan.overdue"), example)
    assert "* a \\<b\\>\\*x\\*\\</b\\> \\[l\\](u) \\# \\`h\\` \\| \\_i\\_\n" in text


def test_without_an_example_a_page_shows_none() -> None:
    assert "## An example" not in document.page(BUILT_IN[0])


def test_examples_from_cases_are_what_the_cases_find_today() -> None:
    """If not: PYTHONPATH=tests:. python -m support.detector_examples"""
    played = {id_: one for id_, one in EXAMPLES.items() if "seed" in one}
    assert detector_examples.from_cases(played) == EXAMPLES


@pytest.mark.full
def test_examples_of_the_company_are_what_it_shows_today() -> None:
    """If not: PYTHONPATH=tests:. python -m support.detector_examples"""
    assert detector_examples.examples() == EXAMPLES


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
