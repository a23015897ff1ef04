"""Reads documents through for one question: window by window, kept, and then put together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Final, NamedTuple, Protocol

from assistant.answering.calibration import Calibrations, Scale, log_odds, pairs
from assistant.answering.calibration import scale as scale_of
from assistant.answering.errors import EmptyQuestion
from assistant.answering.types import Answer, AskEvent, AskRequest, Phase
from assistant.compute import ComputeGate
from assistant.reading_all import belonging, prompts
from assistant.reading_all.condensing import condense
from assistant.reading_all.kept import KeptReadings, Written
from assistant.reading_all.merging import Item
from assistant.reading_all.run import ModelInUse, ReadingRun
from assistant.reading_all.windows import Window
from assistant.services.model_host import ModelEvent
from assistant.workers.jobs import Job
from indexing.catalog import Catalog
from models.engine.types import ChatMessage, Generation, LoadSettings, Sampling, TextDelta

# So often whoever follows hears that it goes on, and can stop it.
_PULSE_S: Final = 0.5
# A step of reading on a slow machine takes its time; killing would cost the model.
_STOP_S: Final = 10.0


_ONE_WORD: Final = Sampling(max_tokens=1)
# A piece is passed over where the model is less sure than this that it answers (see `Scale`). That
# is low: each note on it is judged by itself.
_LEAST_SURE: Final = 0.0


class BackgroundModel(Protocol):
    """A model that answers behind every question."""

    def generate_behind(
        self, path: str, settings: LoadSettings, messages: list[ChatMessage], sampling: Sampling
    ) -> Job[ModelEvent, Generation | None]:
        """See `ModelService.generate_behind`."""
        ...


class _Scales(NamedTuple):
    """What a model's yes is worth: to whether a window answers, and whether a note belongs."""

    windows: Scale
    notes: Scale


class _Reply(NamedTuple):
    """What the model wrote, and whether it came to an end."""

    text: str
    ended: bool
    log_odds: float | None = None


class EverythingReader:
    """Reads documents through, behind every other question.

    Args:
        model: Who reads.
        catalog: The documents.
        gate: Holds indexing back while the model reads.
        kept: What was read, on disk.
        calibrations: What the models' replies are worth.
    """

    def __init__(
        self,
        model: BackgroundModel,
        catalog: Catalog,
        gate: ComputeGate,
        kept: Callable[[], KeptReadings],
        calibrations: Calibrations | None = None,
    ) -> None:
        self._calibrations = calibrations or Calibrations()
        self._model = model
        self._catalog = catalog
        self._gate = gate
        self._kept = kept
        # Several, because more than one may be under way.
        self._recent: deque[tuple[AskRequest, ReadingRun]] = deque(maxlen=8)

    def read(
        self, request: AskRequest, question: str, using: ModelInUse
    ) -> Generator[AskEvent, None, Answer]:
        """Read every passage of a request's documents, and answer from what was written down.

        The first event is the plan; nothing is read before the second one is asked for. Closing
        the generator stops the reading: what is read is kept, and the same request goes on there.

        Args:
            request: What was asked, and of which documents.
            question: The same as the conversation makes it clear.
            using: The model.

        Raises:
            EmptyQuestion: Nothing was asked.
            DocumentsNotReady: There is no document that can be read yet.
        """
        if not question.strip():
            raise EmptyQuestion
        run = ReadingRun(request, question, using, self._catalog, self._kept)
        yield run.plan()
        self._recent.append((request, run))
        run.begin()
        yield from run.deltas(0)
        # A summary needs all of it.
        scales = (yield from self._scales(run)) if run.kind == "items" and run.left() else None
        for piece in run.left():
            written = yield from self._read_window(run, piece.window, scales)
            before = len(run.items)
            run.keep(piece, written)
            yield from run.deltas(before)
            yield run.phase()
        if run.kind == "points":
            yield from self._condense(run)
        return run.answer()

    def partial(self, request: AskRequest) -> Answer | None:
        """Return what a stopped request had brought by then; None where it had not begun."""
        run = next((run for asked, run in reversed(self._recent) if asked is request), None)
        return None if run is None else run.answer(stopped=True)

    def _scales(self, run: ReadingRun) -> Generator[AskEvent, None, _Scales]:
        """Return what a model's yes is worth: measured once, with texts of which all is known."""
        check = prompts.wording().check
        windows = yield from self._scale(
            run,
            "windows",
            [
                prompts.over_window(check.format(question=question), "", (), pair.text)
                for pair in pairs()
                for question in (pair.answered, pair.unanswered)
            ],
        )
        notes = yield from self._scale(
            run,
            "notes",
            [
                belonging.over_note(one.request, note, (), one.text)
                for one in belonging.examples()
                for note in (one.belongs, one.other)
            ],
        )
        return _Scales(windows, notes)

    def _scale(
        self, run: ReadingRun, of_what: str, asked: Sequence[list[ChatMessage]]
    ) -> Generator[AskEvent, None, Scale]:
        """Return one scale, given what is answered with yes and with no by turns."""
        name = f"{run.using.name} {prompts.edition()} {of_what}"
        known = self._calibrations.get(name)
        if known is None:
            replies: list[float | None] = []
            for messages in asked:
                reply = yield from self._generate(run, messages, _ONE_WORD)
                replies.append(reply.log_odds)
            known = scale_of(replies[::2], replies[1::2])
            self._calibrations.keep(name, known)
        return known

    def _read_window(
        self, run: ReadingRun, window: Window, scales: _Scales | None
    ) -> Generator[AskEvent, None, Written]:
        """Have the model read a window, and judge what it wrote where its yes is worth anything.

        What it is shown of the window once is not read again for the questions that follow.
        """
        if scales is None:
            return (yield from self._write(run, window))
        reply = yield from self._generate(run, run.check(window), _ONE_WORD)
        if reply.log_odds is not None and scales.windows.sureness(reply.log_odds) < _LEAST_SURE:
            return Written((), whole=True, passed_over=True)
        written = yield from self._write(run, window)
        sureness: dict[str, float] = {}
        for item in run.standing(window, written.texts) if scales.notes.tells else ():
            if item.text in sureness:
                continue
            reply = yield from self._generate(run, run.belongs(item), _ONE_WORD)
            if reply.log_odds is not None:
                sureness[item.text] = scales.notes.sureness(reply.log_odds)
        return Written(written.texts, written.whole, sureness=sureness)

    def _write(self, run: ReadingRun, window: Window) -> Generator[AskEvent, None, Written]:
        """Have the model write down what a window gives; in parts, where that is more than fits."""
        halves = window.halves()
        most = prompts.MOST_NOTES if halves else prompts.MOST_NOTES_OF_ONE
        messages, sampling = run.prompt(window, most)
        reply = yield from self._generate(run, messages, sampling, enough=prompts.repeats_itself)
        # Where a piece gives nothing a model may make things up, as many as it is let.
        whole = len(run.standing(window, (reply.text,))) < most and reply.ended
        # What goes round in a circle overlooks the rest; of half as much a model keeps sight.
        if halves is None or (whole and not prompts.repeats_itself(reply.text)):
            return Written((reply.text,), whole)
        first = yield from self._write(run, halves[0])
        second = yield from self._write(run, halves[1])
        return Written(first.texts + second.texts, first.whole and second.whole)

    def _condense(self, run: ReadingRun) -> Generator[AskEvent, None, None]:
        """Make few points of many, document by document."""
        condensed: list[Item] = []
        for _, members in run.groups():
            steps = condense(members, run.question, run.most_points, run.document_text)
            try:
                asked = next(steps)
                while True:
                    known = run.known_notes(asked.digest)
                    if known is None:
                        reply = yield from self._generate(
                            run, asked.messages, asked.sampling, phase=Phase("condensing")
                        )
                        known = run.keep_notes(asked.digest, reply.text)
                    asked = steps.send(known)
            except StopIteration as end:
                condensed += end.value
        run.items = condensed

    def _generate(
        self,
        run: ReadingRun,
        messages: list[ChatMessage],
        sampling: Sampling,
        *,
        phase: Phase | None = None,
        enough: Callable[[str], bool] = lambda _: False,
    ) -> Generator[AskEvent, None, _Reply]:
        """Generate behind every question, once more after each that came between.

        Indexing is held back meanwhile, and goes on a step from one window to the next.

        Args:
            run: What it is for.
            messages: The prompt.
            sampling: How words are chosen.
            phase: What is said meanwhile, in place of how far the reading is.
            enough: Tells of what is written so far whether more is of no use.
        """
        while True:
            reply = yield from self._attempt(run, messages, sampling, phase, enough)
            if reply is not None:
                return reply

    def _attempt(
        self,
        run: ReadingRun,
        messages: list[ChatMessage],
        sampling: Sampling,
        phase: Phase | None,
        enough: Callable[[str], bool],
    ) -> Generator[AskEvent, None, _Reply | None]:
        """Generate once; None where a question came between."""
        written = ""
        with self._gate.studying():
            job = self._model.generate_behind(
                run.using.path, run.using.settings, messages, sampling
            )
            try:
                while True:
                    yield phase or run.phase(giving_way=self._gate.busy)
                    try:
                        event = job.next_event(_PULSE_S)
                    except TimeoutError:
                        continue
                    except StopIteration:
                        break
                    # In a process that was started anew it begins again.
                    written = written + event.text if isinstance(event, TextDelta) else ""
                    if enough(written):
                        return _Reply(written, ended=True)
                generation = job.result()
            finally:
                if not job.ended:
                    job.cancel(_STOP_S)
                    job.wait()
        if generation is None:
            return None
        run.count(generation)
        return _Reply(generation.text, generation.finish == "stop", log_odds(generation))
