"""Several models in one conversation: its history goes on, and nothing is loaded needlessly."""

from __future__ import annotations

from contextlib import closing

import pytest

from assistant.answering.types import Answer, AnswerDelta, AskRequest, Phase
from assistant.assistant import Assistant
from assistant.paths import DataPaths
from assistant.settings import ModelSettings
from assistant.wording import explain
from models.engine.types import Adapter, LoadSettings
from models.errors import AdapterUnfit, InvalidModelFile, TemplateFailed
from tests.integration.lora import write_adapter
from tests.integration.studio import PATIENCE_S, Studio

pytestmark = [pytest.mark.model, pytest.mark.timeout(PATIENCE_S * 2)]


@pytest.fixture
def assistant(data_dir, smollm_path, qwen_small_path):
    studio = Studio(data_dir)
    studio.install(model=smollm_path)
    studio.install(model=qwen_small_path)
    assistant = Assistant(DataPaths(data_dir))
    assistant.settings.update(context_tokens=1024)
    yield assistant
    assistant.close()


def ask(assistant: Assistant, conversation: int, text: str, model: str) -> Answer:
    request = AskRequest(text, conversation=conversation, model=model, use_documents=False)
    steps = assistant.ask(request)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_models_take_turns_in_a_conversation_and_each_knows_what_was_said(
    assistant, smollm_path, qwen_small_path
):
    small, better = smollm_path.name, qwen_small_path.name
    talk = assistant.conversations.create().id
    turns = [
        ("My name is Martha Quill. Say only: hello.", better),
        ("Say only: good day.", small),
        ("What is my name? Answer with the name alone.", better),
        ("Say only: goodbye.", small),
    ]
    for text, model in turns:
        assert ask(assistant, talk, text, model).model == model
    messages = assistant.conversations.messages(talk)
    assert [message.text for message in messages[::2]] == [text for text, _ in turns]
    assert [message.model for message in messages[1::2]] == [model for _, model in turns]
    assert all(message.state == "complete" and message.text for message in messages)
    assert "Martha" in messages[5].text


def test_models_and_personas_are_switched_by_command(assistant, smollm_path, qwen_small_path):
    small, better = smollm_path.name, qwen_small_path.name
    lines = [
        "My name is Martha Quill. Say only: hello.", f"/model {small}", "Say only: good day.",
        "/model nonsense", f"/model {better}", "/persona Librarian", "/persona nobody",
        "/persona usual", "What is my name? Answer with the name alone.", "/model", "/quit",
    ]  # fmt: skip
    done = Studio(assistant.paths.root).run("chat", "--model", better, typed="\n".join(lines))
    assert done.status == 0, done.err
    assert f"{small} answers from here on. It fits well" in done.err
    assert "There is no model nonsense" in done.err
    assert "There is no persona nobody. There are: " in done.err
    (talk,) = assistant.conversations.list()
    assert (talk.model, talk.persona) == (better, None)
    messages = assistant.conversations.messages(talk.id)
    assert [message.model for message in messages[1::2]] == [better, small, better]
    assert "Martha" in messages[-1].text
    # The one that answers is marked.
    assert [line.split()[1] for line in done.out.splitlines() if line.startswith("*")] == [better]


def test_a_conversation_has_its_model_loaded_its_own_way_and_never_needlessly(
    assistant, smollm_path, tmp_path
):
    name = smollm_path.name
    usual, own = (assistant.conversations.create().id for _ in range(2))

    def loads(conversation: int) -> bool:
        """Whether the model is loaded anew before it answers; the answer is stopped."""
        request = AskRequest(
            "Name a colour.", conversation=conversation, model=name, use_documents=False
        )
        loading = False
        with closing(assistant.ask(request)) as steps:
            for event in steps:
                loading = loading or (isinstance(event, Phase) and event.name == "loading")
                if isinstance(event, AnswerDelta):
                    break
        return loading

    assistant.conversations.set_settings(own, name, ModelSettings(context_tokens=512))
    for conversation, context_tokens in ((usual, 1024), (own, 512), (usual, 1024)):
        assert loads(conversation)
        assert assistant.model.loaded.context_tokens == context_tokens
    assert not loads(usual)

    # How it chooses its words, lays out a conversation or is changed takes no new load.
    lora = Adapter(str(write_adapter(tmp_path / "lora.gguf")))
    for settings in (
        ModelSettings(seed=5, temperature=0.5),
        ModelSettings(template="{% for m in messages %}{{ m.content }}\n{% endfor %}"),
        ModelSettings(adapters=(lora,)),
    ):
        assistant.conversations.set_settings(own, name, settings)
        assert not loads(own)
        assert not loads(usual)


def test_what_cannot_be_loaded_ends_in_a_sentence_and_the_next_question_is_answered(
    assistant, smollm_path, data_dir, tmp_path
):
    name = smollm_path.name
    talk, other = (assistant.conversations.create().id for _ in range(2))
    ask(assistant, talk, "Name a colour.", name)
    process = assistant.model.worker.pid
    whole = smollm_path.read_bytes()[: 60 * 1024 * 1024]
    absurd = bytearray(whole[:4096])
    absurd[8:16] = b"\xff" * 8  # how many tensors there are
    for file, content, said in (
        ("cut.gguf", whole, "its end is missing. Download it again"),
        ("letter.gguf", b"Dear diary,\n" * 1000, "it is not a GGUF file"),
        ("absurd.gguf", bytes(absurd), "its beginning makes no sense"),
    ):
        (data_dir / "models" / file).write_bytes(content)
        with pytest.raises(InvalidModelFile) as caught:
            ask(assistant, talk, "Name a colour.", file)
        assert said in explain(caught.value)
        # Past what the library knows, straight at the process.
        with pytest.raises(InvalidModelFile):
            assistant.model.load(str(data_dir / "models" / file), LoadSettings()).result()

    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    adapter = Adapter(str(write_adapter(tmp_path / "lora.gguf", architecture="qwen2")))
    for settings, kind, said in (
        (ModelSettings(template=endless), TemplateFailed, "chat template cannot lay out"),
        (ModelSettings(adapters=(adapter,)), AdapterUnfit, "is for models of the family qwen2"),
    ):
        assistant.conversations.set_settings(other, name, settings)
        with pytest.raises(kind) as caught:
            ask(assistant, other, "Name a colour.", name)
        assert said in explain(caught.value)
    assert assistant.model.worker.pid == process
    assert ask(assistant, talk, "Name another.", name).answer
