"""Texts of many requests, tagged together: while the model reads some, the next ones gather."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

Text = TypeVar("Text")
Answer = TypeVar("Answer")


class FullError(Exception):
    """More texts wait than may."""


@dataclass(eq=False)
class Job(Generic[Text, Answer]):
    """The texts of a request (N), and the promise of their answers (N)."""

    texts: Sequence[Text]
    answers: asyncio.Future[list[Answer]]


class Batcher(Generic[Text, Answer]):
    """Answers requests in batches: `run` answers what `submit` hands in, both in one event loop.

    Args:
        answer: maps texts to their answers (N); it is called in a thread, and never twice at once.
        size: texts at which a batch is full; the texts of one request stay together.
        most: texts that may wait.

    Attributes:
        waiting: the number of texts that wait.
    """

    def __init__(self, answer: Callable[[list[Text]], list[Answer]], size: int, most: int) -> None:
        self.answer = answer
        self.size = size
        self.most = most
        self.waiting = 0
        self._jobs: asyncio.Queue[Job[Text, Answer]] = asyncio.Queue()

    async def submit(self, texts: Sequence[Text]) -> list[Answer]:
        """Returns the answers to these texts, in their order.

        Raises:
            FullError: too many texts wait already.
            Exception: what `answer` raised on these texts.
        """
        if self.waiting + len(texts) > self.most:
            raise FullError
        job: Job[Text, Answer] = Job(texts, asyncio.get_running_loop().create_future())
        self.waiting += len(texts)
        self._jobs.put_nowait(job)
        return await job.answers

    async def run(self) -> None:
        """Answers batch after batch, until it is cancelled."""
        with ThreadPoolExecutor(1, "tagger") as thread:
            while True:
                await self._answer(await self._next(), thread)

    async def _next(self) -> list[Job[Text, Answer]]:
        """Waits for a request, and takes with it those that wait behind it; nobody waits for a batch to be full."""
        jobs = [await self._jobs.get()]
        while not self._jobs.empty() and sum(len(job.texts) for job in jobs) < self.size:
            jobs.append(self._jobs.get_nowait())
        self.waiting -= sum(len(job.texts) for job in jobs)
        return [job for job in jobs if not job.answers.done()]  # the others' clients have gone

    async def _answer(self, jobs: list[Job[Text, Answer]], thread: ThreadPoolExecutor) -> None:
        """Answers some requests together; where that fails, each alone, so that only the faulty one fails."""
        texts = [text for job in jobs for text in job.texts]
        try:
            answers = iter(await asyncio.get_running_loop().run_in_executor(thread, self.answer, texts))
        except Exception as error:  # whatever a model may raise on a text
            await self._answer_alone(jobs, error, thread)
            return
        for job in jobs:
            own = [next(answers) for _ in job.texts]
            if not job.answers.done():
                job.answers.set_result(own)

    async def _answer_alone(self, jobs: list[Job[Text, Answer]], error: Exception, thread: ThreadPoolExecutor) -> None:
        if len(jobs) > 1:
            for job in jobs:
                await self._answer([job], thread)
        elif jobs and not jobs[0].answers.done():
            jobs[0].answers.set_exception(error)
