"""The form over a model's settings: what is left as usual is no choice."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from assistant.settings import ModelSettings
from desktop.views.adapters_field import AdaptersField
from desktop.views.model_settings_form import ModelSettingsForm
from models.engine.types import Adapter
from models.facts import ModelFacts
from models.gguf_header import ModelKind

THINKS = "{% if enable_thinking %}<think>{% endif %}"


def facts(name: str, kind: ModelKind = "chat") -> ModelFacts:
    return ModelFacts(
        name=name, path=f"/models/{name}", title="", bytes=1, architecture="qwen3", parameters=1,
        quantization="Q4_0", trained_context=32768, licence="", has_template=True, kind=kind,
    )  # fmt: skip


@pytest.fixture
def make(theme, qtbot):
    def made(usual=None, adapters=(), template=""):
        usual = usual or ModelSettings(context_tokens=8192, temperature=0.0)
        form = ModelSettingsForm(
            theme, facts("model.gguf"), usual,
            "As everywhere: {value}", adapters, template,
        )  # fmt: skip
        qtbot.addWidget(form)
        form.show()
        return form

    return made


def choose(form, name, value):
    form.fields[name].setCurrentIndex(form.fields[name].findData(value))


def test_nothing_chosen_is_nothing_kept(make):
    form = make()
    form.show_settings(ModelSettings())
    assert form.chosen == ModelSettings()
    assert form.fields["context_tokens"].currentText() == "As everywhere: 8,192 tokens"
    assert form.fields["top_k"].value() == 40


def test_every_choice_comes_back(make):
    chosen = ModelSettings(
        context_tokens=4096, kv_type="q8_0", flash_attention=True, threads=1, gpu_layers=7,
        template="{{ messages }}", thinking=False, thinking_tokens=512, temperature=0.7, top_k=5,
        top_p=0.5, min_p=0.2, repeat_penalty=1.1, seed=3,
        adapters=(Adapter("/models/law.gguf", 0.5),),
    )  # fmt: skip
    form = make(adapters=[facts("law.gguf", "adapter")], template=THINKS)
    form.show_settings(chosen)
    assert form.chosen == chosen
    form.show_settings(ModelSettings())
    assert form.chosen == ModelSettings()


def test_what_is_usual_here_may_be_unusual_elsewhere(make):
    form = make(usual=ModelSettings(context_tokens=2048, temperature=0.0, kv_type="q8_0", top_k=9))
    form.show_settings(ModelSettings())
    assert form.fields["kv_type"].currentData() == "q8_0"
    assert form.fields["top_k"].value() == 9
    # Back to what the engine takes is a choice of its own.
    choose(form, "kv_type", "f16")
    form.fields["top_k"].setValue(40)
    assert form.chosen == ModelSettings(kv_type="f16", top_k=40)


def test_only_what_can_think_is_asked_how(make):
    assert "thinking" not in make().fields
    assert "thinking" in make(template=THINKS).fields


def test_adapters_are_switched_on_with_a_weight(make, qtbot):
    form = make(adapters=[facts("law.gguf", "adapter"), facts("poems.gguf", "adapter")])
    form.show_settings(ModelSettings())
    field = form.findChild(AdaptersField)
    on, weight = field._rows["/models/poems.gguf"]
    assert not weight.isEnabled()
    qtbot.mouseClick(on, Qt.MouseButton.LeftButton)
    weight.setValue(0.3)
    assert form.chosen == ModelSettings(adapters=(Adapter("/models/poems.gguf", 0.3),))
    # One whose file is gone is still there to be switched off.
    form.show_settings(ModelSettings(adapters=(Adapter("/models/gone.gguf"),)))
    on, _ = field._rows["/models/gone.gguf"]
    assert on.isChecked()
    on.click()
    assert form.chosen == ModelSettings()
