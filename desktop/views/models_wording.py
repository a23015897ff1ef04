"""What is said of models: what they are, how they do here, how a download stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from assistant.wording import bytes_text
from desktop.presenters.forecasts import ModelForecast
from desktop.presenters.models import ModelsPresenter
from desktop.views.wording import counted, decimal, number, seconds
from desktop.wording import explain
from models.facts import ModelFacts
from models.fit import Demand, Fit
from models.sources import Place, Source

if TYPE_CHECKING:
    from assistant.services.downloads import Download

# Names of programs are not translated.
_SOURCES: Final[dict[Source, str]] = {
    "lmstudio": "LM Studio",
    "jan": "Jan",
    "gpt4all": "GPT4All",
    "ollama": "Ollama",
    "huggingface": "Hugging Face",
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("ModelsWording", text)


def size_text(parameters: int) -> str:
    """Return how large a model is, by its parameters."""
    if parameters >= 1_000_000_000:
        return _tr("{n} billion parameters").format(n=decimal(parameters / 1e9))
    return _tr("{n} million parameters").format(n=number(parameters / 1e6))


def licence_text(licence: str) -> str:
    """Return a licence as it is mostly written: models write "apache-2.0"."""
    known = {
        "apache-2.0": "Apache-2.0", "mit": "MIT", "other": "", "gemma": _tr("Gemma terms of use"),
        "llama3.2": _tr("Llama 3.2 licence"),
    }  # fmt: skip
    text = known.get(licence.strip().casefold(), licence.strip())
    return text or _tr("licence not stated")


def fit_text(fit: Fit) -> str:
    """Return in a word whether a model fits into this computer's memory."""
    return {"well": _tr("fits well"), "tight": _tr("just fits"), "not": _tr("will not fit")}[fit]


def forecast_text(known: ModelForecast) -> str:
    """Return what a model would take of this computer's memory, in sentences."""
    needs = demand_text(known.demand)
    text = _tr("{needs}: {fit}.").format(
        needs=f"{needs[:1].upper()}{needs[1:]}", fit=fit_text(known.fit)
    )
    return f"{text} {largest_text(known)}"


def demand_text(demand: Demand) -> str:
    """Return what a model needs of the memory that decides whether it fits, and what is free."""
    text = (
        _tr("needs {needed} of {free} free on the graphics card")
        if demand.on_card
        else _tr("needs {needed} of {free} free memory")
    )
    return text.format(needed=bytes_text(demand.needed), free=bytes_text(demand.free))


def memory_name(*, on_card: bool) -> str:
    """Return what memory is called that a model needs."""
    return _tr("the graphics card's memory") if on_card else _tr("memory")


def largest_text(known: ModelForecast) -> str:
    """Return which context a model could have, as a sentence."""
    if not known.largest_context:
        return _tr("It does not fit with any context.")
    largest = number(known.largest_context)
    return _tr("A context of up to {n} tokens fits.").format(n=largest)


def source_text(source: Source) -> str:
    """Return where a model lies that is not the library's own; "" for one that is."""
    if source == "library":
        return ""
    where = _SOURCES.get(source, _tr("a folder you added"))
    return _tr("used in place: {where}").format(where=where)


def folder_text(place: Place, models: int) -> str:
    """Return whose a folder is, and how many models it has."""
    theirs = _SOURCES.get(place.source)
    count = counted(models, _tr("1 model"), _tr("{n} models")) if models else _tr("no model")
    return f"{theirs} · {count}" if theirs is not None else count


def kind_text(facts: ModelFacts, licence: str) -> str:
    """Return what a model is, in a line."""
    parts = [facts.quantization, bytes_text(facts.bytes)]
    if facts.parameters:
        parts.append(size_text(facts.parameters))
    if facts.parameters or facts.problem is None:
        parts.append(licence_text(licence))
    parts.append(source_text(facts.source))
    return " · ".join(part for part in parts if part)


def here_text(facts: ModelFacts, models: ModelsPresenter) -> str:
    """Return how a model does on this computer, in a line."""
    parts: list[str] = []
    speed = models.forecasts.speed(facts)
    loaded = models.loaded if models.is_loaded(facts) else None
    if speed.read:
        parts.append(_tr("reads {n} tokens/s").format(n=number(speed.read)))
    if speed.write:
        parts.append(_tr("writes {n} tokens/s").format(n=number(speed.write)))
    if loaded is not None:
        parts.append(
            _tr("context {used} of {all}").format(
                used=number(loaded.context_tokens), all=number(loaded.trained_context)
            )
        )
    elif facts.trained_context:
        parts.append(_tr("context {n} tokens").format(n=number(facts.trained_context)))
    if models.forecasts.fit(facts) != "not":
        parts.append(demand_text(models.forecasts.demand(facts)))
    return " · ".join(parts)


def download_text(download: Download) -> str:
    """Return how a download stands, in a line."""
    progress = download.progress
    share = int(100 * progress.done / progress.total) if progress.total else 0
    amount = (
        _tr("{done} of {all} · {n} %").format(
            done=bytes_text(progress.done), all=bytes_text(progress.total), n=share
        )
        if progress.total
        else ""
    )
    match download.state:
        case "failed":
            return explain(download.error) if download.error is not None else _tr("It failed.")
        case "paused":
            return " · ".join(part for part in (_tr("paused"), amount) if part)
        case "waiting":
            return _tr("waiting for another download")
        case _:
            pass
    phase = {
        "asking": _tr("asking the hub"),
        "waiting": _tr("interrupted, trying again"),
        "checking": _tr("checking what arrived"),
    }.get(progress.phase, "")
    speed = left = ""
    if progress.phase == "downloading" and progress.bytes_per_s:
        speed = _tr("{size}/s").format(size=bytes_text(round(progress.bytes_per_s)))
        if progress.seconds_left is not None:
            left = _tr("{time} left").format(time=seconds(progress.seconds_left))
    return " · ".join(part for part in (phase, amount, speed, left) if part)
