"""Pages that are written in one transaction: a commit costs as much as many small pages."""

import time
from collections.abc import Callable, Iterable, Iterator

from connectors.contract import Page, SourceError

#: Records from which what was gathered is written: few requests are repeated after a crash.
RECORDS = 1500
#: Seconds that a page waits for the next one at most.
SECONDS = 2.0


def gathered(pages: Iterable[Page], ticks: Callable[[], float] = time.monotonic) -> Iterator[Page]:
    """The pages, several small ones as one; the last of each stands for how far the walk came.

    Two of them are never put together when both bring the same record: each is then compared with
    what the former left. What came before a SourceError is handed on before it is raised. `ticks`
    counts real seconds: how long a page waits is no matter of the run's clock.
    """
    held: list[Page] = []
    names: set[tuple[str, str]] = set()
    since = 0.0
    try:
        for page in pages:
            mine = {(one.stream, one.source_id) for one in page.records}
            if held and not names.isdisjoint(mine):
                yield _together(held)
                held, names = [], set()
            if not held:
                since = ticks()
            held.append(page)
            names |= mine
            if page.committed or len(names) >= RECORDS or ticks() - since >= SECONDS:
                yield _together(held)
                held, names = [], set()
    except SourceError:
        if held:
            yield _together(held)
        raise
    if held:
        yield _together(held)


def _together(pages: list[Page]) -> Page:
    last = pages[-1]
    if len(pages) == 1:
        return last
    cursors = [one.cursor for one in pages if one.cursor is not None]
    return Page(
        tuple(one for page in pages for one in page.records),
        cursor=last.cursor if last.committed or not cursors else cursors[-1],
        committed=last.committed,
        unreadable=tuple(one for page in pages for one in page.unreadable),
        expected=last.expected,
        done_ids=tuple(id_ for page in pages for id_ in page.done_ids),
    )
