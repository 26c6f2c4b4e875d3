"""What stands in the first sheet of an .xlsx file: texts, numbers, instants, and no formulas."""

import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

Cell = str | float | datetime | None

_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
#: Day 0 of a sheet.
_DAY_0 = datetime(1899, 12, 30, tzinfo=UTC)


def rows(path: Path) -> list[dict[str, Cell]]:
    """Its rows under the heads of the first, instants to the millisecond; a formula fails."""
    with zipfile.ZipFile(path) as file:
        sheet = ElementTree.fromstring(file.read("xl/worksheets/sheet1.xml"))
        texts = [
            "".join(piece.text or "" for piece in one.iter(f"{_NS}t"))
            for one in ElementTree.fromstring(file.read("xl/sharedStrings.xml"))
        ]
        dated = _dated(ElementTree.fromstring(file.read("xl/styles.xml")))
    assert sheet.find(f".//{_NS}f") is None, "a cell is a formula"
    lines = [
        {re.sub(r"\d", "", one.attrib["r"]): _value(one, texts, dated) for one in row}
        for row in sheet.iter(f"{_NS}row")
    ]
    heads = {place: str(name) for place, name in lines[0].items() if name is not None}
    return [{name: line.get(place) for place, name in heads.items()} for line in lines[1:]]


def _value(cell: ElementTree.Element, texts: list[str], dated: list[bool]) -> Cell:
    held = cell.find(f"{_NS}v")
    if held is None or held.text is None:
        return None
    if cell.attrib["t"] == "s":
        return texts[int(held.text)]
    assert cell.attrib["t"] == "n", f"{cell.attrib['r']} is neither text nor number"
    if dated[int(cell.attrib["s"])]:
        return _DAY_0 + timedelta(milliseconds=round(float(held.text) * 86_400_000))
    return float(held.text)


def _dated(styles: ElementTree.Element) -> list[bool]:
    """Of each style, whether it shows a date."""
    formats = {
        one.attrib["numFmtId"]: "yy" in one.attrib["formatCode"].lower()
        for one in styles.iter(f"{_NS}numFmt")
    }
    found = styles.find(f"{_NS}cellXfs")
    assert found is not None
    return [formats.get(one.attrib["numFmtId"], False) for one in found]
