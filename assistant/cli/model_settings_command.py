"""`studiolo models settings`: how one model is loaded and chooses its words."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from assistant.assistant import Assistant
from assistant.cli.console import DONE, Console
from assistant.cli.errors import UsageError
from assistant.settings import ModelSettings
from models.adapter_files import check_adapter
from models.engine.hardware import compute_threads
from models.engine.template import ChatTemplate
from models.engine.types import Adapter, ChatMessage, KvType, LoadSettings, Sampling
from models.errors import ModelNotFound, TemplateFailed

_SWITCHES: Final = {"on": True, "off": False}
# What does for those that are no numbers.
_WORDS: Final = {
    "kv_type": get_args(KvType),
    "flash_attention": tuple(_SWITCHES),
    "thinking": tuple(_SWITCHES),
}
# What holds where nothing is chosen, and what that is where no value stands for it.
_USUAL: Final = {
    **msgspec.structs.asdict(LoadSettings()),
    **msgspec.structs.asdict(Sampling()),
}
_UNCHOSEN: Final = {
    "flash_attention": "whichever is faster",
    "template": "the model's own",
    "thinking": "as the template has it",
}
# Least and most of each number; outside of them llama.cpp does something else than was asked for.
_BOUNDS: Final[dict[str, tuple[float, float]]] = {
    "context_tokens": (256, 16_777_216),
    "threads": (1, 1024),
    "gpu_layers": (-1, 1024),
    "thinking_tokens": (0, 1_000_000),
    "temperature": (0, 5),
    "top_k": (0, 1_000_000),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "repeat_penalty": (1, 2),
    "seed": (0, 2**31 - 1),
}


class _Chosen(msgspec.Struct, frozen=True):
    model: str
    conversation: int | None
    settings: ModelSettings
    in_force: ModelSettings


def run(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Show a model's settings, once the changes are made that were asked for.

    Raises:
        AdapterUnfit: An adapter is named that is none, or is for models of another family.
    """
    facts = assistant.models.info(arguments.name)
    name, conversation = facts.name, arguments.conversation
    old = _chosen(assistant, name, conversation)
    chosen = _changed(assistant, old, arguments.changes)
    if arguments.changes:
        for adapter in set(chosen.adapters or ()) - set(old.adapters or ()):
            check_adapter(adapter.path, facts.architecture)
        _keep(assistant, name, conversation, chosen)
    settings = assistant.settings.current
    in_force = settings.model_settings(name, None if conversation is None else chosen)
    if console.json:
        console.document(_Chosen(name, conversation, chosen, in_force))
        return DONE
    own = msgspec.structs.asdict(chosen)
    for field, value in msgspec.structs.asdict(in_force).items():
        mark = "*" if own[field] is not None else ""
        text = _adapters_text(in_force) if field == "adapters" else _text(field, value)
        console.print(f"{mark:2}{field:18}{text}")
    return DONE


def _chosen(assistant: Assistant, name: str, conversation: int | None) -> ModelSettings:
    if conversation is None:
        return assistant.settings.current.models.get(name, ModelSettings())
    return assistant.conversations.get(conversation).settings.get(name, ModelSettings())


def _keep(assistant: Assistant, name: str, conversation: int | None, chosen: ModelSettings) -> None:
    if conversation is not None:
        assistant.conversations.set_settings(conversation, name, chosen)
        return
    models = {**assistant.settings.current.models, name: chosen}
    if chosen == ModelSettings():
        del models[name]
    assistant.settings.update(models=models)


def _changed(assistant: Assistant, old: ModelSettings, changes: list[str]) -> ModelSettings:
    """Return settings with changes such as "temperature=0.5"; without a value nothing is chosen."""
    values: dict[str, Any] = msgspec.structs.asdict(old)
    for change in changes:
        field, sign, word = change.partition("=")
        if not sign or field not in values:
            names = ", ".join(values)
            raise UsageError(f"{change!r} is not NAME=VALUE with one of these names: {names}.")
        try:
            value = _value(assistant, field, word)
            one = msgspec.convert({field: value}, ModelSettings, strict=False)
        except msgspec.ValidationError:
            raise UsageError(_refusal(field, word)) from None
        values[field] = getattr(one, field)
        least, most = _BOUNDS.get(field, (0, 0))
        if field in _BOUNDS and word and not least <= values[field] <= most:
            raise UsageError(_refusal(field, word))
    return ModelSettings(**values)


def _value(assistant: Assistant, field: str, word: str) -> object:
    if not word:
        return None
    if field == "adapters":
        return [_adapter(assistant, each) for each in word.split(",") if each != "none"]
    if field == "template":
        try:
            template = Path(word).read_text("utf-8")
            ChatTemplate(template).render([ChatMessage("user", "Hello.")])
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"{word!r} is no file with a template that can be read.") from None
        except TemplateFailed as error:
            raise UsageError(f"{word!r} lays out no conversation: {error.detail}.") from None
        return template
    return _SWITCHES.get(word, word)


def _adapter(assistant: Assistant, word: str) -> dict[str, object]:
    """Return an adapter named as FILE or FILE:WEIGHT; the file's name in the library will do."""
    file, sign, weight = word.rpartition(":")
    try:
        counts = float(weight) if sign else 1.0
    except ValueError:
        file, counts = word, 1.0  # a drive of Windows
    name = file or word
    try:
        path = assistant.models.info(name).path
    except ModelNotFound:
        path = str(Path(name).absolute())
    return msgspec.structs.asdict(Adapter(path, counts))


def _refusal(field: str, word: str) -> str:
    if field in _BOUNDS:
        least, most = _BOUNDS[field]
        others = f"{least:,} to {most:,} do"
    else:
        *most, last = _WORDS[field]
        others = f"{', '.join(most)} and {last} do"
    return f"{word!r} makes no sense for {field}: {others}."


def _adapters_text(settings: ModelSettings) -> str:
    adapters = settings.adapters or ()
    return ", ".join(f"{each.path}:{each.weight:g}" for each in adapters) or "none"


def _text(field: str, value: object) -> str:
    match _USUAL[field] if value is None else value:
        case None:
            return _UNCHOSEN.get(field) or str(compute_threads())
        case -1 if field == "gpu_layers":
            return "all"
        case bool():
            return "on" if value else "off"
        case str() as text:
            return text if len(text) < 60 else f"{len(text):,} characters"
        case other:
            return str(other)
