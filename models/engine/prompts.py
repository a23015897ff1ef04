"""Conversations as tokens: laid out with the model's template, cut where documents must not."""

from __future__ import annotations

from collections.abc import Sequence

from models.engine.memory import BLOCK_TOKENS
from models.engine.native import Vocabulary
from models.engine.streaming import THINKING_TAGS, opened_thinking
from models.engine.template import MARK, ChatTemplate
from models.engine.types import ChatMessage, LoadSettings
from models.errors import TemplateFailed
from models.thinking import can_switch_thinking


class PromptLayout:
    """Lays conversations out for one model.

    A template that cannot be used is told when a conversation is to be laid out, so that a model
    that has such a one is loaded nevertheless, and can be given another.

    Args:
        vocabulary: The model's tokens.
        source: The template in the model's file; None without one.
        settings: What takes the template's place, and whether the model thinks.

    Attributes:
        switches_thinking: Whether the template lets one choose.
    """

    def __init__(self, vocabulary: Vocabulary, source: str | None, settings: LoadSettings) -> None:
        source = source if settings.template is None else settings.template
        self.switches_thinking = can_switch_thinking(source)
        self._vocabulary = vocabulary
        self._thinking = settings.thinking
        self._template: ChatTemplate | TemplateFailed
        vocabulary.show([tag for pair in THINKING_TAGS for tag in pair])
        try:
            self._template = ChatTemplate(
                source,
                begin_text=vocabulary.special_text("bos"),
                end_text=vocabulary.special_text("eos"),
                control_texts=vocabulary.control_texts,
            )
        except TemplateFailed as error:
            self._template = error

    def tokens(self, messages: Sequence[ChatMessage]) -> tuple[list[int], str | None]:
        """A conversation's tokens, and the tag that ends the thinking it opens, if any.

        Raises:
            TemplateFailed: The template cannot lay it out.
        """
        if isinstance(self._template, TemplateFailed):
            raise self._template
        text = self._template.render(messages, thinking=self._thinking)
        tokens: list[int] = []
        for piece in text.split(MARK):
            tokens.extend(self._vocabulary.tokenize(piece, parse_special=True))
        begin = self._vocabulary.begin
        if begin is not None and tokens[:1] != [begin]:
            tokens.insert(0, begin)
        if not tokens:
            raise TemplateFailed("the template gives an empty prompt")
        return tokens, opened_thinking(text)

    def beginning(self, messages: Sequence[ChatMessage]) -> tuple[list[int], int]:
        """The tokens of a conversation up to what its last message says.

        Returns:
            Whole blocks of them, and how many there are in all.

        Raises:
            TemplateFailed: The template cannot lay it out.
        """
        one, other = (
            self.tokens([*messages[:-1], ChatMessage(messages[-1].role, text)])[0]
            for text in ("1", "?")
        )
        alike = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
        return one[: alike - alike % BLOCK_TOKENS], alike
