"""`studiolo chat`: a conversation in the terminal, kept like any other."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Final

from assistant.answering.types import AskRequest
from assistant.assistant import Assistant
from assistant.cli.ask_commands import follow, print_answer
from assistant.cli.console import DONE, Console, table
from assistant.cli.errors import UsageError
from assistant.cli.fitting import fitting_text, fitting_word
from assistant.cli.respondents import find_persona, usable_model
from assistant.cli.search_commands import document_ids
from assistant.conversations.types import Conversation, Scope
from assistant.memory import fitting
from assistant.wording import explain

_USUAL: Final = "usual"
_HELP: Final = """\
/new          begin another conversation
/list         show the latest conversations
/open NUMBER  go on with one of them
/again        answer the last question once more
/model NAME   let another model answer from here on; without a name: those there are
/persona NAME let another persona answer, "usual" for none; without a name: those there are
/find WORDS   search all conversations
/quit         leave (so does an empty end of input)"""


class _Chat:
    def __init__(self, assistant: Assistant, console: Console, arguments: Namespace) -> None:
        self._assistant = assistant
        self._console = console
        self._model: str | None = arguments.model
        persona = arguments.persona
        self._persona = find_persona(assistant, persona).id if persona is not None else None
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
            except UsageError as error:
                self._console.note(str(error))
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
            made = self._assistant.conversations.create(self._scope, self._model, self._persona)
            self._conversation = made.id
        request = AskRequest(
            question,
            conversation=self._conversation,
            documents=self._scope.documents,
            collections=self._scope.collections,
            model=self._model,
            persona=self._persona,
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
            case "/model":
                self._choose_model(rest.strip())
            case "/persona":
                self._choose_persona(rest.strip())
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
        self._persona = conversation.persona
        for message in self._assistant.conversations.messages(conversation.id):
            prefix = "> " if message.role == "user" else ""
            self._console.print(f"{prefix}{message.text}\n")

    def _choose_model(self, name: str) -> None:
        assistant = self._assistant
        if not name:
            self._list_models()
            return
        facts = usable_model(assistant, name)
        fits = ""
        if (header := assistant.models.header(facts)) is not None:
            settings = assistant.load_settings(facts.name, self._conversation)
            fits = f" It {fitting_text(fitting(header, settings, assistant.memory.room()))}."
        self._model = facts.name
        if self._conversation is not None:
            assistant.conversations.set_model(self._conversation, facts.name)
        self._console.note(f"{facts.name} answers from here on.{fits}")

    def _list_models(self) -> None:
        assistant = self._assistant
        current = assistant.current_model()
        answering = self._model or (current.name if current else None)
        rows = [
            ("*" if facts.name == answering else "", facts.name, fitting_word(assistant, facts))
            for facts in assistant.models.list()
            if facts.problem is None
        ]
        self._console.print(table(rows, ("", "MODEL", "FIT")))

    def _choose_persona(self, name: str) -> None:
        assistant = self._assistant
        if not name:
            rows = [
                ("*" if each.id == self._persona else "", each.id, each.about)
                for each in assistant.personas.list()
            ]
            self._console.print(table(rows, ("", "PERSONA", "ABOUT")))
            return
        persona = None if name == _USUAL else find_persona(assistant, name)
        self._persona = persona.id if persona is not None else None
        # One may speak with a model of its own.
        self._model = self._model if persona is None or persona.model is None else None
        if self._conversation is not None:
            assistant.conversations.set_persona(self._conversation, self._persona)
            assistant.conversations.set_model(self._conversation, self._model)
        who = persona.name if persona is not None else "The usual persona"
        self._console.note(f"{who} answers from here on.")

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
