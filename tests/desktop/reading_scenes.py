"""Pictures of reading everything, and of what an answer says was read for it."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import scenes

from assistant.answering.receipts import (
    Consulted,
    DocumentReceipt,
    FoundPiece,
    ReadingForecast,
    ReadingReceipt,
)
from assistant.answering.types import (
    Answer,
    AnswerDelta,
    AnswerSentence,
    AskRequest,
    Citation,
    Phase,
    Plan,
)
from assistant.assistant import Assistant
from assistant.paths import DataPaths
from desktop.presenters.live import LiveAnswer
from desktop.widgets.disclosure import Disclosure

if TYPE_CHECKING:
    from screens import Studio

NAMES = ("everything", "what-was-read")
QUESTION = "Which repairs does the tenant bear?"
ITEMS = (
    ("Small repairs up to 100 euros each (Repairs)", "Small repairs up to 100 euros each"),
    ("Cleaning the stairs in turn (House rules)", "Each floor cleans its stairs in turn"),
    ("Heating, by the real consumption (Rent)", "settled once a year by the real consumption"),
)
COMPARED = (
    ("**Rent**", ("The rent is 1,150 euros a month.", "The rent is 1,840 euros a month.")),
    ("**Damage** (the same in all)", ("Damage must be reported at once.",) * 2),
    ("**Pets**", ("Pets need the landlady's written consent.", "")),
)
FORECAST = ReadingForecast(
    documents=2, windows=74, windows_kept=0, pages=104, pages_kept=0, tokens=61_400, seconds=690
)
PLAN = Plan(
    mode="everything",
    prompt_tokens=61_400,
    cached_tokens=0,
    context_tokens=8192,
    seconds_to_first_word=690,
    passages=288,
    documents_used=2,
    documents_searched=3,
    reading=FORECAST,
)


def answer(read: int = 104) -> Answer:
    """Return an answer for which so many of 104 pages were read."""
    complete = read == 104
    head = "3 found:" if complete else "3 found so far:"
    text, sentences, citations = f"{head}\n\n", [], []
    for n, (item, quote) in enumerate(ITEMS, start=1):
        start = len(text) + 2
        text += f"- {item}\n"
        sentences.append(AnswerSentence(item, True, (n,), start, start + len(item)))
        citations.append(Citation(n, 1, "/mine/lease.pdf", "lease", 7 * n, 0, len(quote), quote))
    receipt = ReadingReceipt(
        documents=(
            DocumentReceipt(1, "lease", 93, read - 11, 250, 240 if complete else 90, (41,)),
            DocumentReceipt(2, "house-rules", 11, 11, 38, 38, (), (3, 4)),
            DocumentReceipt(3, "annex-scan", 9, 0, 0, 0, reason="page 1 has no text"),
        ),
        windows=74,
        windows_read=74 if complete else 31,
        windows_kept=12,
        found=9,
        dropped=4,
        merged=1,
        left_out=2,
        seconds=655,
    )
    plain = scenes.plain_answer(QUESTION, text.strip())
    return msgspec.structs.replace(
        plain,
        mode="everything",
        sentences=tuple(sentences),
        citations=tuple(citations),
        stopped=not complete,
        receipt=receipt,
    )


def comparison() -> Answer:
    """Return an answer that puts two documents side by side."""
    text, sentences, citations = "", [], []
    for name, told in COMPARED:
        text += f"{name}\n\n"
        for document, said in enumerate(told, start=1):
            text += f"- {('Lease of the flat', 'Lease of the house')[document - 1]}: "
            start = len(text)
            text += f"{said or '*nothing found*'}\n"
            if said:
                n = len(citations) + 1
                sentences.append(AnswerSentence(said, True, (n,), start, start + len(said)))
                citations.append(Citation(n, document, "/m/l.pdf", "lease", n, 0, len(said), said))
        text += "\n"
    return msgspec.structs.replace(
        answer(), answer=text.strip(), sentences=tuple(sentences), citations=tuple(citations)
    )


def searched() -> Plan:
    """Return a plan that says what was searched and found."""
    pieces = tuple(
        FoundPiece(n, f"/mine/{name}", name, page, last, 0, 900, passages, 0.6, given)
        for n, (name, page, last, passages, given) in enumerate(
            (
                ("lease.pdf", 4, 5, 3, True),
                ("lease.pdf", 9, 9, 1, True),
                ("house-rules.md", None, None, 2, True),
                ("The long annex to the lease of the flat at Canal Street.pdf", 2, 2, 1, False),
            ),
            start=1,
        )
    )
    queries = ("Who bears the repairs?", "repairs tenant landlord lease")
    return msgspec.structs.replace(
        scenes.PLAN, documents_used=2, documents_searched=14, consulted=Consulted(queries, pieces)
    )


def shoot(studio: Studio, root: Path) -> None:
    """Take all of them."""
    if not any(studio.wanted_of(name) for name in NAMES):
        return
    paths = DataPaths(root).create()
    scenes.link_models(paths, "SmolLM2-135M-Instruct.Q4_1.gguf")
    assistant = Assistant(paths)
    scenes.add_documents(assistant, root / "mine")
    talks = write(assistant)
    assistant.close()
    window = studio.window(paths)
    main, session = window.main, window.session
    studio.settle(until=lambda: session.models.state == "ready")
    for name, talk in talks.items():
        session.conversations.open(talk)
        studio.settle(until=lambda: len(session.chat.messages) == 2)
        studio.settle(0.3)
        for opener in main.findChildren(Disclosure):
            if opener.accessibleName() == "What was read" and opener.isVisible():
                opener.setChecked(True)
        studio.shoot(window, name)
    session.conversations.open(None)
    composer = main._composer
    composer._field.setPlainText("Which repairs does the tenant bear? List all of them.")
    studio.settle(0.6)
    searches = msgspec.structs.replace(scenes.PLAN, documents_searched=14)
    studio.shoot(window, "everything-suggested", lambda: session.composer._on_planned(searches))
    session.composer.set_mode("everything")
    studio.settle(0.6)
    studio.shoot(window, "everything-forecast", lambda: session.composer._on_planned(PLAN))
    reading(studio, window)
    main.close()
    window.close()


def write(assistant: Assistant) -> dict[str, int]:
    """Write the conversations; return them by the names of their pictures."""
    store = assistant.conversations
    talks: dict[str, int] = {}
    given = scenes.plain_answer(QUESTION, "The tenant bears small repairs up to 100 euros each.")
    given = msgspec.structs.replace(given, mode="retrieval")
    for name, plan, made in (
        ("everything-answer", PLAN, answer()),
        ("everything-stopped", PLAN, answer(42)),
        ("everything-comparison", PLAN, comparison()),
        ("what-was-read", searched(), given),
    ):
        talk = store.create()
        question = store.ask(talk.id, QUESTION)
        writer = store.begin_answer(question.id, made.model)
        writer.plan(plan)
        writer.finish(made)
        talks[name] = talk.id
    return talks


def reading(studio: Studio, window: Any) -> None:
    """Read on for as long as pictures are taken."""
    session = window.session
    request = AskRequest(QUESTION, mode="everything")
    live = LiveAnswer(request, session.chat)

    def script() -> Generator[Any, None, None]:
        yield PLAN
        yield AnswerDelta("".join(f"- {item}\n" for item, _ in ITEMS[:2]))
        while True:
            time.sleep(0.02)
            yield Phase("reading_all", 31, 104, 470.0)

    session.chat._lives = [live]
    live.follow(session.bridge.start("picture", script))
    session.chat.messages_changed.emit()
    session.chat.live_changed.emit()
    studio.settle(until=lambda: bool(live.text) and live.phase is not None)
    studio.shoot(window, "everything-reading")
    live.stop()
    studio.settle(until=lambda: live.is_over)
