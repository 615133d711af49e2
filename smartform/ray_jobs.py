"""Many resumes on the machines of a Ray cluster: `smartform.resume_jobs` mapped over Ray Data.

Inputs are drawn, and results written, where the job was started. On the cluster, readers with a
service of their own parse documents and ask the model. Output, ids, errors and how a stopped job
goes on are those of `smartform.resume_jobs`; lines come in the order in which they are done.

Ray is an optional library (requirements/ray.txt). It is imported when a job begins.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from smartform import batch, resume_jobs
from smartform.batch import Count
from smartform.errors import EngineError
from smartform.resume_jobs import Answer, Item, Wish
from smartform.service import Service

LOCAL = "local"
"""The address that starts a cluster on this machine, for as long as the job runs."""

_LOST = EngineError(
    "What was reading this was lost.", "Run the job again; if this comes again, read it on its own."
)

Make = Callable[[int], Service]
"""Makes a reader's service for so many CPU threads; can be pickled."""


def run(
    address: str,
    make: Make,
    items: Iterable[Item],
    out: Path,
    wish: Wish,
    *,
    cpus: int | None = None,
    on_item: Callable[[Count], None] | None = None,
) -> Count:
    """Read every input that `out` does not have yet on a Ray cluster and append the results to it.

    Args:
        address: as `ray.init` takes it: `LOCAL`, "auto", or HOST:PORT. A process that is connected
            already keeps its cluster.
        make: called once in each reader.
        items, out, wish, on_item: as `smartform.resume_jobs.run` takes them.
        cpus: what one reader takes; None for a machine, the smallest one where they differ.

    Raises:
        InputError: `out` holds something else than results, or cannot be written.
        EngineError: Ray is not installed, does not answer, or failed.
    """
    done = resume_jobs.done_in(out, wish)
    with _cluster(address) as ray:
        try:
            return batch.append(out, _answers(ray, make, items, wish, done, cpus), on_item)
        except ray.exceptions.RayError as problem:
            raise EngineError(
                f"The Ray cluster failed: {type(problem).__name__}.",
                "See its logs, then run the job again: it goes on where it stopped.",
            ) from problem


class Reader:
    """What a worker of the cluster does: rows with an input → rows with its line of the output.

    Args:
        make: makes the service that is asked.
        threads: CPU threads for it.
    """

    def __init__(self, make: Make, threads: int, wish: Wish) -> None:
        self._service = make(threads)
        self._wish = wish

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        answer = resume_jobs.answer(self._service, pickle.loads(row["item"]), self._wish)
        return {"number": row["number"], "answer": json.dumps(answer)}


def _answers(
    ray: ModuleType, make: Make, items: Iterable[Item], wish: Wish, done: set[batch.Key], cpus: int | None
) -> Iterator[Answer | None]:
    """As `smartform.resume_jobs.answers`; an input whose reader was lost is answered with an error."""
    heads: dict[int, Answer] = {}
    blocks = []
    for number, item in enumerate(resume_jobs.pending(items, done)):
        if item is None:
            yield None
            continue
        heads[number] = item.head
        blocks.append(ray.put(_block(number, item)))
    if not blocks:
        return
    each, readers = _shares(ray, cpus)
    with warnings.catch_warnings():
        # Ray Data has no named parameter for retries yet; without one it tries for ever.
        warnings.simplefilter("ignore")
        results = ray.data.from_arrow_refs(blocks).map(
            Reader,
            fn_constructor_args=(make, each, wish),
            # One input at a time: whatever it does to its reader, it does to no other.
            compute=ray.data.ActorPoolStrategy(
                size=min(readers, len(blocks)), max_tasks_in_flight_per_actor=1
            ),
            num_cpus=each,
            max_task_retries=0,
        )
    # Without prefetching: a result is written before the next one is there.
    for batch_of_rows in results.iter_batches(batch_size=None, prefetch_batches=0, batch_format="pyarrow"):
        for row in batch_of_rows.to_pylist():
            del heads[row["number"]]
            yield json.loads(row["answer"])
    for head in heads.values():
        yield head | batch.failure(_LOST, "this file")


def _block(number: int, item: Item) -> Any:
    """An input as a block of its own, so that it is written as soon as it is read."""
    import pyarrow

    return pyarrow.table({"number": [number], "item": [pickle.dumps(item)]})


def _shares(ray: ModuleType, cpus: int | None) -> tuple[int, int]:
    """CPUs for each reader, and how many readers the machines of the cluster hold."""
    machines = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    smallest = min((count for count in machines if count), default=1)
    each = min(cpus or smallest, smallest)
    return each, max(1, sum(count // each for count in machines))


@contextmanager
def _cluster(address: str) -> Iterator[ModuleType]:
    """Ray, connected.

    Raises:
        EngineError: it is not installed, or there is no cluster.
    """
    # Ray reports its use over the network unless told otherwise.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError as problem:
        raise EngineError(
            "Ray is not installed.", "Install it with: pip install -r requirements/ray.txt"
        ) from problem
    mine = not ray.is_initialized()
    if mine:
        _connect(ray, address)
    try:
        _hush(ray)
        yield ray
    finally:
        if mine:
            ray.shutdown()


def _connect(ray: ModuleType, address: str) -> None:
    own = {"include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **own)
    except (ConnectionError, RuntimeError, ValueError, OSError) as problem:
        raise EngineError(
            f"No Ray cluster answers at {address}.",
            f"Start one with 'ray start --head', or use --ray {LOCAL} for this machine.",
        ) from problem


def _hush(ray: ModuleType) -> None:
    """Leave the screen to the job's own bar, and let no lost input end the job."""
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.max_errored_blocks = -1
