"""`studiolo chat`: a conversation in the terminal, kept like any other."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Final

from assistant.answering.types import AskRequest
from assistant.assistant import Assistant
from assistant.cli.ask_commands import follow, print_answer
from assistant.cli.console import DONE, Console
from assistant.cli.search_commands import document_ids
from assistant.conversations.types import Conversation, Scope
from assistant.wording import explain

_HELP: Final = """\
/new          begin another conversation
/list         show the latest conversations
/open NUMBER  go on with one of them
/again        answer the last question once more
/find WORDS   search all conversations
/quit         leave (so does an empty end of input)"""


class _Chat:
    def __init__(self, assistant: Assistant, console: Console, arguments: Namespace) -> None:
        self._assistant = assistant
        self._console = console
        self._model: str | None = arguments.model
        documents = document_ids(assistant, list(arguments.document))
        self._scope = Scope(tuple(documents or ()), tuple(arguments.collections))
        # Made when the first question comes: leaving at once leaves nothing behind.
        self._conversation: int | None = None

    def run(self) -> int:
        self._console.note("Ask a question. /help shows what else there is.")
        while True:
            try:
                line = self._read()
            except EOFError:
                return DONE
            if line == "/quit":
                return DONE
            try:
                self._obey(line) if line.startswith("/") else self._ask(line)
            except KeyboardInterrupt:
                self._console.note("\nStopped.")
            except Exception as error:  # noqa: BLE001 - the conversation goes on
                self._console.note(explain(error))

    def _read(self) -> str:
        while True:
            if sys.stdin.isatty():
                line = input("> ")
            else:
                line = sys.stdin.readline()
                if not line:
                    raise EOFError
            if line.strip():
                return line.strip()

    def _ask(self, question: str) -> None:
        if self._conversation is None:
            made = self._assistant.conversations.create(self._scope, self._model)
            self._conversation = made.id
        request = AskRequest(
            question,
            conversation=self._conversation,
            documents=self._scope.documents,
            collections=self._scope.collections,
            model=self._model,
        )
        answer = follow(
            self._console, self._assistant.ask(request), quiet=not self._console.interactive
        )
        print_answer(self._console, answer, streamed=self._console.interactive)

    def _obey(self, line: str) -> None:
        command, _, rest = line.partition(" ")
        match command:
            case "/new":
                self._conversation = None
                self._console.note("A new conversation.")
            case "/list":
                for one in self._assistant.conversations.list()[:20]:
                    self._console.print(f"{one.id:5}  {one.title}")
            case "/open":
                self._open(rest.strip())
            case "/again":
                self._again()
            case "/find":
                for found in self._assistant.conversations.search(rest, 20):
                    title, snippet = found.conversation.title, " ".join(found.snippet.split())
                    self._console.print(f"{found.conversation.id:5}  {title}: {snippet}")
            case "/help":
                self._console.note(_HELP)
            case _:
                self._console.note(f"There is no command {command}.\n{_HELP}")

    def _open(self, number: str) -> None:
        if not number.isdecimal():
            self._console.note("/open needs the number of a conversation; /list shows them.")
            return
        conversation: Conversation = self._assistant.conversations.get(int(number))
        self._conversation = conversation.id
        self._scope = conversation.scope
        self._model = conversation.model
        for message in self._assistant.conversations.messages(conversation.id):
            prefix = "> " if message.role == "user" else ""
            self._console.print(f"{prefix}{message.text}\n")

    def _again(self) -> None:
        if self._conversation is None:
            self._console.note("Nothing was asked yet.")
            return
        messages = self._assistant.conversations.messages(self._conversation)
        questions = [message for message in messages if message.role == "user"]
        answer = follow(
            self._console,
            self._assistant.ask_again(questions[-1].id),
            quiet=not self._console.interactive,
        )
        print_answer(self._console, answer, streamed=self._console.interactive)


def run(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Talk until the input ends; return the exit status."""
    return _Chat(assistant, console, arguments).run()
