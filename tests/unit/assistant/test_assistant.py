"""The assistant before any process is started: which model answers."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from assistant.answering.types import AskRequest
from assistant.assistant import Assistant
from assistant.errors import NoModelInstalled
from assistant.owners import conversation_owner, document_owner
from assistant.paths import DataPaths
from assistant.wording import explain
from models.errors import FolderNotUsable, InvalidModelFile, ModelNeeded, ModelNotFound
from models.states import StateKey
from tests.integration.studio import Studio
from tests.unit.models.conftest import KEYS, build, string, u32

pytestmark = pytest.mark.model


@pytest.fixture
def studio(data_dir):
    return Studio(data_dir)


@pytest.fixture
def assistant(studio):
    assistant = Assistant(DataPaths(studio.data_dir))
    yield assistant
    assistant.close()


def test_without_a_choice_the_largest_that_can_be_used_answers(
    studio, assistant, smollm_path, qwen_small_path
):
    assert assistant.current_model() is None
    (studio.data_dir / "models" / "huge.gguf").write_bytes(b"GGUF" + bytes(4000))
    assert assistant.current_model() is None
    studio.install(model=smollm_path)
    studio.install(model=qwen_small_path)
    assert assistant.current_model().name == qwen_small_path.name


def test_the_chosen_one_answers_until_it_is_gone(
    studio, assistant, smollm_path, qwen_small_path, monkeypatch
):
    studio.install(model=smollm_path)
    studio.install(model=qwen_small_path)
    assistant.use_model(smollm_path.stem)
    assert assistant.current_model().name == smollm_path.name
    again = Assistant(DataPaths(studio.data_dir))
    assert again.current_model().name == smollm_path.name
    again.close()
    assistant.models.remove(smollm_path.name)
    assert assistant.current_model().name == qwen_small_path.name


def test_a_machine_with_little_memory_takes_the_smaller_one(
    studio, assistant, smollm_path, qwen_small_path, monkeypatch
):
    studio.install(model=smollm_path)
    studio.install(model=qwen_small_path)
    memory = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory._replace(total=500_000_000))
    assert assistant.current_model().name == smollm_path.name


def test_a_model_that_cannot_be_used_is_not_chosen(studio, assistant, smollm_path):
    with pytest.raises(NoModelInstalled):
        assistant.use_model("small.gguf")
    with pytest.raises(NoModelInstalled):
        list(assistant.ask(AskRequest("Anyone?")))
    (studio.data_dir / "models" / "bad.gguf").write_bytes(b"GGUF" + bytes(4000))
    with pytest.raises(InvalidModelFile):
        assistant.use_model("bad.gguf")
    with pytest.raises(ModelNotFound):
        assistant.use_model("small.gguf")
    assert assistant.settings.current.model is None


def test_nothing_is_started_or_opened_before_it_is_needed(assistant):
    assert assistant.catalog.documents() == []
    assert assistant.models.list() == []
    assert assistant.index.worker.status == assistant.model.worker.status == "idle"
    assert not assistant.paths.database.exists()
    assert assistant.conversations.list() == []
    assert assistant.paths.database.exists()


def test_another_programs_model_answers_only_where_there_is_none_of_its_own(
    studio, assistant, smollm_path, qwen_small_path, tmp_path, monkeypatch
):
    folder = tmp_path / ".lmstudio" / "models" / "ann" / "Qwen"
    folder.mkdir(parents=True)
    (folder / "Qwen.gguf").symlink_to(qwen_small_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert assistant.current_model().name == "lmstudio/ann/Qwen/Qwen.gguf"
    studio.install(model=smollm_path)
    assert assistant.current_model().name == smollm_path.name
    assert assistant.use_model("Qwen").source == "lmstudio"
    assert assistant.current_model().name == "lmstudio/ann/Qwen/Qwen.gguf"


def _keep_state(assistant: Assistant, owner: str) -> None:
    def write(path: Path) -> bool:
        path.write_bytes(b"what the model has read")
        return True

    key = StateKey(
        model="a model", library=owner, key_type="f16", value_type="f16", flash_attention="off"
    )
    kept = assistant.studies.states.keep(key, [1, 2], 2, [owner], write, bytes_needed=100)
    assert kept is not None


def test_what_models_read_of_deleted_conversations_goes_with_them(studio, assistant):
    conversations = assistant.conversations
    here, deleted = conversations.create(), conversations.create()
    for conversation in (here, deleted):
        _keep_state(assistant, conversation_owner(conversation.id))
    _keep_state(assistant, document_owner(1))
    conversations.delete(deleted.id)
    assistant.close()

    again = Assistant(DataPaths(studio.data_dir))
    owners = {owner for state in again.studies.states.list() for owner in state.owners}
    again.close()
    assert owners == {conversation_owner(here.id), document_owner(1)}


@pytest.mark.parametrize(
    ("setting", "pooling", "purpose"), [("embedder", 1, "embedder"), ("reranker", 4, "reranker")]
)
def test_what_documents_are_searched_with_is_not_removed(assistant, setting, pooling, purpose):
    bert = {
        **KEYS, "general.architecture": string("bert"), "bert.pooling_type": u32(pooling),
    }  # fmt: skip
    folder = assistant.models.folder
    for name in ("used.gguf", "other.gguf"):
        (folder / name).write_bytes(build(keys=bert))
    assistant.settings.update(**{setting: "used.gguf"})
    with pytest.raises(ModelNeeded) as refused:
        assistant.remove_model("used")
    assert (refused.value.name, refused.value.purpose) == ("used.gguf", purpose)
    # Neither hidden nor moved, and what nothing depends on goes as ever.
    token = assistant.remove_model("other")
    assert [facts.name for facts in assistant.models.list()] == ["used.gguf"]
    assistant.models.restore(token)
    # Once another is chosen, it goes too.
    assistant.settings.update(**{setting: "other.gguf"})
    assistant.remove_model("used")
    assert [facts.name for facts in assistant.models.list()] == ["other.gguf"]


@pytest.mark.parametrize(
    ("setting", "pooling", "purpose"), [("embedder", 1, "embedder"), ("reranker", 4, "reranker")]
)
def test_a_folder_stays_while_documents_are_searched_with_a_model_in_it(
    assistant, tmp_path, setting, pooling, purpose
):
    bert = build(
        keys={**KEYS, "general.architecture": string("bert"), "bert.pooling_type": u32(pooling)}
    )
    first, second, third = (tmp_path / place / "mine" for place in ("a", "b", "c"))
    for folder, name in ((first, "same.gguf"), (second, "same.gguf"), (third, "unused.gguf")):
        folder.mkdir(parents=True)
        (folder / name).write_bytes(bert)
        assistant.models.add_folder(str(folder))
    used = "mine/same.gguf (2)"
    assistant.settings.update(**{setting: used})
    # Without the first folder, the model of the second would go by another name.
    for folder in (first, second):
        with pytest.raises(ModelNeeded) as refused:
            assistant.remove_models_folder(str(folder))
        error = refused.value
        assert (error.name, error.purpose, error.folder) == (used, purpose, str(folder))
        assert str(folder) in explain(error)
    assistant.remove_models_folder(str(third))
    assert [facts.name for facts in assistant.models.list()] == ["mine/same.gguf", used]
    with pytest.raises(FolderNotUsable):
        assistant.remove_models_folder(str(third))
    # Once another is chosen, it goes too.
    assistant.settings.update(**{setting: None})
    assistant.remove_models_folder(str(second))
    assert [facts.name for facts in assistant.models.list()] == ["mine/same.gguf"]
