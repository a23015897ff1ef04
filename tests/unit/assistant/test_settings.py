"""Settings survive what people, other versions and other processes do to their file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from assistant import settings as module
from assistant.settings import ModelSettings, Settings, SettingsFile
from models.engine.types import Adapter, LoadSettings, Sampling


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "settings.toml"


def test_defaults_need_no_file(path):
    assert SettingsFile(path).current == Settings()
    assert not path.exists()


def test_changes_are_written_and_read_again(path):
    file = SettingsFile(path)
    heard = []
    file.add_listener(heard.append)
    changed = file.update(theme="dark", model="a.gguf", desktop={"width": 900, "left": True})
    assert file.current == changed
    assert heard == [changed]
    assert SettingsFile(path).current == changed
    assert tomllib.loads(path.read_text())["schema_version"] == module.SCHEMA_VERSION
    assert SettingsFile(path).update(model=None).model is None
    assert SettingsFile(path).current.model is None
    assert [each.name for each in path.parent.iterdir()] == ["settings.toml"]


@pytest.mark.parametrize("change", [{"theme": "pink"}, {"context_tokens": "many"}, {"nothing": 1}])
def test_nonsense_is_refused_and_nothing_changes(path, change):
    file = SettingsFile(path)
    file.update(theme="dark")
    before = path.read_bytes()
    with pytest.raises(ValueError):  # noqa: PT011
        file.update(**change)
    assert path.read_bytes() == before
    assert file.current.theme == "dark"


def test_keys_of_a_newer_version_are_kept(path):
    path.parent.mkdir()
    path.write_text('schema_version = 1\ntheme = "light"\nnovelty = [1, 2]\n')
    file = SettingsFile(path)
    assert file.current.theme == "light"
    file.update(theme="dark")
    assert tomllib.loads(path.read_text())["novelty"] == [1, 2]


def test_a_slip_in_one_value_does_not_cost_the_others(path):
    path.parent.mkdir()
    path.write_text('theme = "pink"\nanswer_seconds = 5\n')
    assert SettingsFile(path).current == Settings(answer_seconds=5.0)


@pytest.mark.parametrize("content", [b"theme = ", b"\xff\xfe\x00", b'schema_version = "one"'])
def test_a_broken_file_is_set_aside(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    file = SettingsFile(path)
    assert file.current == Settings()
    assert path.with_name("settings.toml.broken").read_bytes() == content
    file.update(theme="dark")
    assert SettingsFile(path).current.theme == "dark"


def test_two_processes_do_not_undo_each_other(path):
    one, other = SettingsFile(path), SettingsFile(path)
    one.update(theme="dark")
    other.update(model="b.gguf")
    assert SettingsFile(path).current == Settings(theme="dark", model="b.gguf")
    assert one.reload().model == "b.gguf"


def test_older_schemas_are_migrated_with_a_copy_left(path, monkeypatch):
    monkeypatch.setattr(module, "SCHEMA_VERSION", 2)
    monkeypatch.setitem(
        module.MIGRATIONS, 1, lambda table: {"theme": table["colours"], "schema_version": 2}
    )
    path.parent.mkdir()
    old = 'schema_version = 1\ncolours = "dark"\n'
    path.write_text(old)
    assert SettingsFile(path).current.theme == "dark"
    assert path.with_name("settings.toml.v1").read_text() == old


def test_a_migration_that_fails_keeps_the_file(path, monkeypatch):
    monkeypatch.setattr(module, "SCHEMA_VERSION", 2)
    monkeypatch.setitem(module.MIGRATIONS, 1, lambda table: {"theme": table["colours"]})
    path.parent.mkdir()
    path.write_text("schema_version = 1\n")
    assert SettingsFile(path).current == Settings()
    assert path.with_name("settings.toml.broken").read_text() == "schema_version = 1\n"


def test_a_write_that_fails_leaves_the_old_file(path, monkeypatch):
    file = SettingsFile(path)
    file.update(theme="dark")

    def full(table, target):
        target.write(b"theme = ")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.tomli_w, "dump", full)
    with pytest.raises(OSError, match="No space"):
        file.update(theme="light")
    assert SettingsFile(path).current.theme == "dark"
    assert [each.name for each in path.parent.iterdir()] == ["settings.toml"]


def test_what_is_chosen_for_one_model_is_kept_and_the_rest_is_for_all(tmp_path):
    file = SettingsFile(tmp_path / "settings.toml")
    chosen = ModelSettings(
        context_tokens=16384, kv_type="q8_0", threads=3, min_p=0.2, seed=7, template="{{ x }}"
    )
    file.update(models={"big.gguf": chosen}, temperature=0.5)
    settings = SettingsFile(tmp_path / "settings.toml").current
    assert settings.models == {"big.gguf": chosen}
    assert settings.load_settings("big.gguf") == LoadSettings(
        context_tokens=16384, kv_type="q8_0", threads=3, template="{{ x }}"
    )
    assert settings.load_settings("other.gguf") == LoadSettings(context_tokens=8192)
    assert settings.sampling("big.gguf") == Sampling(temperature=0.5, min_p=0.2, seed=7)
    assert settings.sampling("other.gguf") == Sampling(temperature=0.5)


def test_a_slip_in_one_models_settings_costs_no_others(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('temperature = 0.5\n[models."big.gguf"]\nkv_type = "f12"\n')
    settings = SettingsFile(path).current
    assert settings.temperature == 0.5
    assert settings.models == {}


def test_a_conversations_choices_count_and_where_it_has_none_those_for_the_model_do(tmp_path):
    file = SettingsFile(tmp_path / "settings.toml")
    lora = Adapter(path="pirate.gguf", weight=0.5)
    usual = ModelSettings(context_tokens=16384, top_k=10, adapters=(lora,), thinking=True)
    file.update(models={"big.gguf": usual}, temperature=0.5)
    settings = SettingsFile(tmp_path / "settings.toml").current
    own = ModelSettings(
        context_tokens=2048, temperature=0.9, thinking=False, thinking_tokens=0, adapters=()
    )
    assert settings.load_settings("big.gguf", own) == LoadSettings(
        context_tokens=2048, thinking=False
    )
    assert settings.load_settings("big.gguf") == LoadSettings(
        context_tokens=16384, thinking=True, adapters=(lora,)
    )
    assert settings.sampling("big.gguf", own) == Sampling(
        temperature=0.9, top_k=10, thinking_tokens=0
    )
