"""The manifest: what is written is what is read, and what is no manifest says so."""

from __future__ import annotations

import dataclasses
import json
import zipfile

import pytest

from transformers_export.torchscript.manifest import (
    Manifest,
    ManifestError,
    Tensor,
    from_json,
    model_file,
    read_manifest,
)

MANIFEST = Manifest(
    model_class="BertForMaskedLM",
    model_type="bert",
    task="masked-lm",
    target="torchscript",
    fixed=True,
    inputs=(Tensor("input_ids", "int64", (2, 8), {0: "batch", 1: "sequence"}, {0: "batch", 1: "sequence"}),),
    outputs=(Tensor("logits", "float32", (2, 8, 99), {0: "batch"}, {0: "batch", 1: "sequence"}),),
    versions={"torch": "2.13.0"},
    tied_weights="cloned",
    tied=(("a.weight", "b.weight"),),
    frozen=True,
    pad_token_id=0,
    remarks=("modeling.py:3: Converting a tensor to a Python integer",),
)


def test_what_is_written_is_read_again():
    assert from_json(MANIFEST.to_json()) == MANIFEST
    assert MANIFEST.input_names == ("input_ids",)
    assert MANIFEST.output_names == ("logits",)
    assert MANIFEST.lengths() == {"batch": 2, "sequence": 8}


def test_a_later_format_says_what_to_do():
    with pytest.raises(ManifestError, match=r"of format 2, expected 1\. Update transformers-export"):
        from_json(dataclasses.replace(MANIFEST, format=2).to_json())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "\xff", json.dumps({"format": 1, "inputs": 3})])
def test_anything_else_is_no_manifest(text):
    with pytest.raises(ManifestError, match="Expected a manifest as `save` writes it"):
        from_json(text)


def test_an_unknown_field_is_no_manifest_of_this_format():
    with pytest.raises(ManifestError):
        from_json(json.dumps({**json.loads(MANIFEST.to_json()), "colour": "red"}))


def test_a_missing_file_says_what_was_expected(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"expected a \.pt file, or a directory that holds model\.pt"):
        model_file(tmp_path)


def test_a_file_that_is_no_archive_or_has_no_manifest_says_so(tmp_path):
    file = tmp_path / "model.pt"
    file.write_bytes(b"no archive")
    with pytest.raises(ManifestError, match=r"is no file of torch\.jit\.save"):
        read_manifest(tmp_path)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("model/data.pkl", "")
    with pytest.raises(ManifestError, match=r"torch\.jit\.load reads it without names"):
        read_manifest(file)
