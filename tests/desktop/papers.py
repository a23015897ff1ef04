"""Small PDF files for the window's tests."""

from __future__ import annotations

from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate

RENT = (
    "The rent is due on the fifth of each month and is paid by bank transfer to the account of "
    "the landlord, who confirms each payment within a week in writing. "
)
REPAIRS = (
    "Small repairs up to one hundred euros each are borne by the tenant. All other repairs are "
    "borne by the landlord, who is to be told of damage without delay."
)


def write_pdf(path: Path, pages: list[list[str]], password: str | None = None) -> Path:
    """Write a PDF of paragraphs."""
    style = getSampleStyleSheet()["BodyText"]
    lock = StandardEncryption(password, ownerPassword="owner") if password else None
    story: list[Flowable] = []
    for page in pages:
        story += [Paragraph(text, style) for text in page]
        story.append(PageBreak())
    SimpleDocTemplate(str(path), pagesize=A4, encrypt=lock, title=path.stem).build(story)
    return path


def lease(path: Path) -> Path:
    """Write a lease of two pages."""
    return write_pdf(path, [[RENT * 3, "The end of the first page."], [REPAIRS]])


def long(path: Path, pages: int) -> Path:
    """Write a document of many pages, each with its own words."""
    return write_pdf(
        path, [[f"Page {n} tells of matter number {n * 7}. " * 12] for n in range(1, pages + 1)]
    )
