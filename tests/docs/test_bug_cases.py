"""The page of faults that others met names a test for each, or says why there is none."""

import pytest
from support.bug_cases import PAGE, carried, rows, written

#: Their numbers have gaps.
NUMBERS = """
2 4 5 8 9 10 12 13 14 15 16 18 19 20 21 22 23 24 25 26 27 28 29 31 33 34 35 36 37 38 39 40
43 44 45 47 49 50 51 52 54 55 56 58 59 61 62 64 65 66 68 69 71 72 73 75 76 77 78 79 81 82 84 85 87
88 89 90 92 93 94 96 98 99 101 102 103 105 106 107 108 110 111 113 114 115 116 117 119 121 122 123
124 125 127 128 129 131 132 133 134
"""
TEXT = PAGE.read_text(encoding="utf-8")


def test_every_case_stands_in_the_page_once() -> None:
    assert [number for number, *_ in rows(TEXT)] == [int(one) for one in NUMBERS.split()]


@pytest.mark.full
def test_the_page_names_every_test_that_carries_a_number_and_no_other() -> None:
    """Otherwise run `PYTHONPATH=tests python -m support.bug_cases`."""
    assert {number: tests for number, _, tests, _ in rows(TEXT) if tests} == carried()


@pytest.mark.parametrize("row", rows(TEXT), ids=lambda row: f"B{row[0]:02}")
def test_a_case_without_a_test_says_why(row: tuple[int, str, list[str], str]) -> None:
    _, fault, tests, note = row
    assert len(fault.split()) >= 4
    assert tests or note.startswith(("open: ", "does not apply: "))


@pytest.mark.full
def test_a_test_that_is_missing_would_be_noticed() -> None:
    changed = TEXT.replace("| B02 |", "| B200 |")
    assert 200 in {number for number, *_ in rows(changed)}
    assert rows(written(changed)) != rows(TEXT)
