"""What chat templates know of thinking."""

from __future__ import annotations

from typing import Final

# The variable that makers of models have agreed on; transformers and llama.cpp pass it too.
SWITCH: Final = "enable_thinking"


def can_switch_thinking(template: str | None) -> bool:
    """Tell whether a chat template lets one choose if the model thinks before it answers."""
    return template is not None and SWITCH in template
