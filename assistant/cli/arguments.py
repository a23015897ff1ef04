"""The words of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final, NoReturn

from assistant.cli.console import BAD_USAGE

COMMANDS: Final = ("index", "search", "ask", "chat", "study", "models", "doctor")

_Adder = Callable[..., argparse.ArgumentParser]

_DOCUMENT: Final = "ID|PATH|NAME"
_WINDOW_USAGE: Final = "studiolo [--data-dir DIR] [FILE…]"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(BAD_USAGE, f"studiolo: {message}\nTry '{self.prog} --help'.\n")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments; ends the process with status 2 where they make no sense.

    Files and commands share a place: a first word that is a command is one, and everything else
    is taken for files to open in the window. `./index` is always a file.
    """
    word = _first_word(argv)
    if word is not None and word not in COMMANDS:
        return _window_parser().parse_args(list(argv))
    parser = _command_parser()
    arguments, more = parser.parse_known_args(list(argv))
    # argparse takes no further values of a list once an option stood between them.
    if more and hasattr(arguments, "changes") and not any(each.startswith("-") for each in more):
        arguments.changes += more
    elif more:
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    if arguments.command is None:
        arguments.files = []
    return arguments


def _first_word(argv: Sequence[str]) -> str | None:
    skip = False
    for argument in argv:
        if skip:
            skip = False
        elif argument == "--data-dir":
            skip = True
        elif argument in ("-h", "--help", "--version"):
            return None
        elif argument == "--" or not argument.startswith("-"):
            return argument
    return None


def _window_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="studiolo", usage=_WINDOW_USAGE)
    parser.add_argument("--data-dir", metavar="DIR")
    parser.add_argument("files", nargs="*", metavar="FILE", type=_existing)
    parser.set_defaults(command=None, json=False)
    return parser


def _existing(word: str) -> Path:
    path = Path(word)
    if not path.exists():
        raise argparse.ArgumentTypeError(
            f"{word!r} is neither a file nor one of the commands {', '.join(COMMANDS)}"
        )
    return path


def _command_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="studiolo",
        usage=f"{_WINDOW_USAGE}\n       studiolo [--data-dir DIR] COMMAND …",
        description="Ask your own documents, on your own machine. Without a command it opens "
        "the window, with the files given.",
        epilog="Exit status: 0 done, 2 bad usage, 3 part of the input failed (the rest is kept), "
        "1 otherwise.",
    )
    parser.add_argument("--data-dir", metavar="DIR", help="keep and look for everything in DIR")
    parser.add_argument("--version", action="version", version=f"studiolo {_version()}")
    parser.set_defaults(json=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", prog="studiolo")

    everywhere = _Parser(add_help=False)
    everywhere.add_argument(
        "--data-dir", metavar="DIR", default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )
    with_json = _Parser(add_help=False)
    with_json.add_argument(
        "--json", action="store_true", help="print one JSON document and nothing else"
    )

    _add_index(commands.add_parser, everywhere, with_json)
    _add_questions(commands.add_parser, everywhere, with_json)
    _add_models(commands.add_parser, everywhere, with_json)
    commands.add_parser(
        "doctor", parents=[everywhere, with_json], help="what this machine has, and what is missing"
    )
    return parser


def _add_index(add_command: _Adder, everywhere: _Parser, with_json: _Parser) -> None:
    index = add_command("index", help="add, list and remove documents")
    actions = index.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser(
        "add", parents=[everywhere, with_json], help="read files and folders into the library"
    )
    add.add_argument("paths", nargs="+", metavar="PATH")
    add.add_argument("--collection", metavar="NAME", help="keep them together under a name")
    add.add_argument(
        "--password",
        metavar="PASSWORD",
        help="opens files that are locked; '-' asks for it. It is not kept",
    )
    listing = actions.add_parser("list", parents=[everywhere, with_json], help="show the library")
    listing.add_argument("--collection", metavar="NAME", help="only what belongs to it")
    remove = actions.add_parser(
        "remove", parents=[everywhere, with_json], help="take documents out of the library"
    )
    remove.add_argument("documents", nargs="+", metavar=_DOCUMENT)
    _add_collections(actions.add_parser, everywhere, with_json)
    watch = actions.add_parser(
        "watch",
        parents=[everywhere, with_json],
        help="follow a folder's files from now on, or catch up with all that are followed",
    )
    watch.add_argument("folder", nargs="?", metavar="FOLDER")
    watch.add_argument("--collection", metavar="NAME", help="instead of the folder's name")
    for option, help_text in (
        ("--include", "take only files that fit, '*.pdf' or 'letters/*'; may be repeated"),
        ("--exclude", "leave out files and folders that fit; may be repeated"),
    ):
        watch.add_argument(option, metavar="PATTERN", action="append", help=help_text)
    watch.add_argument(
        "--remove-gone",
        action="store_true",
        help="take documents out even where most files of a folder are gone; without it those "
        "are kept",
    )
    unwatch = actions.add_parser(
        "unwatch", parents=[everywhere, with_json], help="follow a folder no longer"
    )
    unwatch.add_argument("folder", metavar="ID|FOLDER")
    unwatch.add_argument(
        "--remove", action="store_true", help="take its documents out of the library as well"
    )
    actions.add_parser(
        "folders", parents=[everywhere, with_json], help="show the folders that are followed"
    )
    embedder = actions.add_parser(
        "embedder",
        parents=[everywhere, with_json],
        help="show the models to search documents with, or change to another",
    )
    embedder.add_argument("name", nargs="?", metavar="NAME")
    reranker = actions.add_parser(
        "reranker",
        parents=[everywhere, with_json],
        help="show the models that can judge the first hits of a search, or change to one",
    )
    judge = reranker.add_mutually_exclusive_group()
    judge.add_argument("name", nargs="?", metavar="NAME")
    judge.add_argument("--none", action="store_true", help="do without one")
    text = actions.add_parser("text", parents=[everywhere], help="print a document's text")
    text.add_argument("document", metavar=_DOCUMENT)
    text.add_argument("--page", type=_positive, metavar="N", help="only this page, from 1")


def _add_collections(add_action: _Adder, everywhere: _Parser, with_json: _Parser) -> None:
    both = [everywhere, with_json]
    tag = add_action("tag", parents=both, help="put documents into a collection, or take them out")
    tag.add_argument("collection", metavar="NAME")
    tag.add_argument("documents", nargs="+", metavar=_DOCUMENT)
    tag.add_argument(
        "--remove", action="store_true", help="take them out; they stay in the library"
    )
    collections = add_action("collections", help="show, rename and remove collections")
    actions = collections.add_subparsers(dest="collection_action", metavar="ACTION", required=True)
    actions.add_parser("list", parents=both, help="show them")
    rename = actions.add_parser("rename", parents=both, help="what is asked of it stays with it")
    rename.add_argument("old", metavar="NAME")
    rename.add_argument("new", metavar="NEW")
    remove = actions.add_parser("remove", parents=both, help="its documents stay in the library")
    remove.add_argument("name", metavar="NAME")


def _add_questions(add_command: _Adder, everywhere: _Parser, with_json: _Parser) -> None:
    search = add_command(
        "search", parents=[everywhere, with_json], help="find passages in the documents"
    )
    _add_subject(search, "query", "QUERY")
    search.add_argument("-k", type=_positive, default=10, metavar="N", help="how many (10)")
    search.add_argument("--collection", metavar="NAME")
    search.add_argument("--document", metavar=_DOCUMENT, action="append", default=[])

    ask = add_command("ask", parents=[everywhere, with_json], help="ask the documents a question")
    _add_subject(ask, "question", "QUESTION")
    _add_scope(ask)
    _add_respondent(ask)
    ask.add_argument(
        "--mode",
        choices=("auto", "retrieval", "whole", "everything"),
        default="auto",
        help="'everything' reads every passage, for questions that a search cannot answer: how "
        "many, list all, summarise. Once stopped, the same question goes on where it was",
    )

    chat = add_command("chat", parents=[everywhere], help="talk in the terminal")
    _add_scope(chat)
    _add_respondent(chat)

    study = add_command(
        "study",
        parents=[everywhere, with_json],
        help="have the model read a document once, for all questions to come",
    )
    study.add_argument(
        "document", nargs="?", metavar=_DOCUMENT, help="without one: those it has studied"
    )
    study.add_argument("--model", metavar="NAME")
    study.add_argument(
        "--quota", type=_gigabytes, metavar="GB", help="disk space for all that models have read"
    )
    study.add_argument(
        "--forget",
        action="store_true",
        help="delete what models have read of the document, or without one of everything",
    )


def _add_respondent(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="NAME")
    parser.add_argument("--persona", metavar="NAME", help="such as librarian: '/persona' in "
                        "'studiolo chat' shows those there are")  # fmt: skip


def _add_scope(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--document", metavar=_DOCUMENT, action="append", default=[], help="may be repeated"
    )
    parser.add_argument(
        "--collection",
        metavar="NAME",
        action="append",
        default=[],
        dest="collections",
        help="what belongs to it; may be repeated",
    )


def _add_subject(parser: argparse.ArgumentParser, name: str, shown: str) -> None:
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument(name, nargs="?", metavar=shown)
    subject.add_argument(
        "--batch", metavar="FILE.jsonl", help="one JSON object a line in ('-' for stdin) and out"
    )


def _add_models(add_command: _Adder, everywhere: _Parser, with_json: _Parser) -> None:
    models = add_command("models", help="the models on this machine")
    actions = models.add_subparsers(dest="action", metavar="ACTION", required=True)
    both = [everywhere, with_json]
    actions.add_parser("list", parents=both, help="show the models")
    for action, argument, text in (
        ("info", "NAME", "show what a model is"),
        ("import", "FILE", "copy a GGUF file into the library"),
        ("remove", "NAME", "move a model to the library's trash"),
        ("restore", "NAME", "bring back a model that was removed"),
        ("use", "NAME", "choose the model that answers"),
        ("verify", "NAME", "check a model's files against their SHA-256"),
        ("download", "NAME|REPO/FILE", "fetch a model of the catalogue or of the hub"),
    ):
        parser = actions.add_parser(action, parents=both, help=text)
        parser.add_argument("name", metavar=argument)
    settings = actions.add_parser(
        "settings",
        parents=both,
        help="show how a model is loaded and chooses its words, or change it",
        description="A star marks what is chosen; NAME= without a value chooses nothing.",
    )
    settings.add_argument("name", metavar="NAME")
    settings.add_argument(
        "changes",
        nargs="*",
        metavar="SETTING=VALUE",
        help="such as temperature=0.7, thinking=off or adapters=FILE:0.5,FILE; a template is read "
        "from a file",
    )
    settings.add_argument(
        "--conversation", type=_positive, metavar="ID", help="only in this conversation"
    )
    actions.add_parser("catalogue", parents=both, help="show models worth having")
    search = actions.add_parser(
        "search", parents=both, help="find models on the hub, or show a repository or file there"
    )
    search.add_argument("query", metavar="QUERY|REPO|REPO/FILE")
    search.add_argument("-k", type=_positive, default=20, metavar="N", help="how many (20)")
    downloads = actions.add_parser(
        "downloads", parents=both, help="show the downloads that are not finished"
    )
    downloads.add_argument(
        "--discard", metavar="NAME|REPO/FILE", help="delete what has arrived of one"
    )
    folders = actions.add_parser("folders", help="folders whose models are used in place")
    folder_actions = folders.add_subparsers(dest="folder_action", metavar="ACTION", required=True)
    folder_actions.add_parser("list", parents=both, help="show them")
    for action, text in (("add", "use a folder's models"), ("remove", "use them no longer")):
        parser = folder_actions.add_parser(action, parents=both, help=text)
        parser.add_argument("folder", metavar="DIR")


def _positive(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number from 1")
    return int(word)


def _gigabytes(word: str) -> float:
    try:
        gigabytes = float(word)
    except ValueError:
        gigabytes = -1.0
    if not 0 <= gigabytes < float("inf"):
        raise argparse.ArgumentTypeError(f"{word!r} is no amount of gigabytes")
    return gigabytes


def _version() -> str:
    try:
        return metadata.version("studiolo")
    except metadata.PackageNotFoundError:
        return "(not installed)"
