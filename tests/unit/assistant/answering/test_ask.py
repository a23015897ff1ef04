"""A question's way to its proved answer, with a model and an index that say what they are told."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pytest

from assistant.answering.ask import Answerer
from assistant.answering.calibration import pairs
from assistant.answering.errors import (
    DocumentsNotReady,
    EmptyQuestion,
    QuestionDoesNotFit,
    WholeDoesNotFit,
)
from assistant.answering.prompt import wording
from assistant.answering.types import (
    Answer,
    AnswerDelta,
    AnsweringSettings,
    AskEvent,
    AskRequest,
    Phase,
    Plan,
)
from indexing.types import DocumentRow, Evidence, Place
from models.engine.types import (
    ChatMessage,
    Generation,
    GenerationEvent,
    PrefillProgress,
    PromptSize,
    Sampling,
    TextDelta,
)
from tests.unit.assistant.answering.conftest import LEASE, embed, piece

CAREFUL = ChatMessage("system", wording().careful)


class Model:
    """Says what it was given to say, and "yes" or "no" when asked about that; a token is a word."""

    def __init__(
        self,
        says: str,
        check: str = "Yes",
        context_tokens: int = 4096,
        again: str = "",
        doubts: str | None = None,
    ) -> None:
        self.says = says
        self.doubts = doubts
        self.again = again or says
        self.check = check
        self.context_tokens = context_tokens
        self.prompts: list[list[ChatMessage]] = []
        self.closed = 0

    def prompt_size(self, messages: list[ChatMessage]) -> PromptSize:
        tokens = sum(len(message.content.split()) for message in messages)
        return PromptSize(tokens, 0, self.context_tokens)

    def generate(
        self,
        messages: list[ChatMessage],
        sampling: Sampling,
        stop: list[str],
        owners: Sequence[str] = (),
        *,
        aside: bool = False,
    ) -> Generator[GenerationEvent, None, Generation]:
        self.prompts.append(messages)
        tokens = self.prompt_size(messages).tokens
        checking = messages[0] == CAREFUL
        assert aside is checking  # what it has read for the conversation stays
        text = self.says
        if messages[-1].content.endswith(wording().again.rpartition("\n")[2]):
            text = self.again
        if checking:
            known = next((p for p in pairs() if p.text in messages[-1].content), None)
            text = self.check
            if self.doubts is not None and self.doubts in messages[-1].content:
                text = "No"
            if known is not None:
                text = "Yes" if known.answered in messages[-1].content else "No"
        try:
            yield PrefillProgress(tokens, tokens, 0)
            for word in text.split(" "):
                yield TextDelta(word + " ")
        finally:
            self.closed += 1
        return Generation(
            text + " ", "", "stop", tokens, 0, len(text.split()), 5.0, 30.0, 200.0, ((text, 0.95),)
        )


class Index:
    """Finds what it was given, as much as fits, and remembers what it was asked."""

    def __init__(self, evidence: list[Evidence]) -> None:
        self.found = evidence
        self.asked: list[tuple[list[str], int]] = []

    def evidence(
        self,
        queries: list[str],
        budget_chars: int,
        documents: list[int] | None = None,
        collection: str | None = None,
    ) -> list[Evidence]:
        self.asked.append((queries, budget_chars))
        return [e for e in self.found if documents is None or e.document in documents]

    def embed(self, texts: list[str]) -> list[list[float]]:
        return embed(texts)


class Documents:
    """Documents by id."""

    def __init__(self, *texts: str, passages: int = 1) -> None:
        self.texts = dict(enumerate(texts, start=1))
        self.passages = passages

    def documents(self, collection: str | None = None) -> list[DocumentRow]:
        return [
            DocumentRow(
                i, f"/{i}", f"D{i}", "text", None, self.passages, "ready", None, 1, None, None
            )
            for i in self.texts
        ]

    def text(self, document: int) -> str:
        return self.texts[document]

    def page_of(self, document: int, offset: int) -> int | None:
        return 1 + offset // 100

    def place_of(self, document: int, start: int, end: int) -> Place | None:
        return Place("slide", 1 + start // 100)


def run(steps: Generator[AskEvent, None, Answer]) -> tuple[list[AskEvent], Answer]:
    events: list[AskEvent] = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


def answerer(model: Model, documents: Documents | None = None, **settings) -> Answerer:
    index = Index([piece(LEASE)])
    return Answerer(
        model, index, documents or Documents(LEASE), AnsweringSettings(**settings), "test.gguf"
    )


RENT = AskRequest("How much is the rent?", mode="retrieval")


def test_says_the_plan_before_anything_is_read_then_streams_then_proves():
    events, answer = run(answerer(Model("The monthly rent is 940 euros.")).ask(RENT))
    kinds = [type(event) for event in events]
    assert kinds.index(Plan) < kinds.index(AnswerDelta)
    reading = next(i for i, e in enumerate(events) if isinstance(e, Phase) and e.name == "reading")
    assert kinds.index(Plan) < reading
    streamed = "".join(event.text for event in events if isinstance(event, AnswerDelta))
    assert streamed.strip() == answer.answer == "The monthly rent is 940 euros."
    assert answer.sentences[0].supported
    assert "940 euros" in answer.citations[0].quote
    assert answer.mode == "retrieval"
    assert not answer.declined
    assert answer.timing.answer_tokens == 6


def test_withdraws_what_the_model_says_does_not_answer():
    model = Model("The bank holds 1,800 euros.", check="No")
    asked = AskRequest("How much was the flat sold for?", mode="retrieval")
    _, answer = run(answerer(model).ask(asked))
    assert answer.declined
    assert answer.answer == wording().declined
    assert answer.withdrawn == "The bank holds 1,800 euros."
    assert not answer.citations


def test_keeps_what_the_model_is_sure_of():
    _, answer = run(answerer(Model("The monthly rent is 940 euros.", check="Yes")).ask(RENT))
    assert not answer.declined
    assert answer.citations


def test_a_model_is_calibrated_once():
    model = Model("The monthly rent is 940 euros.")
    asker = answerer(model)
    run(asker.ask(RENT))
    first = len(model.prompts)
    run(asker.ask(RENT))

    assert first == 2 + 2 * len(pairs())
    assert len(model.prompts) == first + 2


def test_asks_the_model_nothing_more_where_the_check_is_switched_off():
    model = Model("The bank holds 1,800 euros.", check="No")
    asked = AskRequest("How much was the flat sold for?", mode="retrieval")
    _, answer = run(answerer(model, check=False).ask(asked))
    assert not answer.declined
    assert len(model.prompts) == 1


@pytest.mark.parametrize("says", ["The documents do not say.", "Morgan Bank says 12,000 dollars."])
def test_the_model_looks_once_more_before_an_answer_is_declined(says):
    model = Model(says, again="The monthly rent is 940 euros.")
    events, answer = run(answerer(model).ask(RENT))
    assert not answer.declined
    assert answer.answer == "The monthly rent is 940 euros."
    assert "940 euros" in answer.citations[0].quote
    assert answer.withdrawn == says
    # What was read is not read again, and what was streamed is what is withdrawn.
    first, second = (asked for asked in model.prompts if asked[0] != CAREFUL)
    start = second[-1].content.partition("\n\nQuestion:")[0]
    assert first[-1].content.startswith(start)
    assert first[:-1] == second[:-1]
    streamed = "".join(event.text for event in events if isinstance(event, AnswerDelta))
    assert streamed.strip() == says


@pytest.mark.parametrize(
    ("question", "says", "shown"),
    [
        ("How much is the rent?", "The rent is so much.", "The monthly rent is 940 euros."),
        ("Is the rent monthly?", "The rent is monthly.", "The rent is monthly."),
    ],
)
def test_an_answer_that_only_repeats_the_question_is_looked_over_once_more(question, says, shown):
    model = Model(says, again="The monthly rent is 940 euros.")
    _, answer = run(answerer(model).ask(AskRequest(question, mode="retrieval")))
    assert answer.answer == shown


def test_an_answer_that_repeats_the_question_stays_where_there_is_no_better_one():
    model = Model("The rent is so much.", again="Morgan Bank says 12,000 dollars.")
    _, answer = run(answerer(model).ask(RENT))
    assert answer.answer == "The rent is so much."


@pytest.mark.parametrize(
    ("doubts", "shown"),
    [
        ("Cats", "The monthly rent is 940 euros."),
        ("Elm Street", "Cats may be kept."),
        ("Question", ""),
    ],
)
def test_of_two_answers_the_one_counts_of_which_the_model_is_surer(doubts, shown):
    model = Model("Cats may be kept.", again="The monthly rent is 940 euros.", doubts=doubts)
    _, answer = run(answerer(model).ask(RENT))
    assert answer.answer == (shown or wording().declined)
    assert answer.declined is not bool(shown)


@pytest.mark.parametrize(
    "says",
    [
        "The documents do not say.",
        "The rent is 12,000 dollars according to Morgan Bank.",
    ],
)
def test_what_nothing_supports_is_withdrawn_but_kept(says):
    _, answer = run(answerer(Model(says)).ask(RENT))
    assert answer.declined
    assert answer.answer == wording().declined
    assert answer.withdrawn == says
    assert not answer.citations


def test_does_not_ask_the_model_when_nothing_relevant_was_found():
    model = Model("Au.")
    steps = Answerer(model, Index([piece(LEASE, relevance=0.02)]), Documents(LEASE))
    _, answer = run(steps.ask(AskRequest("What is the chemical symbol of gold?", mode="retrieval")))
    assert answer.declined
    assert not model.prompts


def test_takes_a_short_document_whole_and_a_long_one_by_search():
    _, short = run(answerer(Model("The rent is 940 euros.")).ask(AskRequest("How much is it?")))
    assert short.mode == "whole"
    long = Documents(LEASE * 80)
    events, answer = run(answerer(Model("940 euros."), long).ask(AskRequest("What is the rent?")))
    assert answer.mode == "retrieval"
    plan = next(event for event in events if isinstance(event, Plan))
    assert plan.passages == 1
    assert plan.documents_searched == 1


def test_a_quote_of_a_whole_document_stands_where_it_says():
    documents = Documents("Something about rain. " + LEASE)
    _, answer = run(answerer(Model("The rent is 940 euros."), documents).ask(AskRequest("Rent?")))
    cited = answer.citations[0]
    assert documents.text(1)[cited.start : cited.end] == cited.quote
    assert cited.page == 1 + cited.start // 100


def test_never_cuts_a_document_that_was_asked_for_whole():
    asked = AskRequest("What is the rent?", mode="whole")
    with pytest.raises(WholeDoesNotFit) as caught:
        run(answerer(Model("940."), Documents(LEASE * 60)).ask(asked))
    assert caught.value.prompt_tokens > caught.value.context_tokens - 512


def test_gives_fewer_passages_rather_than_more_than_fits_and_says_so():
    many = [piece(f"{LEASE} Clause {n}.", start=n * 1000, title=f"P{n}") for n in range(40)]
    model = Model("940 euros.", context_tokens=1200)
    steps = Answerer(model, Index(many), Documents(LEASE * 40), AnsweringSettings())
    events, _ = run(steps.ask(RENT))
    plan = next(event for event in events if isinstance(event, Plan))
    assert 0 < plan.passages < 40
    assert plan.prompt_tokens + 400 <= 1200


def test_a_question_without_documents_is_for_the_model_alone():
    model = Model("Hello. I run on this computer.")
    _, answer = run(answerer(model).ask(AskRequest("Hello!", use_documents=False)))
    assert answer.mode == "chat"
    assert [sentence.supported for sentence in answer.sentences] == [False, False]
    assert not answer.declined
    told = model.prompts[0][0].content
    assert told == f"{wording().chat}\n{wording().unseen.format(titles='D1')}"


def test_who_answers_only_from_documents_declines_without_them():
    model = Model("The rent is 900 euros, I suppose.")
    asker = answerer(model, documents_only=True, instructions="Be calm.")
    _, answer = run(asker.ask(AskRequest("How much is the rent?", use_documents=False)))
    assert answer.declined
    assert model.prompts == []
    # With documents it answers, in its own manner.
    _, answer = run(asker.ask(RENT))
    assert model.prompts[-1][0].content.endswith("Be calm.")


def test_what_a_stopped_answer_had_brought_can_be_proved():
    model = Model("The monthly rent is 940 euros. It is due early.")
    asker = answerer(model)
    steps = asker.ask(RENT)
    text = ""
    for event in steps:
        if isinstance(event, AnswerDelta):
            text += event.text
            if text.endswith("euros. "):
                break
    plan = asker.ask(AskRequest("And the deposit?", mode="retrieval"))
    next(plan)
    plan.close()
    steps.close()
    assert model.closed == len(model.prompts)
    partial = asker.partial(RENT, text)
    assert partial.stopped
    assert partial.answer == text
    assert partial.sentences[0].supported
    assert asker.partial(AskRequest("Something else"), text) is None


def test_a_follow_up_is_searched_for_with_what_it_follows():
    index = Index([piece(LEASE)])
    steps = Answerer(Model("1,800 euros."), index, Documents(LEASE * 80))
    history = [
        ChatMessage("user", "How much is the rent of the flat in Elm Street?"),
        ChatMessage("assistant", "940 euros."),
    ]
    run(steps.ask(AskRequest("and the deposit?", mode="retrieval"), history))
    assert index.asked[0][0][0].startswith("How much is the rent of the flat in Elm Street?")


def test_says_how_much_of_a_long_conversation_is_left_out():
    model = Model("940 euros.")
    history = [
        message
        for n in range(30)
        for message in (
            ChatMessage("user", f"Question {n}? " + "word " * 100),
            ChatMessage("assistant", "word " * 100),
        )
    ]
    events, _ = run(answerer(model).ask(RENT, history))
    plan = next(event for event in events if isinstance(event, Plan))
    given = sum(message.role == "user" for message in model.prompts[0]) - 1
    assert plan.earlier_left_out == 30 - given
    assert 0 < given < 30
    assert "Question 29?" in model.prompts[0][-3].content


def test_the_model_is_not_shown_what_it_declined_before():
    model = Model("940 euros.")
    history = [
        ChatMessage("user", "Who lives next door?"),
        ChatMessage("assistant", wording().declined),
        ChatMessage("user", "When was the heating renewed?"),
        ChatMessage("assistant", "It was renewed in 2016."),
    ]
    run(answerer(model).ask(RENT, history))
    assert model.prompts[0][1:-1] == history[2:]


def test_errors_carry_their_facts():
    with pytest.raises(EmptyQuestion):
        run(answerer(Model("")).ask(AskRequest("  ")))
    with pytest.raises(DocumentsNotReady) as caught:
        run(
            answerer(Model(""), Documents(LEASE, passages=0)).ask(
                AskRequest("Rent?", documents=(1,))
            )
        )
    assert caught.value.documents == (1,)
    with pytest.raises(QuestionDoesNotFit):
        run(answerer(Model("")).ask(AskRequest("why " * 5000)))
