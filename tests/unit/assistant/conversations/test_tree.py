"""The tree of messages, against a plain model of it, through any sequence of operations."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from assistant.conversations.store import ConversationStore


def test_an_edited_question_is_a_branch_and_the_old_one_stays(store):
    conversation = store.create().id
    first = store.ask(conversation, "What is the rent?")
    answer = store.begin_answer(first.id)
    answer.append("900")
    answer.stop()
    second = store.ask(conversation, "And the deposit?")
    edited = store.edit(first.id, "What is the yearly rent?")
    assert [message.id for message in store.messages(conversation)] == [edited.id]
    assert edited.siblings == (first.id, edited.id)
    back = store.show(first.id)
    assert [message.id for message in back] == [first.id, answer.message, second.id]
    assert store.messages(conversation) == back


def test_another_answer_stands_beside_the_first_and_going_back_shows_what_followed(store):
    conversation = store.create().id
    question = store.ask(conversation, "What is the rent?")
    first = store.begin_answer(question.id)
    first.stop()
    after_first = store.ask(conversation, "Are you sure?")
    again = store.begin_answer(question.id)
    again.stop()
    assert store.message(again.message).siblings == (first.message, again.message)
    assert [message.id for message in store.messages(conversation)] == [question.id, again.message]
    assert [message.id for message in store.show(first.message)][-1] == after_first.id
    # Leaving the question and coming back to it finds the answer that was last looked at.
    store.edit(question.id, "What is the deposit?")
    assert [message.id for message in store.show(question.id)][-1] == after_first.id


class Trees(RuleBasedStateMachine):
    """Grows trees in the store and in two dictionaries, and compares what is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = ConversationStore(self.folder)
        self.conversation = self.store.create().id
        self.parents: dict[int, int | None] = {}
        self.questions: set[int] = set()
        self.chosen: dict[int | None, int] = {}

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    def _added(self, message: int, parent: int | None) -> None:
        self.parents[message] = parent
        self._choose(message)

    def _choose(self, message: int) -> None:
        at: int | None = message
        while at is not None:
            self.chosen[self.parents[at]] = at
            at = self.parents[at]

    def _shown(self) -> list[int]:
        path: list[int] = []
        at = self.chosen.get(None)
        while at is not None:
            path.append(at)
            at = self.chosen.get(at)
        return path

    @rule()
    def ask(self) -> None:
        shown = self._shown()
        asked = self.store.ask(self.conversation, "Next?")
        self.questions.add(asked.id)
        self._added(asked.id, shown[-1] if shown else None)

    @precondition(lambda self: self.parents)
    @rule(data=st.data())
    def ask_after(self, data: st.DataObject) -> None:
        parent = data.draw(st.sampled_from([None, *sorted(self.parents)]))
        asked = self.store.ask_after(self.conversation, parent, "There?")
        self.questions.add(asked.id)
        self._added(asked.id, parent)

    @precondition(lambda self: self.questions)
    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        question = data.draw(st.sampled_from(sorted(self.questions)))
        edited = self.store.edit(question, "Rather?")
        self.questions.add(edited.id)
        self._added(edited.id, self.parents[question])

    @precondition(lambda self: self.questions)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        question = data.draw(st.sampled_from(sorted(self.questions)))
        writer = self.store.begin_answer(question)
        writer.append("So.")
        writer.stop()
        self._added(writer.message, question)

    @precondition(lambda self: self.parents)
    @rule(data=st.data())
    def show(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(sorted(self.parents)))
        self._choose(message)
        assert [one.id for one in self.store.show(message)] == self._shown()

    @rule()
    def open_again(self) -> None:
        self.store.close()
        self.store = ConversationStore(self.folder)

    @invariant()
    def shows_the_chosen_branch_with_all_siblings(self) -> None:
        messages = self.store.messages(self.conversation)
        assert [message.id for message in messages] == self._shown()
        for message in messages:
            beside = sorted(m for m, parent in self.parents.items() if parent == message.parent)
            assert list(message.siblings) == beside
            assert self.store.message(message.id) == message


Trees.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestTrees = Trees.TestCase
