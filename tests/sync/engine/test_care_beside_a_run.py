"""A store is pruned and backed up while a run goes on: nothing is lost, and the copy is whole."""

import threading
from pathlib import Path

import pytest
from support.synced import synced

from sync.store.backup import back_up
from sync.store.open import open_store
from sync.store.prune import Horizons, prune


@pytest.mark.full_on_postgres
def test_a_run_ends_as_it_would_have_ended(store_url: str, tmp_path: Path) -> None:
    with synced(str(tmp_path / "alone.db")) as alone:
        alone.run()
        alone.later(days=400)
        alone.run(full=True)
        wanted = alone.contents()
    with synced(store_url) as at:
        at.run()
        at.later(days=400)
        other = open_store(at.store.engine.url.render_as_string(hide_password=False))
        done, kept = threading.Event(), []
        now = at.bench.clock.now()

        def care() -> None:
            while not done.is_set():
                # The harshest there is: all that is over may go.
                prune(other, Horizons(former=now, runs=now, reports=now))
                if other.dialect == "sqlite":
                    target = tmp_path / f"copy-{len(kept)}.db"
                    back_up(other, target)
                    kept.append(target)

        thread = threading.Thread(target=care)
        thread.start()
        try:
            result = at.run(full=True)
        finally:
            done.set()
            thread.join()
            other.close()
        assert result.outcome.value == "complete"
        assert at.contents() == wanted
        for target in kept:
            # Each copy opens, which looks at its revision, and holds what was read before.
            copy = open_store(str(target), create=False)
            with copy.reading() as conn:
                held = conn.exec_driver_sql("SELECT COUNT(*) FROM work_item").scalar()
            assert held == len(wanted["work_item"])
            copy.close()
        assert kept or at.store.dialect != "sqlite"
