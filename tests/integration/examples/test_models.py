"""The example's models are right by themselves: what a report says about them must come from the export."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from support.repositories import Repository

SCRIPT = """
import json
import torch
import acme_models
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSequenceClassification

small = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, vocab_size=50,
             initializer_range=0.3)
ids = torch.randint(3, 50, (2, 9), generator=torch.Generator().manual_seed(0))
mask = torch.ones_like(ids)
mask[1, 6:] = 0


def build(auto, model_type, attention):
    torch.manual_seed(1)
    config = AutoConfig.for_model(model_type, **small)
    return auto.from_config(config, attn_implementation=attention).eval()


def difference(one, other):
    return float((one - other).abs().max())


with torch.no_grad():
    found = {}
    eager, sdpa = (build(AutoModelForCausalLM, "acme_magpie", attention) for attention in ("eager", "sdpa"))
    found["decoder: eager and sdpa"] = difference(eager(ids, mask).logits[0], sdpa(ids, mask).logits[0])
    start = sdpa(ids[:, :4], use_cache=True)
    rest = sdpa(ids[:, 4:], past_key_values=start.past_key_values)
    found["decoder: cache and no cache"] = difference(sdpa(ids).logits[:, 4:], rest.logits)
    found["decoder: later tokens"] = difference(sdpa(ids).logits[:, :4], sdpa(ids[:, :4]).logits)
    for auto in (AutoModelForMaskedLM, AutoModelForSequenceClassification):
        eager, sdpa = (build(auto, "acme_heron", attention) for attention in ("eager", "sdpa"))
        found[f"encoder: eager and sdpa, {auto.__name__}"] = difference(eager(ids, mask).logits, sdpa(ids, mask).logits)
    encoder = build(AutoModelForMaskedLM, "acme_heron", "sdpa")
    other = ids.clone()
    other[1, 6:] = 7
    found["encoder: masked tokens"] = difference(encoder(ids, mask).logits[1, :6], encoder(other, mask).logits[1, :6])
    seen = difference(encoder(ids).logits[1, :6], encoder(other).logits[1, :6])
generated = build(AutoModelForCausalLM, "acme_magpie", "sdpa").generate(ids, max_new_tokens=3, do_sample=False)
print(json.dumps({"found": found, "seen": seen, "generated": list(generated.shape)}))
"""


def test_the_models_compute_what_they_should(
    example_repository: Repository, example_python: Path, tmp_path: Path
) -> None:
    example_repository.checkout("complete")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    run = subprocess.run([str(example_python), str(script)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout.splitlines()[-1])
    assert {name: value for name, value in result["found"].items() if value > 1e-4} == {}
    assert len(result["found"]) == 6
    assert result["seen"] > 1e-2, "without the mask the tokens behind it must be seen, or the test shows nothing"
    assert result["generated"][1] <= 12
