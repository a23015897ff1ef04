"""Sentences as exact spans of a text.

Rules, not a model: a sentence ends at a terminal mark before white space unless what
stands there is an abbreviation, an initial or an enumerator; paragraphs, list items,
table rows and lines that were plainly broken on purpose end one too. Offsets are those of
the text given, so that `text[start:end]` is the sentence, and every character that is not
white space lies in exactly one sentence.
"""

from __future__ import annotations

import re
from itertools import pairwise

# Abbreviations that are followed by more of the same sentence, whatever comes next.
_NEVER_LAST_WORDS = """
mr mrs ms mx dr prof rev fr sr sra st gen col maj capt cmdr lt sgt cpl adm gov sen rep hon pres
supt messrs mme mlle hr fig figs eq eqs ex no nos nr art arts sec secs sect ch chap vol vols p
pp para paras pt pts ed eds tab ref refs cf e.g i.e eg ie viz vs v al approx ca circa resp incl
excl esp jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri
sat bzw z.b d.h u.a vgl s.o s.u abs nr bd hrsg geb gest str av ave blvd
"""
_NEVER_LAST = frozenset(_NEVER_LAST_WORDS.split())
# Of these, the ones that may end a sentence: only a number after them proves that they do not.
_BEFORE_NUMBER_WORDS = """
no nos nr p pp fig figs eq eqs art arts sec secs sect ch chap vol vols pt pts para paras ex abs
bd tab ref refs ed mar jun jul sat fri al av str
"""
_BEFORE_NUMBER = frozenset(_BEFORE_NUMBER_WORDS.split())
# Abbreviations that often end a sentence: the next word decides.
_MAYBE_LAST_WORDS = """
inc corp co ltd llc plc bros jr sr esq etc u.s u.k u.n e.u u.s.a a.m p.m ph.d m.d b.a m.a b.sc
m.sc d.c n.y n.a a.d b.c dept univ assn est mt ft min max sq hrs yrs in oz lb lbs cm km gmbh s.a
n.v l.p
"""
_MAYBE_LAST = frozenset(_MAYBE_LAST_WORDS.split())
_STARTERS_WORDS = """
a an the this that these those it its he she his her they their we our you your i my in on at by
for from to with as if when while where who what why how there here then thus so but and or
however also although because since after before during under over once no not all any each both
some such many most more see please in addition for example furthermore moreover therefore
finally first second third meanwhile despite according do does did is are was were can could may
will would should
"""
_STARTERS = frozenset(_STARTERS_WORDS.split())
_LABELS = re.compile(
    r"(?:item|section|part|chapter|article|note|clause|appendix|annex|schedule|exhibit|table"
    r"|figure|step|question|rule)\s+[\w.-]{1,8}",
    re.IGNORECASE,
)
_ENUMERATOR = re.compile(r"[(\[]?(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Z]|[ivxlIVXL]{1,6})[.)\]]*")
_LAST_WORD = re.compile(r"[\w.&’'-]+$")
_NEXT_WORD = re.compile(r"[\"'“‘«(\[*_]*([\w’'-]+)")

_END = re.compile(
    r"""
      (?<![.!?\u2026\u203d\u061f\u06d4\u0964])     # else a long row of marks is tried at each
      [.!?\u2026\u203d\u061f\u06d4\u0964]++ ["'\u201d\u2019\u00bb)\]*_]*+
      (?:\s?\[\s?\d{1,3}\s?\]){0,8} (?=\s)                             # "… said.[3] Then"
    | (?<=[a-z]{3}) [.]["\u201d]?[\d\u00b9\u00b2\u00b3\u2070-\u2079]{1,2}
      (?=\s+[A-Z])                                                # a footnote's number
    | [\u3002\uff01\uff1f\uff61]+ [\u201d\u2019\u300d\u300f\uff09"']*        # no space after it
    """,
    re.VERBOSE,
)
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*|[\f\u2029]\s*")
_LIST_LINE = re.compile(
    r"\s*(?:[-*+\u2013\u2014\u2022\u2023\u25aa\u25cf\u25e6\u00b7\uf0b7]\s"
    r"|[(\[]?(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Z]|[ivx]{1,5})[.)\]]\s"
    r"|\#{1,6}\s|\||>|```|~~~)"
)
_ROW = " | "
_OPENERS = "\"'“‘«(["


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Find the sentences of a text.

    Args:
        text: Any text. Empty lines part paragraphs; a single line end within one is
            white space unless the line was plainly broken on purpose.

    Returns:
        `(start, end)` of each sentence in order, in code points, without the white space
        around it. They do not overlap, and only white space lies between them.
    """
    spans: list[tuple[int, int]] = []
    position = 0
    for break_ in _PARAGRAPH.finditer(text):
        _split_paragraph(text, position, break_.start(), spans)
        position = break_.end()
    _split_paragraph(text, position, len(text), spans)
    return spans


def _split_paragraph(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> None:
    if "\n" not in text[start:end]:
        _split_run(text, start, end, spans)
        return
    lines: list[tuple[int, int]] = []
    position = start
    while position < end:
        stop = text.find("\n", position, end)
        stop = end if stop < 0 else stop
        lines.append((position, stop))
        position = stop + 1
    width = max(stop - begin for begin, stop in lines)
    run = start
    for (begin, stop), (after, after_stop) in pairwise(lines):
        if _broken_on_purpose(text[begin:stop], text[after:after_stop], width):
            _split_run(text, run, stop, spans)
            run = after
    _split_run(text, run, end, spans)


def _broken_on_purpose(line: str, following: str, width: int) -> bool:
    """Whether the line end parts two units, rather than wrapping one at the margin."""
    if _ROW in line or _ROW in following or _LIST_LINE.match(following):
        return True
    if line.lstrip().startswith(("#", "|", "```", "~~~")):
        return True
    first = following.lstrip()
    if not first or first[0].islower():
        return False
    # A wrapped line ends because the next word did not fit; where it would have fitted
    # with room to spare, somebody pressed Return.
    word = first.split(None, 1)[0]
    return len(line.rstrip()) + 1 + len(word) + max(8, width // 8) < width


def _split_run(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> None:
    begin = start
    for mark in _END.finditer(text, start, end):
        stop = mark.end()
        if stop >= end:
            break
        if _ends_sentence(text, begin, mark.start(), stop, end):
            _append(text, begin, stop, spans)
            begin = stop
    _append(text, begin, end, spans)


def _append(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        begin = start + len(piece) - len(piece.lstrip())
        spans.append((begin, begin + len(stripped)))


def _ends_sentence(text: str, begin: int, mark: int, stop: int, end: int) -> bool:
    """Whether the terminal mark at `text[mark:stop]` ends the sentence that began at `begin`."""
    symbol = text[mark]
    if symbol > "\u2fff":
        return True
    rest = text[stop : min(end, stop + 48)].lstrip()
    if not rest:
        return True
    following = rest[0]
    if following.islower() or following in ",;:)]}":
        return False
    if symbol != "." or text[mark : mark + 2] == "..":
        return True
    if text[mark + 1 : mark + 2] in ")]" and stop > mark + 1:
        # "(see p. 4.) Then": the bracket closes whatever abbreviation came before.
        return True
    before = text[max(begin, mark - 40) : mark].lstrip()
    if mark - begin <= 40 and (_ENUMERATOR.fullmatch(before) or _LABELS.fullmatch(before)):
        return False
    last = _LAST_WORD.search(before)
    if last is None:
        return True
    return _word_may_end(last.group(), rest)


def _word_may_end(word: str, rest: str) -> bool:
    """Whether a sentence may end after `word` and a full stop, with `rest` coming next."""
    bare = word.lstrip("('’“\"").lower()
    following = _NEXT_WORD.match(rest)
    next_word = following.group(1) if following else ""
    starter = next_word.lower() in _STARTERS and next_word[:1].isupper()
    if bare in _MAYBE_LAST:
        return starter or rest[0] in _OPENERS
    if bare in _NEVER_LAST:
        return bare in _BEFORE_NUMBER and not next_word[:1].isdigit() and starter
    if len(bare) == 1 and word[-1:].isupper():  # an initial, unless "vitamin C. It"
        return starter
    if "." in bare and all(len(part) == 1 for part in bare.split(".")):  # other dotted acronyms
        return starter
    return True
