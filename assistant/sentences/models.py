"""Sentences for what can go wrong with models and with what they have read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from assistant.sentences.facts import SETUP_COMMAND, Facts, bytes_text, file_name


def _model_not_found(facts: Facts) -> str:
    if facts.get("catalogue"):
        return f"There is no model {facts.get('name')} in the catalogue. {facts.ways.see_catalogue}"
    return f"There is no model {facts.get('name')} in the library. {facts.ways.see_models}"


_MODEL_FILE_PROBLEMS: Final[dict[str, str]] = {
    "missing": "there is no such file. Check its name",
    "unreadable": "it may not be read. Check its permissions",
    "empty": "it is empty. Download it again",
    "not_gguf": "it is not a GGUF file. Get the model in the GGUF format",
    "truncated": "its end is missing. Download it again",
    "absurd_header": "its beginning makes no sense. Download it again from a source you trust",
    "unsupported_version": "its version of the GGUF format is not known here. Get a newer file",
    "not_a_language_model": "it is no language model. Get one that can chat",
    "missing_part": "it is one part of several, and others are missing. Put all of them into one "
    "folder",
    "no_embedding": "it does not turn texts into numbers for searching. Get one that does",
    "no_reranker": "it does not judge search results, or not by a number. Get one that does",
    "projector": "it only lets another model see pictures. Get the model that it belongs to",
    "adapter": "it only changes another model. Choose it in the settings of that one",
}


def file_problem(facts: Facts) -> str:
    """What is the matter with a model's file, and what to do, without a stop."""
    return _MODEL_FILE_PROBLEMS.get(str(facts.get("problem")), "it is not sound. Get it again")


def _invalid_model(facts: Facts) -> str:
    name = file_name(facts)
    if facts.get("problem") == "embedding":
        return f"{name} finds passages in documents and does not chat. {facts.ways.search_with}"
    if facts.get("problem") == "reranker":
        return f"{name} judges what a search finds and does not chat. {facts.ways.judge_with}"
    return f"{name} cannot be used as a model: {file_problem(facts)}."


def _model_needed(facts: Facts) -> str:
    if facts.get("purpose") == "reranker":
        use, way = "judges what a search finds", facts.ways.judge_with_other
    else:
        use, way = "is what documents are searched with", facts.ways.search_with_other
    name, folder = facts.get("name"), facts.get("folder")
    if folder:
        return f"The folder {folder} stays listed: the model {name} in it {use}. {way}"
    return f"The model {name} {use}, so it is not removed. {way}"


def _import_failed(facts: Facts) -> str:
    name = file_name(facts)
    problem = facts.get("problem")
    if problem == "disk_full":
        needed = bytes_text(float(str(facts.get("needed_bytes") or 0)))
        free = bytes_text(float(str(facts.get("free_bytes") or 0)))
        return (
            f"{name} was not imported: it needs {needed} and the disk has {free} free. "
            f"{facts.ways.use_other_disk}"
        )
    if problem == "not_writable":
        return (
            f"{name} was not imported: the models folder may not be written to. Check its "
            f"permissions. {facts.ways.see_data_folder}"
        )
    return f"{name} was not imported: it could not be read to its end. Check the file and its disk."


_FOLDER_PROBLEMS: Final[dict[str, str]] = {
    "missing": "There is no folder {path}. Check its name.",
    "unreadable": "The folder {path} may not be read. Check its permissions.",
    "library": "{path} is Studiolo's own models folder, which is looked into anyway.",
    "not_added": "{path} is none of the folders that were added. {see}",
}


def _folder_not_usable(facts: Facts) -> str:
    sentence = _FOLDER_PROBLEMS.get(str(facts.get("problem")), "{path} cannot be used.")
    return sentence.format(path=facts.get("path"), see=facts.ways.see_model_folders)


# What llama.cpp says where it does not know a model's family, and where memory did not suffice.
_UNKNOWN_FAMILY: Final = re.compile(r"unknown model architecture: '([^']*)'")
_NO_MEMORY: Final = re.compile(
    r"bad_alloc|(failed|unable) to allocate|out of memory", re.IGNORECASE
)
# Its messages begin with the names of functions.
_FUNCTIONS: Final = re.compile(r"^(\w+: )+(error loading model( \w+)?: )*")


def _load_failed(facts: Facts) -> str:
    name, detail = file_name(facts), str(facts.get("detail") or "")
    family = _UNKNOWN_FAMILY.search(detail)
    if family is not None:
        return (
            f"The model {name} could not be loaded: it is of the family “{family[1]}”, which "
            f"this llama.cpp does not know. Choose another one {facts.ways.choose_model}."
        )
    if _NO_MEMORY.search(detail):
        return (
            f"The model {name} could not be loaded: there is too little memory for it. Close other "
            "programs, give it a smaller context in its settings, or choose a smaller model."
        )
    said = f" It says: “{_FUNCTIONS.sub('', detail)}”." if detail else ""
    return (
        f"The model {name} could not be loaded: llama.cpp cannot use this file.{said} Get it again "
        "from a source you trust, or choose another model."
    )


def _adapter_unfit(facts: Facts) -> str:
    name = file_name(facts)
    undo = "Take it out of the model's settings."
    match facts.get("problem"):
        case "no_adapter":
            return f"{name} is no LoRA adapter. {undo}"
        case "other_family":
            return (
                f"The adapter {name} is for models of the family {facts.get('architecture')}, and "
                f"this one is of {facts.get('wanted')}. {undo}"
            )
        case "refused":
            return (
                f"The adapter {name} does not fit this model: it was made for one of another size. "
                f"{undo}"
            )
        case problem:
            reason = _MODEL_FILE_PROBLEMS.get(str(problem), "it is not sound. Get it again")
            return f"The adapter {name} cannot be used: {reason}, or take it out of the settings."


def _model_too_large(facts: Facts) -> str:
    needed, free = facts.get("needed_bytes"), facts.get("free_bytes")
    sizes = "more memory than is free"
    if isinstance(needed, int) and isinstance(free, int):
        memory = "the graphics card's memory" if facts.get("on_card") else "memory"
        sizes = f"{bytes_text(needed)} of {memory}, and {bytes_text(free)} are free"
    return (
        f"The model {facts.get('name')} was not loaded: it needs {sizes}. Close other programs, "
        f"choose a smaller one, or choose it anew {facts.ways.choose_model} to load it all the "
        "same."
    )


def _no_model_loaded(facts: Facts) -> str:
    return f"No model is loaded. Choose one {facts.ways.choose_model}."


def _no_model_installed(facts: Facts) -> str:
    return (
        f"No model is installed. '{SETUP_COMMAND}' installs the starter model. "
        f"{facts.ways.add_model}"
    )


def _context_overflow(facts: Facts) -> str:
    return (
        f"This is too long for the model: {facts.number('prompt_tokens')} tokens where "
        f"{facts.number('context_tokens')} fit. Ask about fewer documents, ask "
        f"{facts.ways.ask_by_passages}, or begin a new conversation."
    )


def _template_failed(facts: Facts) -> str:
    return (
        "The model's chat template cannot lay out this conversation. Choose another model "
        f"{facts.ways.choose_model}, or give this one another template in its settings."
    )


def _grammar_failed(facts: Facts) -> str:
    detail = facts.get("detail")
    return "The form asked for cannot be used" + (f": {detail}." if detail else ".")


def _decode_failed(_: Facts) -> str:
    return "The model could not work on this text. Ask again; if it stays, choose another model."


MODEL_SENTENCES: Final[dict[str, Callable[[Facts], str]]] = {
    "ModelNotFound": _model_not_found,
    "InvalidModelFile": _invalid_model,
    "ModelNeeded": _model_needed,
    "ImportFailed": _import_failed,
    "FolderNotUsable": _folder_not_usable,
    "ModelTooLarge": _model_too_large,
    "LoadFailed": _load_failed,
    "AdapterUnfit": _adapter_unfit,
    "NoModelLoaded": _no_model_loaded,
    "NoModelInstalled": _no_model_installed,
    "ContextOverflow": _context_overflow,
    "TemplateFailed": _template_failed,
    "GrammarFailed": _grammar_failed,
    "DecodeFailed": _decode_failed,
}
