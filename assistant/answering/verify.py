"""Asks the model whether what an answer stands on really answers the question.

"When did the forests increase?" is not answered by a quote that says when they decreased, and a
quote that holds every word of an answer may still speak of something else. So the paragraphs that
are cited are shown to the model once more, without anything beside them, and it is asked whether
they answer the question. A small model hardly ever says no; how much likelier its yes is than its
no still tells the one case from the other. (Asked whether its answer is true, it is no better than
chance: a sentence that repeats the question always sounds right. Nor does it help to show it
examples, or the document's title.)

It is taken in by what a question presumes: asked for the arch that the Normans invented, it takes
a text that says that they used one. So it must be the surer of an answer with words that stand in
the question and not in what is cited.
"""

from __future__ import annotations

from collections.abc import Generator

from assistant.answering import prompt
from assistant.answering.calibration import Calibrations, Scale, log_odds, pairs, scale
from assistant.answering.material import Material
from assistant.answering.ports import Model
from assistant.answering.proof import Proof
from assistant.answering.types import Phase
from assistant.answering.words import content_keys, read_words
from models.engine.types import ChatMessage, Sampling
from models.errors import ContextOverflow

# A model less sure than this looks once more (1 is as sure as of questions that are answered), and
# what it is less sure of than the other is withdrawn. That is low: to withdraw a right answer is
# worse than to show a wrong one with its quote.
SURE = 0.3
LEAST_SURE = 0.1
# How much surer it must be of an answer that presumes something. With it, at the cost of one of 65
# right answers of the starter (SQuAD), 24 of 54 to questions without an answer are withdrawn at
# first sight, without it 18.
_PRESUMES = 0.3
# Of all that is cited, about as much as two paragraphs: what a small model reads in seconds.
_MOST_CHARS = 1600
# An answer with more sentences sums up many places, and two paragraphs say too little of it.
_MOST_SENTENCES = 3


class Verifier:
    """Knows how sure a model is of an answer.

    Args:
        model: The model, which keeps what it holds of the conversation meanwhile.
        calibrations: What the models' replies are worth.
    """

    def __init__(self, model: Model, calibrations: Calibrations) -> None:
        self._model = model
        self._calibrations = calibrations

    def sureness(
        self, model: str, question: str, proof: Proof, material: Material
    ) -> Generator[Phase, None, float]:
        """Tell how sure the model is that what is cited answers the question.

        A model that was never asked before is first asked what is known, for some seconds.

        Args:
            model: Name of the model.
            question: As the conversation makes it clear.
            proof: What the answer rests on.
            material: What the model was given.

        Returns:
            0 as of questions that a text does not answer, 1 as of those that it does, or where
            nothing can be said; less where the answer presumes something.
        """
        text = cited(proof, material)
        if not text:
            return 1.0
        try:
            known = self._calibrations.get(model) or (yield from self._calibrate(model))
            odds = yield from self._ask(text, question)
        except ContextOverflow:  # beside a long conversation there may be no room
            return 1.0
        if odds is None:
            return 1.0
        return known.sureness(odds) - _PRESUMES * presumes(question, proof, material)

    def _calibrate(self, model: str) -> Generator[Phase, None, Scale]:
        answered: list[float | None] = []
        unanswered: list[float | None] = []
        for pair in pairs():
            answered.append((yield from self._ask(pair.text, pair.answered)))
            unanswered.append((yield from self._ask(pair.text, pair.unanswered)))
        measured = scale(answered, unanswered)
        self._calibrations.keep(model, measured)
        return measured

    def _ask(self, text: str, question: str) -> Generator[Phase, None, float | None]:
        words = prompt.wording()
        messages = [
            ChatMessage("system", words.careful),
            ChatMessage("user", words.check.format(text=text, question=question)),
        ]
        # One word at once, also of a model that would think first.
        at_once = Sampling(max_tokens=1, thinking_tokens=0)
        generation = self._model.generate(messages, at_once, [], aside=True)
        try:
            while True:
                next(generation)
                yield Phase("checking")
        except StopIteration as end:
            return log_odds(end.value)
        finally:
            generation.close()


def cited(proof: Proof, material: Material) -> str:
    """Return the paragraphs that an answer cites; nothing where they are too little of it."""
    if len(proof.sentences) > _MOST_SENTENCES:
        return ""
    texts: list[str] = []
    for citation in proof.citations:
        text = material.paragraph(citation.document, citation.start, citation.end)
        if text not in texts and sum(map(len, texts)) + len(text) <= _MOST_CHARS:
            texts.append(text)
    return "\n".join(texts)


def presumes(question: str, proof: Proof, material: Material) -> bool:
    """Tell whether an answer repeats words of the question that nothing around its quotes has."""
    said = {word.key for each in proof.sentences for word in read_words(each.text)}
    given = "\n".join(
        material.around(citation.document, citation.start, citation.end)
        for citation in proof.citations
    )
    held = {word.key for word in read_words(given)}
    return not said.intersection(content_keys(read_words(question))) <= held
