"""Exports adapters of small models; prints how far each file is from peft's own model, and what the command said.

Run by an interpreter that has peft.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import peft
import torch
import transformers

from transformers_export import tiny
from transformers_export.onnx.command import main as export
from transformers_export.torchscript.command import main as trace

TOKENS = torch.arange(14).reshape(2, 7) % 9 + 3
CASES: dict[str, tuple[str, str, Any]] = {
    "causal-lm": ("LlamaConfig", "AutoModelForCausalLM", peft.LoraConfig(task_type="CAUSAL_LM", r=4)),
    "sequence-classification": (
        "BertConfig",
        "AutoModelForSequenceClassification",
        peft.LoraConfig(task_type="SEQ_CLS", r=4),  # trains the head, of five classes, with it
    ),
}


def changed(model: Any, config: Any) -> Any:
    """The model with an adapter whose weights are not zero."""
    made, generator = peft.get_peft_model(model, config).eval(), torch.Generator().manual_seed(0)
    for name, weight in made.named_parameters():
        if "lora_" in name or "modules_to_save" in name:
            weight.data.add_(torch.randn(weight.shape, generator=generator) / 5)
    return made


def ran(command: Any, *arguments: str) -> dict[str, Any]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        return {"code": command(list(arguments)), "said": said.getvalue()}


def gap(expected: torch.Tensor, file: Path) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    given = {"input_ids": TOKENS, "attention_mask": torch.ones_like(TOKENS), "token_type_ids": torch.zeros_like(TOKENS)}
    taken = {value.name: given[value.name].numpy() for value in session.get_inputs()}
    (found,) = session.run(["logits"], taken)
    return float(abs(torch.from_numpy(found) - expected).max()) if found.shape == expected.shape else float("inf")


def exported(feature: str, directory: Path) -> dict[str, Any]:
    name, head, adapter = CASES[feature]
    config = tiny.shrink(getattr(transformers, name)())
    whole = tiny.build_model(transformers.AutoModel, config).eval()
    tiny.save_checkpoint(whole, tiny.make_preprocessor(config, whole), directory / "base")
    labels = {} if feature == "causal-lm" else {"num_labels": 5}
    if feature == "causal-lm":
        whole = tiny.build_model(transformers.AutoModelForCausalLM, config).eval()
        whole.save_pretrained(directory / "base")
    model = changed(getattr(transformers, head).from_pretrained(directory / "base", **labels), adapter)
    model.save_pretrained(directory / "adapter")
    arguments = ["--model", str(directory / "adapter"), "--feature", feature]
    done = ran(export, *arguments, "--exporter", "legacy", str(directory / "out"))
    with torch.no_grad():
        expected = model(TOKENS, attention_mask=torch.ones_like(TOKENS)).logits
        model.disable_adapter_layers()
        without = model(TOKENS, attention_mask=torch.ones_like(TOKENS)).logits
    file = directory / "out" / "model.onnx"
    return {
        "feature": feature,
        **done,
        "gap": gap(expected, file) if file.is_file() else None,
        "effect": float(abs(expected - without).max()),
        "validated": ran(export, "validate", str(file), *arguments)["code"],
        "traced": ran(trace, *arguments, str(directory / "traced"))["code"],
    }


def unmergeable(directory: Path) -> dict[str, Any]:
    """An adapter that adds to the prompt."""
    model = transformers.AutoModelForCausalLM.from_pretrained(directory / "base")
    config = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    peft.get_peft_model(model, config).save_pretrained(directory / "prompt")
    return ran(export, "--model", str(directory / "prompt"), "--feature", "causal-lm", str(directory / "none"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for feature in CASES:
            (Path(folder) / feature).mkdir()
            print(json.dumps(exported(feature, Path(folder) / feature)))
        print(json.dumps(unmergeable(Path(folder) / "causal-lm")))
