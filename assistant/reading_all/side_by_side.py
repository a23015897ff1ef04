"""A comparison as text: under each topic what every document says of it, with its proof."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answering.types import AnswerSentence, Citation
from assistant.reading_all.comparing import Comparison
from assistant.reading_all.documents import Readable
from assistant.reading_all.findings import Laid, citation
from assistant.reading_all.merging import Place
from assistant.reading_all.prompts import wording
from indexing.catalog import Catalog


class _Page:
    """What is written so far: sentences with their places, and the words between them."""

    def __init__(self, documents: Sequence[Readable], catalog: Catalog) -> None:
        self.text = ""
        self.sentences: list[AnswerSentence] = []
        self.citations: dict[Place, Citation] = {}
        self._documents = {document.row.id: document for document in documents}
        self._catalog = catalog

    def heading(self, name: str, remark: str = "") -> None:
        """Write what stands over some lines."""
        self.text += f"**{name}** ({remark})\n\n" if remark else f"**{name}**\n\n"

    def line(self, title: str, places: Sequence[Place]) -> None:
        """Write a line with what stands in a document, or with words of the program's alone."""
        self.text += f"- {title}: " if title else "- "
        if not places:
            self.text += f"*{wording().unsaid}*"
        for place in places:
            document = self._documents[place.document]
            cited = self.citations.setdefault(
                place, citation(len(self.citations) + 1, place, document, self._catalog)
            )
            said = " ".join(cited.quote.split())
            start = len(self.text)
            self.text += f"{said} "
            end = start + len(said)
            self.sentences.append(AnswerSentence(said, True, (cited.n,), start, end))
        self.text = self.text.rstrip() + "\n"

    def gap(self) -> None:
        """End a list."""
        self.text += "\n"


def lay_out(
    comparison: Comparison, documents: Sequence[Readable], catalog: Catalog, *, complete: bool
) -> Laid:
    """Return a comparison in Markdown.

    Args:
        comparison: What the documents say.
        documents: What was read, in order.
        catalog: Where places are looked up.
        complete: Whether everything was read.
    """
    words = wording()
    if not comparison.shared and not comparison.alone:
        return Laid(words.nothing if complete else words.nothing_so_far, (), ())
    page = _Page(documents, catalog)
    for topic in comparison.shared:
        everywhere = topic.same and len(topic.said) == len(documents)
        page.heading(_capital(topic.name), words.same if everywhere else "")
        for document in documents:
            page.line(document.row.title, topic.said.get(document.row.id, ()))
        page.gap()
    for document in documents:
        alone = [topic for topic in comparison.alone if document.row.id in topic.said]
        if alone:
            page.heading(words.alone.format(title=document.row.title))
            for topic in alone:
                page.line("", topic.said[document.row.id])
            page.gap()
    if comparison.left_out:
        page.text += words.more_topics.format(n=f"{comparison.left_out:,}")
    return Laid(page.text.strip(), tuple(page.sentences), tuple(page.citations.values()))


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
