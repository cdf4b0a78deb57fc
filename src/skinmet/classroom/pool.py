"""Many submissions at once: processes of this machine, or workers of a dask cluster. Results as they come."""

from __future__ import annotations

import contextlib
import itertools
import logging
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from skinmet.classroom.autograde import Result, Task, failed, leave_room
from skinmet.problems import Problem, SkinmetError

Grade = Callable[[Task], Result]
TRIES = 2  # of a submission whose worker died
PATIENCE = 10  # seconds, with a scheduler that does not answer


@dataclass
class _Worker:
    """A process with one submission in hand."""

    process: BaseProcess
    pipe: Connection
    task: Task
    tries: int
    until: float


def local(
    tasks: Iterable[Task], grade: Grade, workers: int, patience: float
) -> Iterator[tuple[Task, Result]]:
    """Grade in so many processes. A worker that dies, or is silent for `patience` seconds, is replaced;
    its submission is tried once more, then it failed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["skinmet.classroom.autograde"])  # imported once, then forked
    waiting = ((task, 1) for task in tasks)
    again: list[tuple[Task, int]] = []
    idle: list[tuple[BaseProcess, Connection]] = []
    busy: list[_Worker] = []
    try:
        while True:
            while len(busy) < workers and (job := again.pop() if again else next(waiting, None)):
                process, pipe = idle.pop() if idle else _hire(context, grade)
                task, tries = job
                busy.append(_Worker(process, pipe, task, tries, time.monotonic() + patience))
                _send(pipe, task)
            if not busy:
                return
            soonest = min(worker.until for worker in busy)
            ready = set(wait([worker.pipe for worker in busy], max(0.0, soonest - time.monotonic())))
            for worker in [w for w in busy if w.pipe in ready or w.until <= time.monotonic()]:
                busy.remove(worker)
                result = _receive(worker) if worker.pipe in ready else None
                if isinstance(result, SkinmetError):
                    raise result
                if result is not None:
                    idle.append((worker.process, worker.pipe))
                    yield worker.task, result
                    continue
                _dismiss(worker.process, worker.pipe)
                if worker.tries < TRIES:
                    again.append((worker.task, worker.tries + 1))
                else:
                    yield worker.task, failed(worker.task, _lost(worker), final=False)
    finally:
        for worker in busy:
            _dismiss(worker.process, worker.pipe)
        for _, pipe in idle:
            pipe.close()  # they end by themselves, and put their rooms away
        for process, _ in idle:
            process.join(10)
            process.kill()


def _lost(worker: _Worker) -> str:
    how = "did not answer" if worker.until <= time.monotonic() else "died"
    return f"the process that graded it {how}, {TRIES} times: look at this submission by hand"


def _hire(context, grade: Grade) -> tuple[BaseProcess, Connection]:
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, grade), name="skinmet grade")
    process.start()
    there.close()
    return process, here


def _serve(pipe: Connection, grade: Grade) -> None:
    """The life of a worker: until the other end is closed, also by the death of its owner."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner of the terminal ends the workers
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task = pipe.recv()
            try:
                pipe.send(grade(task))
            except SkinmetError as error:  # nothing can be graded on this machine
                pipe.send(error)
    leave_room()


def _send(pipe: Connection, task: Task) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it died: reading from it will tell
        pipe.send(task)


def _receive(worker: _Worker) -> Result | SkinmetError | None:
    try:
        return worker.pipe.recv()
    except (EOFError, ConnectionResetError):
        return None


def _dismiss(process: BaseProcess, pipe: Connection) -> None:
    pipe.close()
    process.kill()
    process.join()


def cluster(tasks: Iterable[Task], grade: Grade, address: str) -> Iterator[tuple[Task, Result]]:
    """Grade on the workers of a dask scheduler; they need this version of the package and the project."""
    from distributed import Client, as_completed

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it tells of lost connections in tracebacks
    try:
        client = Client(address, timeout=PATIENCE, name="skinmet grade")
    except (OSError, TimeoutError, ValueError) as error:
        found = f"no dask scheduler answers ({type(error).__name__})"
        remedy = "start one with `dask scheduler`, and give its address, as tcp://127.0.0.1:8786"
        raise SkinmetError(Problem("--scheduler", found, remedy, value=address)) from None
    with client:
        threads = sum(
            worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values()
        )
        if not threads:
            remedy = f"start some with `dask worker {address} --nthreads 1`"
            raise SkinmetError(Problem("--scheduler", "the scheduler has no workers", remedy, value=address))
        waiting = iter(tasks)
        running = {}  # a few for each worker: the rest of the class stays here

        def submit(task: Task):
            future = client.submit(grade, task, pure=False, retries=0)
            running[future.key] = task
            return future

        futures = as_completed([submit(task) for task in itertools.islice(waiting, 4 * threads)])
        for future in futures:
            task = running.pop(future.key)
            if future.status == "finished":
                yield task, future.result()
            elif future.status == "error":
                error = future.exception()
                if isinstance(error, SkinmetError):
                    raise error
                reason = f"the cluster could not grade it ({type(error).__name__}: {str(error)[:200]})"
                yield task, failed(task, reason, final=False)
            else:
                remedy = "what is graded is kept: start the scheduler and run the same command again"
                raise SkinmetError(Problem("--scheduler", "the scheduler went away", remedy, value=address))
            if (task := next(waiting, None)) is not None:
                futures.add(submit(task))
