"""LaTeX: what it prints, with its sections, lists, tables and footnotes; formulas as written.

pylatexenc turns commands, accents and signs into text; the structure is found here.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

from indexing.readers.assemble import Assembler, clean, clean_verbatim
from indexing.readers.plain import read_text
from indexing.readers.tables import guess_header, table_lines
from indexing.types import CanonicalDocument, ReadProgress

_LEVELS = {
    "part": 1, "chapter": 2, "section": 3, "subsection": 4, "subsubsection": 5, "paragraph": 6,
}  # fmt: skip
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*(?:\n[^\S\n]*(?=\S))?")
_SECTION = re.compile(rf"\\({'|'.join(_LEVELS)})\*?\s*(?:\[[^\]]{{0,500}}\]\s*)?(?=\{{)")
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([A-Za-z]+\*?)\}")
_TABLES = ("tabular", "tabularx", "longtable", "tabulary", "array")
_VERBATIM = ("verbatim", "lstlisting", "minted", "alltt")
_LISTS = ("itemize", "enumerate", "description")
_QUOTES = ("quote", "quotation", "verse")
_ITEM = re.compile(r"\\item\b\s*(?:\[([^\]]{0,300})\])?")
_FOOTNOTE = re.compile(r"\\footnote(?:text)?\s*(?:\[[^\]]{0,20}\]\s*)?(?=\{)")
_ROW = re.compile(r"\\\\\s*(?:\[[^\]]{0,40}\])?|\\tabularnewline")
_RULE = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot)\b|\\(?:cline|cmidrule)(?:\([^)]*\))?\{[^}]*\}"
)
_CELLS = re.compile(r"(?<!\\)&")
_MULTI = re.compile(r"\\multi(?:column|row)\s*\{[^}]*\}\s*\{[^}]*\}\s*(?=\{)")
_DROPPED = re.compile(
    r"\\(?:label|vspace|hspace|includegraphics|bibliographystyle|bibliography|setcounter"
    r"|addcontentsline|pagestyle|thispagestyle|newpage|clearpage|maketitle|tableofcontents"
    r"|centering|noindent|small|footnotesize)(?![A-Za-z])\*?(?:\s*\[[^\]]*\])?(?:\{[^{}]*\})*"
)
_CITE = re.compile(
    r"\\(?:[Cc]ite[a-zA-Z]*|parencite|textcite|autocite|ref|eqref|autoref|[cC]ref|pageref)"
    r"\*?(?:\[[^\]]*\])*\{([^{}]*)\}"
)
_CAPTION = re.compile(r"\\caption\*?(?:\[[^\]]*\])?(?=\{)")
_GAP = re.compile(r"\n[^\S\n]*\n\s*")


def read_latex(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a LaTeX file.

    Raises:
        TooLarge, FileUnreadable, EmptyDocument: As for plain text.
    """
    yield ReadProgress(0, None)
    text = yield from read_text(path)
    body = _without_comments(text)
    begin = body.find("\\begin{document}")
    preamble = body[:begin] if begin >= 0 else ""
    body = body[begin + len("\\begin{document}") :] if begin >= 0 else body
    body = body.partition("\\end{document}")[0]
    writer = _Writer()
    title = writer.plain(_argument_of(preamble + body, "title"))
    if title:
        writer.assembler.block(" ".join(title.split()), "heading")
    writer.paragraphs(_argument_of(preamble + body, "author").replace("\\and", "\n\n"))
    position = 0
    for match in _SECTION.finditer(body):
        if match.start() < position:
            continue
        writer.body(body[position : match.start()])
        argument, position = _group(body, match.end())
        heading = " ".join(writer.plain(argument).split())
        writer.assembler.heading(heading, _LEVELS[match.group(1)])
        yield ReadProgress(position, len(body))
    writer.body(body[position:])
    return writer.assembler.finish(path, "latex", title)


class _Writer:
    """Adds pieces of LaTeX to a text."""

    def __init__(self) -> None:
        from pylatexenc import latex2text  # pyright: ignore[reportMissingTypeStubs]

        library: Any = latex2text
        self.assembler = Assembler()
        self._converter: Any = library.LatexNodes2Text(
            math_mode="verbatim", keep_comments=False, strict_latex_spaces=False
        )
        self._notes = 0

    def body(self, text: str) -> None:
        """Adds what stands between two section titles."""
        position = 0
        kinds: list[str] = []
        for match in _ENVIRONMENT.finditer(text):
            if match.start() < position:
                continue
            name = match.group(2)
            if name in (*_TABLES, *_VERBATIM) and match.group(1) == "begin":
                end = text.find(f"\\end{{{name}}}", match.end())
                end = len(text) if end < 0 else end
                self._piece(text[position : match.start()], kinds)
                self._whole(name, text[match.end() : end])
                position = min(len(text), end + len(f"\\end{{{name}}}"))
            elif name in (*_LISTS, *_QUOTES, "abstract", "figure", "table", "center"):
                self._piece(text[position : match.start()], kinds)
                position = match.end()
                if match.group(1) == "begin":
                    kinds.append(name)
                elif name in kinds:
                    del kinds[kinds.index(name) :]
        self._piece(text[position:], kinds)

    def paragraphs(self, text: str, quote: bool = False) -> None:
        """Adds what empty lines part, the footnotes behind what calls them."""
        for paragraph in _GAP.split(text):
            body, notes = self._noted(paragraph)
            self.assembler.block(self.plain(body), "quote" if quote else "paragraph")
            self._put(notes)

    def plain(self, text: str) -> str:
        """LaTeX as it prints."""
        if not text.strip():
            return ""
        text = _CITE.sub(r"[\1]", _CAPTION.sub("", _DROPPED.sub("", text)))
        try:
            return clean(str(self._converter.latex_to_text(text, tolerant_parsing=True)))
        except (ValueError, IndexError, RecursionError, AttributeError, TypeError):
            return clean(text)

    def _piece(self, text: str, kinds: list[str]) -> None:
        inner = kinds[-1] if kinds else ""
        if inner not in _LISTS:
            self.paragraphs(text, quote=inner in _QUOTES)
            return
        pieces = _ITEM.split(text)
        self.paragraphs(pieces[0])
        for number, (label, item) in enumerate(zip(pieces[1::2], pieces[2::2], strict=True), 1):
            marker = "•"
            if label:
                marker = self.plain(label)
            elif inner == "enumerate":
                marker = f"{number}."
            body, notes = self._noted(item)
            said = self.plain(body)
            self.assembler.block(f"{marker} {said}" if said else "", "list_item")
            self._put(notes)

    def _whole(self, name: str, text: str) -> None:
        if name in _VERBATIM:
            self.assembler.block(clean_verbatim(text), "code")
            return
        # The columns' widths and alignments stand in front.
        text = text.lstrip()
        while text.startswith(("{", "[")):
            text = text[_group(text, 0)[1] :].lstrip()
        rows: list[list[str]] = []
        for row in _ROW.split(_RULE.sub("", text)):
            cells = [self.plain(_MULTI.sub("", cell)) for cell in _CELLS.split(row)]
            if any(cells):
                rows.append(cells)
        lines = table_lines(rows, guess_header(rows))
        self.assembler.table([line for line in lines if line])

    def _noted(self, text: str) -> tuple[str, list[str]]:
        """A text with a mark for each of its footnotes; and these."""
        notes: list[str] = []
        while (match := _FOOTNOTE.search(text)) is not None:
            note, end = _group(text, match.end())
            self._notes += 1
            notes.append(f"[Footnote {self._notes}] {self.plain(note)}")
            text = f"{text[: match.start()]}[{self._notes}]{text[end:]}"
        return text, notes

    def _put(self, notes: list[str]) -> None:
        for note in notes:
            self.assembler.block(note, "paragraph")


def _without_comments(text: str) -> str:
    """The text without comments, but for what is verbatim."""
    pieces: list[str] = []
    position = 0
    for match in re.finditer(
        r"\\begin\{(verbatim|lstlisting|minted|alltt)\}.*?\\end\{\1\}", text, re.DOTALL
    ):
        pieces.append(_COMMENT.sub(r"\1", text[position : match.start()]))
        pieces.append(match.group())
        position = match.end()
    return "".join([*pieces, _COMMENT.sub(r"\1", text[position:])])


def _argument_of(text: str, command: str) -> str:
    match = re.search(rf"\\{command}\s*(?:\[[^\]]{{0,500}}\]\s*)?(?=\{{)", text)
    return _group(text, match.end())[0] if match else ""


def _group(text: str, start: int) -> tuple[str, int]:
    """What stands in the braces or brackets that open at an offset, and the offset behind them."""
    opening = text[start : start + 1]
    closing = {"{": "}", "[": "]"}.get(opening)
    if closing is None:
        return "", start
    depth = 0
    for match in re.compile(r"\\.|[{}\[\]]", re.DOTALL).finditer(text, start):
        if match.group() == opening:
            depth += 1
        elif match.group() == closing:
            depth -= 1
            if depth == 0:
                return text[start + 1 : match.start()], match.end()
    return text[start + 1 :], len(text)
