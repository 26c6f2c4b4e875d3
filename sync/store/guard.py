"""Text no database takes: NUL (PostgreSQL) and lone surrogates (both) never reach SQL.

Normalizers clean what vendors send; this is the check behind them, made before rows are compared,
so that a cleaned row equals itself when it comes again.
"""

from collections.abc import Collection, Sequence
from typing import Any


def clean(value: Any) -> Any:
    """The value with NUL taken out and lone surrogates replaced by `?`, lists included."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, (list, tuple)):
        return [clean(one) for one in value]
    return value


def clean_row(row: Sequence[Any]) -> tuple[Any, ...]:
    """The row with every text clean; plain ASCII, which most is, passes by the first look."""
    for value in row:
        # Exact type: enumerations are ours and clean.
        if value.__class__ is str and not (value.isascii() and "\0" not in value):
            return tuple(clean(one) if one.__class__ is str else one for one in row)
    return tuple(row)


def clean_texts(texts: Collection[str]) -> Collection[str]:
    """The texts, each clean; one look at all of them is enough for most."""
    together = "".join(texts)
    if together.isascii() and "\0" not in together:
        return texts
    return [clean(text) for text in texts]


def clean_rows(rows: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    """The rows with every text clean; one look at all of them is enough for most pages."""
    together = "".join([value for row in rows for value in row if value.__class__ is str])
    if "\0" not in together:
        try:
            together.encode()
        except UnicodeEncodeError:
            pass
        else:
            return rows
    return [clean_row(row) for row in rows]


def clean_columns(columns: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """The same of rows that are turned: all values of each column."""
    return list(clean_rows([tuple(one) for one in columns]))
