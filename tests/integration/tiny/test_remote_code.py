from __future__ import annotations

import json

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer

from transformers_export.tiny import build_model, make_preprocessor, save_checkpoint, shrink

CONFIGURATION = """
from transformers import PretrainedConfig


class HubConfig(PretrainedConfig):
    model_type = "hub-model"

    def __init__(self, symbols=8000, girth=256, storeys=6, **kwargs):
        self.symbols = symbols
        self.girth = girth
        self.storeys = storeys
        super().__init__(**kwargs)
"""
MODELING = """
import torch
from transformers import PreTrainedModel

from .configuration_hub import HubConfig


class HubModel(PreTrainedModel):
    config_class = HubConfig

    def __init__(self, config):
        super().__init__(config)
        self.table = torch.nn.Embedding(config.symbols, config.girth)
        self.layers = torch.nn.ModuleList([torch.nn.Linear(config.girth, config.girth) for _ in range(config.storeys)])
        self.post_init()

    def get_input_embeddings(self):
        return self.table

    def forward(self, input_ids, attention_mask=None):
        hidden = self.table(input_ids)
        for layer in self.layers:
            hidden = hidden + layer(hidden).tanh()
        return (hidden,)
"""


@pytest.fixture
def hub_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    folder = tmp_path / "hub-model"
    folder.mkdir()
    (folder / "configuration_hub.py").write_text(CONFIGURATION)
    (folder / "modeling_hub.py").write_text(MODELING)
    auto_map = {"AutoConfig": "configuration_hub.HubConfig", "AutoModel": "modeling_hub.HubModel"}
    (folder / "config.json").write_text(json.dumps({"model_type": "hub-model", "auto_map": auto_map, "storeys": 9}))
    return folder


def test_a_folder_with_code_of_its_own_is_shrunk_built_and_saved(hub_folder, tmp_path):
    config = AutoConfig.from_pretrained(hub_folder, trust_remote_code=True)
    small = shrink(config)
    assert (small.symbols, small.storeys) == (100, 2)
    assert small.girth <= 64
    model = build_model(AutoModel, small)
    tokenizer = make_preprocessor(small, model)
    with torch.no_grad():
        assert torch.isfinite(model(**tokenizer("baba badi", return_tensors="pt"))[0]).all()
    save_checkpoint(model, tokenizer, tmp_path / "out")
    assert (tmp_path / "out" / "model.safetensors").is_file()
    assert len(AutoTokenizer.from_pretrained(tmp_path / "out", trust_remote_code=True)) == 100
