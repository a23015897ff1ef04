"""A small library and conversations to look at, kept in a real data folder.

The documents are indexed by the real index and the conversations written through the real
store; only the words of the answers are given, so that pictures stay comparable.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from assistant.answering.types import Answer, AnswerSentence, Citation, Plan, Timing
from assistant.assistant import Assistant
from assistant.conversations.types import Conversation, Failure, Scope
from assistant.paths import DataPaths
from indexing.types import DocumentRow

LEASE = """# Lease of the flat at Canal Street 9

## 1. Term

This lease begins on 1 March 2024 and is made for an unlimited time. Either party may end it \
with three months' notice in writing, to the end of a month.

## 2. Rent

The rent is 1,240 euros a month, heating not included. It is due on the fifth of each month \
and is paid by bank transfer to the landlord's account. Heating is charged at 95 euros a month \
and settled once a year by the real consumption.

## 3. Deposit

The tenant pays a deposit of two months' rent before moving in. The landlord keeps it in an \
account of its own, apart from the landlord's other money.

## 4. Repairs

Small repairs up to 100 euros each are borne by the tenant. All other repairs are borne by the \
landlord, who is to be told of damage without delay.
"""

RULES = """# House rules

Quiet hours are from 22:00 to 07:00. Bicycles are kept in the yard, not in the stairwell. \
Each floor cleans its stairs in turn, week by week.
"""

ANSWER = """The lease can be ended with **three months' notice**, in writing, to the end of a \
month. The rent of 1,240 euros is due on the fifth of each month. The deposit is usually \
returned within six weeks.

- Small repairs up to 100 euros are yours.
- All others are the landlord's, who must be told without delay.
"""

PROOF = (
    ("The lease can be ended with **three months' notice**, in writing, to the end of a month.",
     "Either party may end it with three months' notice in writing, to the end of a month."),
    ("The rent of 1,240 euros is due on the fifth of each month.",
     ("It is due on the fifth of each month and is paid by bank transfer to the landlord's "
     "account.")),
    ("The deposit is usually returned within six weeks.", ""),
    ("Small repairs up to 100 euros are yours.",
     "Small repairs up to 100 euros each are borne by the tenant."),
    ("All others are the landlord's, who must be told without delay.",
     "All other repairs are borne by the landlord, who is to be told of damage without delay."),
)  # fmt: skip

CODE_ANSWER = """You can work it out in a few lines:

```python
from datetime import date

def last_day(notice: date, months: int = 3) -> date:
    # The lease ends with the month, however early in it the notice comes.
    month = notice.month + months
    return date(notice.year + (month - 1) // 12, (month - 1) % 12 + 1, 28)
```

| Notice given | Lease ends |
|---|--:|
| 3 March 2026 | 30 June 2026 |
| 30 April 2026 | 31 July 2026 |

`last_day` takes the day on which the letter arrives.
"""

TIMING = Timing(
    retrieve_ms=180,
    prompt_tokens=1240,
    cached_tokens=310,
    first_token_ms=1720,
    answer_tokens=96,
    tokens_per_s=31.4,
)
PLAN = Plan(
    mode="retrieval",
    prompt_tokens=1240,
    cached_tokens=310,
    context_tokens=8192,
    seconds_to_first_word=4.2,
    passages=6,
    documents_used=1,
    documents_searched=2,
)


def models_folder() -> Path | None:
    """Where the models for tests lie, if there are any."""
    named = os.environ.get("STUDIOLO_TEST_MODELS")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / ".models"
    return folder if folder.is_dir() else None


def link_models(paths: DataPaths, chat_model: str | None) -> None:
    """Put the embedder, and a chat model, into a data folder without copying them."""
    folder = models_folder()
    if folder is None:
        raise FileNotFoundError("no models for tests: set STUDIOLO_TEST_MODELS")
    paths.embedder.parent.mkdir(parents=True, exist_ok=True)
    paths.embedder.symlink_to(folder / "all-MiniLM-L6-v2", target_is_directory=True)
    if chat_model is not None:
        (paths.models / chat_model).symlink_to(folder / chat_model)


def add_documents(assistant: Assistant, folder: Path) -> list[DocumentRow]:
    """Index the lease and the house rules."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("lease.md", LEASE), ("house-rules.md", RULES)):
        (folder / name).write_text(text, encoding="utf-8")
    job = assistant.add_documents([str(folder / "lease.md"), str(folder / "house-rules.md")])
    return list(job.result(timeout=120).documents)


def lease_answer(row: DocumentRow, text: str) -> Answer:
    """Return an answer about the lease, with its proof, four sentences of five."""
    citations: list[Citation] = []
    sentences: list[AnswerSentence] = []
    for said, quote in PROOF:
        start = ANSWER.index(said)
        numbers: tuple[int, ...] = ()
        if quote:
            at = text.index(quote)
            numbers = (len(citations) + 1,)
            citations.append(
                Citation(
                    n=numbers[0],
                    document=row.id,
                    path=row.path,
                    title=row.title,
                    page=None,
                    start=at,
                    end=at + len(quote),
                    quote=quote,
                )
            )
        sentences.append(
            AnswerSentence(
                text=said,
                supported=bool(quote),
                citations=numbers,
                start=start,
                end=start + len(said),
            )
        )
    return Answer(
        question="How can I end the lease, and when is the rent due?",
        answer=ANSWER,
        sentences=tuple(sentences),
        citations=tuple(citations),
        mode="retrieval",
        model="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        timing=TIMING,
    )


def plain_answer(
    question: str, text: str, model: str = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
) -> Answer:
    """Return an answer of the model alone."""
    return Answer(
        question=question, answer=text, sentences=(), citations=(), mode="chat",
        model=model, timing=TIMING,
    )  # fmt: skip


def write_conversations(assistant: Assistant, lease: DocumentRow) -> Conversation:
    """Write some conversations; return the one about the lease."""
    store = assistant.conversations
    for title in ("Tax return 2025", "Translate the letter to the bank", "Reading list"):
        other = store.create()
        store.ask(other.id, title)
    lease_talk = store.create(Scope(documents=(lease.id,)))
    answer = lease_answer(lease, assistant.catalog.text(lease.id))
    question = store.ask(lease_talk.id, answer.question)
    store.rename(lease_talk.id, "Lease questions")
    writer = store.begin_answer(question.id, answer.model)
    writer.plan(PLAN)
    writer.append(answer.answer)
    writer.finish(answer)
    code = plain_answer("How do I work out the last day in Python?", CODE_ANSWER)
    question = store.ask(lease_talk.id, code.question)
    writer = store.begin_answer(question.id, code.model)
    writer.append(code.answer)
    writer.finish(code)
    store.pin(store.list()[-1].id, True)
    return store.get(lease_talk.id)


def write_outcomes(assistant: Assistant) -> Conversation:
    """Write a conversation of answers that ended otherwise; return it."""
    store = assistant.conversations
    talk = store.create()
    question = store.ask(talk.id, "Who was the flat's first tenant?")
    store.rename(talk.id, "How answers end")
    declined = msgspec.structs.replace(
        plain_answer(question.text, "Your documents do not say who the first tenant was."),
        mode="retrieval",
        declined=True,
        withdrawn="The first tenant was a Mr. Brandt, who moved in when the house was built.",
    )
    writer = store.begin_answer(question.id, declined.model)
    writer.plan(PLAN)
    writer.finish(declined)
    question = store.ask(talk.id, "Write a letter that gives notice.")
    writer = store.begin_answer(question.id, declined.model)
    writer.think("The person wants a formal letter. It needs a date, both names and the address.")
    writer.append("Dear Madam or Sir,\n\nwith this letter I give notice of the lease of the")
    writer.stop()
    question = store.ask(talk.id, "And in German?")
    writer = store.begin_answer(question.id, declined.model)
    writer.append("Sehr geehrte Damen und Herren,\n\nhiermit kündige ich")
    writer.fail(Failure("WorkerDied", {"worker": "model", "exit_code": -9}))
    return store.get(talk.id)
