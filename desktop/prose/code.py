"""Code as coloured pieces."""

from __future__ import annotations

from collections.abc import Iterator

from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType
from pygments.util import ClassNotFound

# Above this, colouring would hold up the window; such code is shown plain.
LONGEST_COLOURED = 20_000

_KINDS: tuple[tuple[_TokenType, str], ...] = (
    (Comment, "comment"),
    (String, "string"),
    (Number, "number"),
    (Keyword, "keyword"),
    (Operator.Word, "keyword"),
    (Name.Function, "name"),
    (Name.Class, "name"),
    (Name.Tag, "name"),
    (Name.Decorator, "name"),
    (Name.Builtin, "name"),
)


def coloured(code: str, language: str) -> Iterator[tuple[str, str | None]]:
    """Yield pieces of code with the kind of word they are; None is plain.

    The pieces joined are the code, exactly.
    """
    if not language or len(code) > LONGEST_COLOURED:
        yield code, None
        return
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        yield code, None
        return
    for kind, piece in lexer.get_tokens(code):
        yield piece, _name(kind)


def _name(kind: _TokenType) -> str | None:
    for ancestor, name in _KINDS:
        if kind in ancestor:
            return name
    return None
