from __future__ import annotations

import io

import msgspec

from assistant.answering.receipts import DocumentReceipt, ReadingForecast, ReadingReceipt
from assistant.answering.types import Answer, AnswerSentence, Citation, Phase, Plan, Timing
from assistant.cli.arguments import parse
from assistant.cli.ask_commands import phase_text, plan_text, print_answer, shown
from assistant.cli.console import Console
from assistant.cli.receipt_text import receipt_lines

RECEIPT = ReadingReceipt(
    documents=(
        DocumentReceipt(1, "lease", 312, 311, 800, 800, (41,)),
        DocumentReceipt(2, "notes", None, 0, 9, 9, (), ()),
        DocumentReceipt(3, "annex", 9, 0, 0, 0, reason="it needs a password"),
    ),
    windows=90,
    windows_read=90,
    windows_kept=30,
    found=12,
    dropped=3,
    merged=2,
    seconds=700,
    passed_over=50,
)
QUOTE = "Small repairs are borne by the tenant."
ANSWER = Answer(
    question="Which repairs?",
    answer="1 found:\n\n- Small repairs",
    sentences=(AnswerSentence("Small repairs", True, (1,), 12, 25),),
    citations=(Citation(1, 1, "/lease.pdf", "lease", 4, 0, len(QUOTE), QUOTE),),
    mode="everything",
    model="small.gguf",
    timing=Timing(0, 0, 0, 0, 0, 0),
    receipt=RECEIPT,
)


def test_the_receipt_says_what_was_read_what_not_and_why():
    assert receipt_lines(RECEIPT) == [
        (
            "311 of 321 pages read; 9 of 9 passages read of documents without pages "
            "(30 of 90 steps read before)."
        ),
        "lease: page 41 without text to read.",
        "annex was not read: it needs a password",
        "50 of 90 steps passed over: the model says that they do not answer.",
        (
            "12 written down by the model, 3 dropped (not in the text, or only copied from it), "
            "2 said before."
        ),
    ]


def test_json_has_the_receipt_and_without_one_nothing_changes():
    whole = msgspec.to_builtins(shown(ANSWER))
    assert whole["receipt"]["documents"][0]["empty_pages"] == (41,)
    assert whole["citations"][0]["quote"] == QUOTE
    plain = msgspec.to_builtins(shown(msgspec.structs.replace(ANSWER, receipt=None)))
    assert set(whole) - set(plain) == {"receipt"}


def test_it_is_printed_under_the_answer():
    out = io.StringIO()
    print_answer(Console(out=out, err=io.StringIO()), ANSWER, streamed=False)
    assert "- Small repairs [1]\n\n311 of 321 pages read" in out.getvalue()


def test_the_forecast_and_the_progress_say_how_long_it_takes():
    plan = Plan("everything", 10, 0, 8192, 690, 9, 2, 3,
                reading=ReadingForecast(2, 74, 12, 104, 20, 61_400, 690))  # fmt: skip
    assert plan_text(plan) == (
        "Reading 2 documents, 104 pages in 74 steps, 12 of them read before: about 12 min"
    )
    text = phase_text(Phase("reading_all", 31, 104, 470))
    assert text == "Reading everything: 31 of 104, about 8 min left"


def test_everything_is_a_mode_of_asking():
    assert parse(["ask", "--mode", "everything", "List all"]).mode == "everything"
    assert parse(["ask", "--mode", "everything", "List all"]).mode == "everything"
    assert parse(["ask", "List all"]).mode == "auto"
