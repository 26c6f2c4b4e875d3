"""XML reports read piece by piece, safely: no entity, nothing from outside, no endless depth."""

from collections.abc import Iterator
from typing import IO, Any, Literal

from sync.errors import UsageError

#: Elements inside one another; reports have a handful.
MAX_DEPTH = 100

#: An element begins or has ended; a name without its namespace, and the element.
Event = tuple[Literal["start", "end"], str, Any]


def events(file: IO[bytes], where: str) -> Iterator[Event]:
    """Beginnings and ends of elements; what has ended is forgotten.

    An element's attributes are there at its beginning, its children only at its end, and those of
    deeper levels were cleared. Raises UsageError for XML that is broken, cut off or unsafe.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    above: list[Any] = []
    try:
        for event, element in iterparse(file, events=("start", "end"), forbid_dtd=False):
            name = element.tag.rpartition("}")[2]
            if event == "start":
                above.append(element)
                if len(above) > MAX_DEPTH:
                    raise UsageError(
                        f"its elements lie more than {MAX_DEPTH} deep: no report is like that",
                        where=where,
                    )
                yield "start", name, element
                continue
            yield "end", name, element
            above.pop()
            element.clear()
            if above:
                # Its place in the one above would be kept as an empty element.
                above[-1].remove(element)
    except DefusedXmlException as error:
        raise UsageError(
            f"it declares entities or asks for files from outside ({type(error).__name__}), "
            "which no report needs; it was not read",
            where=where,
        ) from None
    except ParseError as error:
        line, column = error.position
        raise UsageError(
            f"it is no complete XML: {str(error).partition(':')[0]}",
            where=f"{where}, line {line}, column {column}",
            todo="It may be cut off; write it anew.",
        ) from None
    except (LookupError, UnicodeError, ValueError) as error:
        raise UsageError(
            f"its text cannot be read: {error}", where=where, todo="Write it as UTF-8."
        ) from None


def whole(element: Any, name: str, where: str) -> int | None:
    """A number of an attribute, from 0; None where it is not there. Raises UsageError."""
    text = element.get(name)
    if text is None or not text.strip():
        return None
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0 or number > 10**12:
        tag = element.tag.rpartition("}")[2]
        raise UsageError(f"<{tag} {name}={text[:40]!r}> is no number of things", where=where)
    return number
