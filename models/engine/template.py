"""Lays out a conversation with the model's own chat template, as hostile input.

A template comes from a stranger's file, and message contents come from documents. So the
template runs in jinja2's sandbox with bounded time and size, and contents cannot become
control tokens: wherever a content holds the text of one, a mark is put inside it, and the
text is tokenized in pieces cut at the marks.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from itertools import pairwise
from typing import Any, NoReturn, cast

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from models.engine.types import ChatMessage
from models.errors import TemplateFailed
from models.thinking import SWITCH

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

MAX_SOURCE_CHARS = 256 * 1024
MAX_RENDER_SECONDS = 2.0
# What a template may add to the messages, and how often it may repeat them.
MAX_ADDED_CHARS = 1024 * 1024
MAX_REPEATS = 4

# A Unicode noncharacter: no valid text holds it.
MARK = "\ufdd0"

# Filters that no chat template needs, and that turn a number into any amount of memory or time.
_REMOVED_FILTERS = (
    "batch", "center", "filesizeformat", "pprint", "random", "slice", "urlize", "wordwrap",
    "xmlattr",
)  # fmt: skip
_REMOVED_METHODS = frozenset(("center", "expandtabs", "ljust", "rjust", "translate", "zfill"))
_LONG_NUMBER = re.compile(r"\d{4}|\*")


class _Refused(TemplateError):
    """The template asked for too much, or says itself that it cannot do this."""


class _GenerationTag(Extension):
    """`{% generation %}…{% endgeneration %}` only matters in training: the body is kept."""

    tags = {"generation"}  # noqa: RUF012, jinja2 declares it without ClassVar

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with a budget of time and size for each rendering."""

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[_GenerationTag, loopcontrols],
            finalize=self._count_output,
            # Folding constants would run a template's code while it is compiled.
            optimized=False,
        )
        self._deadline = 0.0
        self._chars_left = 0
        self._max_chars = MAX_ADDED_CHARS
        # jinja2 leaves these two without types.
        untyped = cast("Any", self)
        filters: dict[str, Callable[..., Any]] = untyped.filters
        names: dict[str, Any] = untyped.globals
        for name in _REMOVED_FILTERS:
            filters.pop(name, None)
        for name, filter_ in list(filters.items()):
            filters[name] = self._bounded_filter(filter_)
        own = {"_steps": self._steps, "_concat": self._concat, "tojson": _tojson}
        filters.update(own, format=_format, indent=_indent(filters["indent"]))
        names.pop("lipsum", None)
        names["raise_exception"] = _raise_exception

    def start(self, content_chars: int) -> None:
        """Starts the budget of a rendering of messages of that length."""
        self._deadline = time.monotonic() + MAX_RENDER_SECONDS
        self._max_chars = MAX_ADDED_CHARS + MAX_REPEATS * content_chars
        self._chars_left = self._max_chars

    def check_time(self) -> None:
        """Ends a rendering that takes too long."""
        if time.monotonic() > self._deadline:
            raise _Refused("the template takes too long")

    def bound(self, value: Any) -> Any:
        """Passes a value on unless it is too large."""
        if _length(value) > self._max_chars:
            raise _Refused("the template makes too much text")
        return value

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "*":
            for sized, times in ((left, right), (right, left)):
                if isinstance(times, int) and _length(sized) * times > self._max_chars:
                    raise _Refused("the template makes too much text")
        elif operator == "**":
            raise _Refused("the template uses powers")
        elif operator == "%" and _LONG_NUMBER.search(str(left) if isinstance(left, str) else ""):
            raise _Refused("the template formats to too great a width")
        if isinstance(left, int) and isinstance(right, int) and max(abs(left), abs(right)) >> 64:
            raise _Refused("the template uses too large a number")
        return self.bound(super().call_binop(context, operator, left, right))

    def call(self, context: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.check_time()
        return self.bound(super().call(context, function, *args, **kwargs))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr not in _REMOVED_METHODS and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        # `str.format` pads to any width: the filter of that name knows the plain cases.
        if super().wrap_str_format(value) is not None:
            raise _Refused("the template uses format")
        return None

    def _count_output(self, value: Any) -> Any:
        if isinstance(value, str):
            self._chars_left -= len(value)
            if self._chars_left < 0:
                raise _Refused("the template makes too much text")
        return value

    def _steps(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            self.check_time()
            yield value

    def _concat(self, values: Iterable[Any]) -> str:
        return self.bound("".join(str(value) for value in values))

    def _bounded_filter(self, filter_: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(filter_)
        def bounded(*args: Any, **kwargs: Any) -> Any:
            self.check_time()
            return self.bound(filter_(*args, **kwargs))

        return bounded


def _length(value: Any) -> int:
    """Length of a text or a sequence, 0 of anything else."""
    return len(cast("str", value)) if isinstance(value, str | list | tuple) else 0


def _raise_exception(message: str) -> NoReturn:
    raise _Refused(str(message)[:500])


def _tojson(value: Any, indent: int | None = None, **_options: Any) -> str:
    """As transformers does it: no HTML escapes."""
    return json.dumps(value, ensure_ascii=False, indent=min(indent, 8) if indent else None)


def _format(pattern: str, *args: Any, **kwargs: Any) -> str:
    """`%` formatting, without widths that fill the memory."""
    if _LONG_NUMBER.search(str(pattern)):
        raise _Refused("the template formats to too great a width")
    return str(pattern) % (kwargs or args)


def _indent(filter_: Callable[..., str]) -> Callable[..., str]:
    def indent(text: str, width: int | str = 4, *args: Any, **kwargs: Any) -> str:
        if (width if isinstance(width, int) else len(width)) > 64:
            raise _Refused("the template indents too far")
        return filter_(text, width, *args, **kwargs)

    return indent


class ChatTemplate:
    """A compiled chat template.

    Args:
        source: The template's jinja source; None takes ChatML.
        begin_text: Text of the model's begin token.
        end_text: Text of the model's end token.
        control_texts: Texts that must not become tokens when they stand in a content.

    Raises:
        TemplateFailed: It cannot be compiled.
    """

    def __init__(
        self,
        source: str | None,
        *,
        begin_text: str = "",
        end_text: str = "",
        control_texts: Iterable[str] = (),
    ) -> None:
        source = CHATML if source is None else source
        if len(source) > MAX_SOURCE_CHARS:
            raise TemplateFailed("the template is too long")
        self._special = {"bos_token": begin_text, "eos_token": end_text}
        self._guard = ControlGuard(control_texts)
        self._environment = _Environment()
        self._environment.start(0)
        try:
            tree = _with_budget(self._environment.parse(source))
            code = self._environment.compile(tree)
            self._template = self._environment.template_class.from_code(
                self._environment, code, self._environment.make_globals(None)
            )
        except Exception as error:  # too deep, too long: what a compiler may raise
            raise TemplateFailed(_reason(error)) from error

    def render(self, messages: Sequence[ChatMessage], *, thinking: bool | None = None) -> str:
        """The prompt, with `MARK` inside each control text that comes from a content.

        Templates that refuse or drop a system message get it at the start of the first
        user message; those that want roles to alternate get neighbours joined.

        Args:
            messages: The conversation.
            thinking: Whether the model shall think first; None leaves that to the template.

        Raises:
            TemplateFailed: The template fails, takes too long, or drops a message.
        """
        failure: TemplateFailed | None = None
        for layout in _layouts(messages):
            guarded = [(m.role, self._guard.mark(m.content)) for m in layout]
            try:
                text = self._render(guarded, thinking)
            except TemplateFailed as error:
                failure = failure or error
                continue
            # What an assistant said may be shortened (its thinking is), nothing else.
            if all(content.strip() in text for role, content in guarded if role != "assistant"):
                return text
            failure = failure or TemplateFailed("the template drops a message")
        raise failure or TemplateFailed("there is no message")

    def _render(self, messages: Sequence[tuple[str, str]], thinking: bool | None) -> str:
        chosen = {} if thinking is None else {SWITCH: thinking}
        self._environment.start(sum(len(content) for _, content in messages))
        try:
            return self._template.render(
                messages=[{"role": role, "content": content} for role, content in messages],
                add_generation_prompt=True,
                **self._special,
                **chosen,
            )
        except Exception as error:  # a template may raise anything at all
            raise TemplateFailed(_reason(error)) from error


class ControlGuard:
    """Finds texts of control tokens in contents and marks them."""

    def __init__(self, control_texts: Iterable[str]) -> None:
        # A mark goes between the first two characters, so one character cannot be guarded.
        self._texts = frozenset(text for text in control_texts if len(text) > 1)
        self._lengths: dict[str, list[int]] = {}
        for text in self._texts:
            lengths = self._lengths.setdefault(text[0], [])
            if len(text) not in lengths:
                lengths.append(len(text))
        first = "".join(re.escape(char) for char in sorted(self._lengths))
        self._first = re.compile(f"[{first}]") if first else None

    def mark(self, content: str) -> str:
        """The content with `MARK` after the first character of each control text."""
        content = content.replace(MARK, "\ufffd")
        if self._first is None:
            return content
        cuts = [
            match.end()
            for match in self._first.finditer(content)
            if any(
                content[match.start() : match.start() + length] in self._texts
                for length in self._lengths[match.group()]
            )
        ]
        edges = [0, *cuts, len(content)]
        return MARK.join(content[a:b] for a, b in pairwise(edges))


def _with_budget(tree: nodes.Template) -> nodes.Template:
    """Puts a clock into every loop and a bound on every joined text."""
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = nodes.Filter(loop.iter, "_steps", [], [], None, None)
    # Children first, so that a chain of joins is wrapped from the inside out.
    _bound_concats(tree)
    return tree


def _bound_concats(node: nodes.Node) -> None:
    for name, value in node.iter_fields():
        if isinstance(value, list):
            items = cast("list[Any]", value)
            for i, item in enumerate(items):
                if isinstance(item, nodes.Node):
                    items[i] = _bounded_concat(item)
        elif isinstance(value, nodes.Node):
            setattr(node, name, _bounded_concat(value))


def _bounded_concat(node: nodes.Node) -> nodes.Node:
    _bound_concats(node)
    if isinstance(node, nodes.Concat):
        return nodes.Filter(nodes.List(node.nodes), "_concat", [], [], None, None)
    return node


def _layouts(messages: Sequence[ChatMessage]) -> Iterator[list[ChatMessage]]:
    """The conversation as it is, then in the forms that stricter templates accept."""
    yield list(messages)
    merged = _without_system(messages)
    if merged != list(messages):
        yield merged
    joined: list[ChatMessage] = []
    for message in merged:
        if joined and joined[-1].role == message.role:
            both = f"{joined[-1].content}\n\n{message.content}"
            joined[-1] = ChatMessage(role=message.role, content=both)
        else:
            joined.append(message)
    if joined != merged:
        yield joined


def _without_system(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    system = [m.content for m in messages if m.role == "system"]
    rest = [m for m in messages if m.role != "system"]
    if not system:
        return rest
    text = "\n\n".join(system)
    if rest and rest[0].role == "user":
        return [ChatMessage(role="user", content=f"{text}\n\n{rest[0].content}"), *rest[1:]]
    return [ChatMessage(role="user", content=text), *rest]


def _reason(error: BaseException) -> str:
    """What to say of a failure: the template's own words, else only the kind of error."""
    return str(error) if isinstance(error, TemplateError) else type(error).__name__
