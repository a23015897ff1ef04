"""What was read through for an answer, as sentences of the command line."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answering.receipts import DocumentReceipt, ReadingForecast, ReadingReceipt

# So many pages are named one by one.
_MOST_NAMED = 12


def forecast_text(forecast: ReadingForecast) -> str:
    """Say what reading everything will take."""
    what = f"{forecast.documents} document{'' if forecast.documents == 1 else 's'}"
    if forecast.pages:
        what += f", {forecast.pages:,} pages"
    text = f"Reading {what} in {forecast.windows:,} steps"
    if forecast.windows_kept:
        text += f", {forecast.windows_kept:,} of them read before"
    if forecast.seconds is not None:
        text += f": about {duration_text(forecast.seconds)}"
    return text


def receipt_lines(receipt: ReadingReceipt) -> list[str]:
    """Say what was read, what was not and why, and what became of what was written down."""
    lines = [_read_text(receipt)]
    for document in receipt.documents:
        lines += _gaps(document)
    kept = receipt.found - receipt.dropped
    if receipt.passed_over:
        lines.append(
            f"{receipt.passed_over:,} of {receipt.windows_read:,} steps passed over: the model "
            "says that they do not answer."
        )
    told = f"{receipt.found:,} written down by the model"
    if receipt.dropped:
        told += f", {receipt.dropped:,} dropped (not in the text, or only copied from it)"
    if receipt.left_out:
        told += f", {receipt.left_out:,} left out (asked again, the model says no)"
    if receipt.merged and kept:
        told += f", {receipt.merged:,} said before"
    return [*lines, f"{told}."]


def duration_text(seconds: float) -> str:
    """Return a stretch of time with its unit."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _read_text(receipt: ReadingReceipt) -> str:
    parts: list[str] = []
    if receipt.pages:
        parts.append(f"{receipt.pages_read:,} of {receipt.pages:,} pages read")
    unpaged = [one for one in receipt.documents if one.pages is None and not one.reason]
    if unpaged:
        read = sum(one.passages_read for one in unpaged)
        total = sum(one.passages for one in unpaged)
        parts.append(f"{read:,} of {total:,} passages read of documents without pages")
    text = "; ".join(parts) or "Nothing was read"
    if receipt.windows_kept:
        text += f" ({receipt.windows_kept:,} of {receipt.windows:,} steps read before)"
    return f"{text}."


def _gaps(document: DocumentReceipt) -> list[str]:
    if document.reason:
        return [f"{document.title} was not read: {document.reason}"]
    lines: list[str] = []
    if document.empty_pages:
        lines.append(f"{document.title}: {_pages(document.empty_pages)} without text to read.")
    if document.unread_pages:
        lines.append(
            f"{document.title}: {_pages(document.unread_pages)} gave more than the model could "
            "write down; some of it may be missing."
        )
    return lines


def _pages(pages: Sequence[int]) -> str:
    named = ", ".join(map(str, pages[:_MOST_NAMED]))
    more = f" and {len(pages) - _MOST_NAMED} more" if len(pages) > _MOST_NAMED else ""
    return f"page{'' if len(pages) == 1 else 's'} {named}{more}"
