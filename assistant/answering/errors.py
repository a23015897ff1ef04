"""What can go wrong between a question and its answer, as one tree.

AssistantError
└── AnsweringError
    ├── WholeDoesNotFit(prompt_tokens, context_tokens)
    ├── QuestionDoesNotFit(prompt_tokens, context_tokens)
    ├── EmptyQuestion()
    └── DocumentsNotReady(documents)
"""

from __future__ import annotations

from assistant.errors import AssistantError


class AnsweringError(AssistantError):
    """A question that cannot be answered as it was asked."""


class WholeDoesNotFit(AnsweringError):
    """The documents were to be given whole, and are longer than the model can read at once.

    Attributes:
        prompt_tokens: What they would need, with the question and room for an answer.
        context_tokens: What the model can hold.
    """

    def __init__(self, prompt_tokens: int, context_tokens: int) -> None:
        super().__init__(prompt_tokens, context_tokens)
        self.prompt_tokens = prompt_tokens
        self.context_tokens = context_tokens


class QuestionDoesNotFit(WholeDoesNotFit):
    """The question alone leaves the model no room for an answer."""


class EmptyQuestion(AnsweringError):
    """Nothing was asked."""


class DocumentsNotReady(AnsweringError):
    """None of the documents that the question is about can be searched yet.

    Attributes:
        documents: Their ids.
    """

    def __init__(self, documents: tuple[int, ...]) -> None:
        super().__init__(documents)
        self.documents = documents
