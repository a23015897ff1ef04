"""Asks the model whether what an answer stands on really answers the question.

"When did the forests increase?" is not answered by a quote that says when they decreased, and a
quote that holds every word of an answer may still speak of something else. So the paragraphs that
are cited are shown to the model once more, without anything beside them, and it is asked whether
they answer the question. A small model hardly ever says no; how much likelier its yes is than its
no still tells the one case from the other.
"""

from __future__ import annotations

import math

from assistant.answering import prompt
from assistant.answering.material import Material
from assistant.answering.proof import Proof
from models.engine.types import ChatMessage, Generation

# Least log-odds of yes against no. Of 112 questions of SQuAD 2.0, each put to Qwen2.5-Coder-1.5B
# with its paragraph, 55 % of those without an answer stay below it and 12 % of those with one
# (area under the curve .81). Asked for its answer's truth instead, it is no better than chance.
_SURE = 1.2

# A reply that begins with neither word, or with thinking, says nothing.
_LEAST_SHARE = 0.2

# Of all that is cited, about as much as two paragraphs: what a small model reads in seconds.
_MOST_CHARS = 1600
# An answer with more sentences sums up many places, and two paragraphs say too little of it.
_MOST_SENTENCES = 3


def messages(question: str, proof: Proof, material: Material) -> list[ChatMessage]:
    """Return what to ask the model; nothing where its reply would tell nothing.

    Args:
        question: As the conversation makes it clear.
        proof: What the answer rests on.
        material: What the model was given.
    """
    if len(proof.sentences) > _MOST_SENTENCES:
        return []
    cited: list[str] = []
    for citation in proof.citations:
        text = material.paragraph(citation.document, citation.start, citation.end)
        if text not in cited and sum(map(len, cited)) + len(text) <= _MOST_CHARS:
            cited.append(text)
    if not cited:
        return []
    words = prompt.wording()
    asked = words.check.format(text="\n".join(cited), question=question)
    return [ChatMessage("system", words.careful), ChatMessage("user", asked)]


def doubts(reply: Generation) -> bool:
    """Tell whether the model is too unsure of a yes."""
    yes = no = 1e-9
    for text, probability in reply.first_tokens:
        match text.strip().lower():
            case "yes":
                yes += probability
            case "no":
                no += probability
            case _:
                pass
    return yes + no >= _LEAST_SHARE and math.log(yes / no) < _SURE
