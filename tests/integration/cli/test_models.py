"""`studiolo models` and `doctor`."""

from __future__ import annotations

import pytest

from tests.integration.lora import write_adapter
from tests.unit.models.conftest import KEYS, build, string, u32

pytestmark = pytest.mark.model


def test_the_doctor_finds_what_is_missing(empty):
    done = empty.run("doctor", "--json")
    assert done.status == 1
    checks = {check["name"]: check for check in done.json["checks"]}
    assert not done.json["ok"]
    for name in ("models", "embedder"):
        assert checks[name]["state"] == "problem"
        assert "packaging/studiolo.py run" in checks[name]["mend"]
    assert checks["network"]["facts"]["guard"] is True
    assert checks["disk"]["facts"]["free_bytes"] > 0
    assert str(empty.data_dir) in checks["data folder"]["found"]


def test_a_model_is_set_up_and_says_whether_it_fits(empty, smollm_path, tmp_path):
    empty.install(model=smollm_path)
    name = smollm_path.name
    lora = write_adapter(tmp_path / "lora.gguf")
    done = empty.run(
        "models", "settings", name, "temperature=0.7", "thinking=off", "context_tokens=2048",
        f"adapters={lora}:0.5", "--json",
    )  # fmt: skip
    assert done.json["settings"] == {
        "temperature": 0.7, "thinking": False, "context_tokens": 2048,
        "adapters": [{"path": str(lora), "weight": 0.5}],
    }  # fmt: skip
    memory = empty.run("models", "info", name, "--json").json["memory"]
    assert (memory["fit"], memory["context_tokens"]) == ("well", 2048)
    kept_as = empty.run("models", "info", name, "--json").json["context_bytes"]
    assert kept_as["f16"] > kept_as["q8_0"] > kept_as["q4_0"] > 0
    assert "fits well" in empty.run("models", "list").out
    done = empty.run("models", "settings", name, "temperature=", "thinking=", "adapters=")
    starred = [line.split()[1:] for line in done.out.splitlines() if line.startswith("*")]
    assert starred == [["context_tokens", "2048"]]
    # What nobody chose is shown as well: what holds.
    assert {"kv_type f16", "gpu_layers all", "top_k 40"} < {
        " ".join(line.split()) for line in done.out.splitlines()
    }
    for wrong, right in (
        ("temperature=warm", "0 to 5 do"),
        ("colour=red", "one of these names"),
        ("temperature", "one of these names"),
        ("threads=0", "1 to 1,024 do"),
        ("kv_type=q9", "f16, q8_0 and q4_0 do"),
        ("thinking=perhaps", "on and off do"),
        ("template=/no/file", "no file"),
    ):
        refused = empty.run("models", "settings", name, wrong)
        assert (refused.status, right in refused.err) == (2, True), refused.err
    for unfit, why in (
        (tmp_path / "none.gguf", "there is no such file"),
        (smollm_path, "is no LoRA adapter"),
        (write_adapter(tmp_path / "q.gguf", architecture="qwen2"), "models of the family qwen2"),
    ):
        refused = empty.run("models", "settings", name, f"adapters={unfit}")
        assert (refused.status, why in refused.err) == (1, True), refused.err
    template = tmp_path / "endless.jinja"
    template.write_text("{% for n in range(10**9) %}x{% endfor %}")
    refused = empty.run("models", "settings", name, f"template={template}")
    assert (refused.status, "lays out no conversation" in refused.err) == (2, True), refused.err
    assert "template" not in empty.run("models", "settings", name, "--json").json["settings"]


def test_models_come_go_and_are_chosen(empty, smollm_path, tmp_path):
    name = smollm_path.name
    imported = empty.run("models", "import", smollm_path, "--json")
    assert imported.status == 0, imported.err
    assert imported.json["model"]["name"] == name
    assert imported.json["model"]["architecture"] == "llama"
    assert empty.run("models", "use", name, "--json").json["current"] is True
    listed = empty.run("models", "list", "--json").json
    assert ([model["name"] for model in listed["models"]], listed["current"]) == ([name], name)
    # As people call it, and not as its makers' training run is called in the file.
    listing = empty.run("models", "list").out
    assert f"{name} SmolLM2 135M Instruct 98 MB 135M" in " ".join(listing.split())
    info = " ".join(empty.run("models", "info", name).out.split())
    assert "parameters 135M quantization Q4_1 trained context 8,192 tokens" in info

    assert empty.run("models", "remove", name, "--json").json["removed"] == name
    assert empty.run("models", "list", "--json").json["models"] == []
    assert empty.run("models", "restore", name, "--json").json["restored"]["name"] == name
    assert empty.run("models", "list", "--json").json["current"] == name
    assert empty.run("models", "restore", name).status == 1

    searching = {**KEYS, "general.architecture": string("bert"), "bert.pooling_type": u32(1)}
    (empty.data_dir / "models" / "search.gguf").write_bytes(build(keys=searching))
    (empty.data_dir / "settings.toml").write_text('embedder = "search.gguf"\n', encoding="utf-8")
    done = empty.run("models", "remove", "search")
    assert done.status == 1
    assert "search.gguf is what documents are searched with, so it is not removed. " in done.err
    assert "'studiolo index embedder NAME' chooses another" in done.err
    mine = tmp_path / "mine"
    mine.mkdir()
    (empty.data_dir / "models" / "search.gguf").rename(mine / "search.gguf")
    (empty.data_dir / "settings.toml").write_text(
        'embedder = "mine/search.gguf"\n', encoding="utf-8"
    )
    assert empty.run("models", "folders", "add", mine).status == 0
    done = empty.run("models", "folders", "remove", mine)
    assert done.status == 1
    assert f"The folder {mine} stays listed: the model mine/search.gguf in it is what" in done.err

    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF" + b"\xff" * 64)
    done = empty.run("models", "import", bad)
    assert done.status == 1
    assert "bad.gguf cannot be used as a model" in done.err
    unknown = empty.run("models", "use", "no-such-model")
    assert unknown.status == 1
    assert "There is no model no-such-model" in unknown.err


def test_the_doctor_is_content_with_a_library(studio):
    done = studio.run("doctor")
    assert "MEND" not in done.out or "disk" in done.out
    assert "SmolLM2" in done.out
