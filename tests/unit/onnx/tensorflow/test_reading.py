"""HDF5 files from anywhere: what TensorFlow writes is read, everything else refused in one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from transformers_export.onnx.tensorflow.errors import TensorFlowCheckpointError
from transformers_export.onnx.tensorflow.reading import read, shard_names, weights_of_file, weights_of_index

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = "tf_x/bert/dense/kernel:0"
VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)


def _file(path: Path, plant: Callable[[Any], None] | None = None) -> Path:
    """A file with one layer that lists one weight, which `plant` puts there."""
    with h5py.File(path, "w") as root:
        root.attrs["layer_names"] = [b"bert"]
        root.create_group("bert").attrs["weight_names"] = [NAME.encode()]
        plant(root["bert"]) if plant else root["bert"].create_dataset(NAME, data=VALUES)
    return path


def test_a_weight_is_listed_with_its_shape_and_read(tmp_path: Path) -> None:
    weights = weights_of_file(_file(tmp_path / "tf_model.h5"))
    assert [(weight.name, weight.shape) for weight in weights] == [(NAME, (2, 3))]
    assert np.array_equal(read(weights[0]), VALUES)


@pytest.mark.parametrize("dtype", [">f4", "<f2", ">f8"])
def test_other_floating_point_numbers_are_read_in_the_byte_order_of_the_machine(tmp_path: Path, dtype: str) -> None:
    file = _file(tmp_path / "tf_model.h5", lambda group: group.create_dataset(NAME, data=VALUES.astype(dtype)))
    values = read(weights_of_file(file)[0])
    assert np.array_equal(values, VALUES)
    assert values.dtype.isnative


def test_lists_of_names_that_keras_parted_are_read_whole(tmp_path: Path) -> None:
    """Keras parts attributes that HDF5 would refuse at 64 kB: `weight_names0`, `weight_names1`, ..."""
    names = [f"tf_x/bert/layer_._{number}/kernel:0" for number in range(4)]
    with h5py.File(tmp_path / "tf_model.h5", "w") as root:
        root.attrs["layer_names"] = ["bert"]
        layer = root.create_group("bert")
        layer.attrs["weight_names0"], layer.attrs["weight_names1"] = names[:3], names[3:]
        for name in names:
            layer.create_dataset(name, data=VALUES)
    assert [weight.name for weight in weights_of_file(tmp_path / "tf_model.h5")] == names


def test_weights_that_the_model_itself_holds_are_read(tmp_path: Path) -> None:
    with h5py.File(_file(tmp_path / "tf_model.h5"), "r+") as root:
        top = root.create_group("top_level_model_weights")
        top.attrs["weight_names"] = ["token:0"]
        top.create_dataset("token:0", data=VALUES)
    assert [weight.name for weight in weights_of_file(tmp_path / "tf_model.h5")] == [NAME, "token:0"]


def _external_link(group: Any) -> None:
    with h5py.File(f"{group.file.filename}.other", "w") as other:
        other["there"] = VALUES
    group[NAME] = h5py.ExternalLink(f"{group.file.filename}.other", "there")


def _external_link_above(group: Any) -> None:
    with h5py.File(f"{group.file.filename}.other", "w") as other:
        other["there/dense/kernel:0"] = VALUES
    group["tf_x/bert"] = h5py.ExternalLink(f"{group.file.filename}.other", "there")


def _soft_link(group: Any) -> None:
    group["there"] = VALUES
    group[NAME] = h5py.SoftLink("/bert/there")


def _virtual(group: Any) -> None:
    with h5py.File(f"{group.file.filename}.other", "w") as other:
        other["there"] = VALUES
    layout = h5py.VirtualLayout(VALUES.shape, dtype="f4")
    layout[:] = h5py.VirtualSource(f"{group.file.filename}.other", "there", shape=VALUES.shape)
    group.create_virtual_dataset(NAME, layout)


def _external_storage(group: Any) -> None:
    group.create_dataset(NAME, (2, 3), "f4", external=[("/etc/hostname", 0, 24)])


def _huge(group: Any) -> None:
    group.create_dataset(NAME, (2**40, 2**10), "f4")


def _huge_in_chunks(group: Any) -> None:
    group.create_dataset(NAME, (2**30, 2**20), "f4", chunks=(16, 16))


def _compressed(group: Any) -> None:
    group.create_dataset(NAME, data=np.zeros((64, 64), "f4"), compression="gzip")


def _objects(group: Any) -> None:
    group.create_dataset(NAME, data=["a", "b"], dtype=h5py.string_dtype())


def _integers(group: Any) -> None:
    group.create_dataset(NAME, data=np.arange(6))


def _never_written(group: Any) -> None:
    group.create_dataset(NAME, (2, 3), "f4")


def _nothing(group: Any) -> None:
    group.create_group("tf_x/bert/dense")


def _a_group(group: Any) -> None:
    group.create_group(NAME)


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        (_external_link, "is a link to elsewhere"),
        (_external_link_above, "is a link to elsewhere"),
        (_soft_link, "is a link to elsewhere"),
        (_virtual, "plainly in the file"),
        (_external_storage, "plainly in the file"),
        (_huge, "4503599627370496 bytes, of which 0 are plainly in the file"),
        (_huge_in_chunks, "of which 0 are plainly in the file"),
        (_compressed, "h5repack"),
        (_objects, "holds object, not floating-point numbers"),
        (_integers, "holds int64, not floating-point numbers"),
        (_never_written, "24 bytes, of which 0 are plainly in the file"),
        (_nothing, "and does not hold it"),
        (_a_group, "no weight"),
    ],
)
def test_what_is_no_plain_dataset_is_refused(tmp_path: Path, plant: Callable[[Any], None], says: str) -> None:
    with pytest.raises(TensorFlowCheckpointError) as caught:
        weights_of_file(_file(tmp_path / "tf_model.h5", plant))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["../bert", "bert/../../x", "/bert", "bert//x", "."])
def test_a_layer_that_is_no_plain_path_is_refused(tmp_path: Path, path: str) -> None:
    with h5py.File(_file(tmp_path / "tf_model.h5"), "r+") as root:
        root.attrs["layer_names"] = [path]
    with pytest.raises(TensorFlowCheckpointError, match=r"no plain path|does not hold it"):
        weights_of_file(tmp_path / "tf_model.h5")


@pytest.mark.parametrize("kept", [0, 4, 100, 900, 2000])
def test_a_file_that_is_cut_short_is_one_error(tmp_path: Path, kept: int) -> None:
    content = _file(tmp_path / "whole.h5").read_bytes()
    assert len(content) > kept
    (tmp_path / "tf_model.h5").write_bytes(content[:kept])
    with pytest.raises(TensorFlowCheckpointError, match=r"cannot be read as HDF5.*cut short") as caught:
        weights_of_file(tmp_path / "tf_model.h5")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", b"PK\3\4"]
)
def test_what_is_no_hdf5_is_one_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tf_model.h5").write_bytes(content)
    with pytest.raises(TensorFlowCheckpointError, match="git lfs pull"):
        weights_of_file(tmp_path / "tf_model.h5")


@pytest.mark.parametrize("value", [5, "bert", [1.5], np.zeros((2, 2)), b"\xff"])
def test_a_list_of_names_that_is_none_is_one_error(tmp_path: Path, value: Any) -> None:
    with h5py.File(_file(tmp_path / "tf_model.h5"), "r+") as root:
        root.attrs["layer_names"] = value
    with pytest.raises(TensorFlowCheckpointError):
        weights_of_file(tmp_path / "tf_model.h5")


def test_a_file_that_no_model_wrote_says_what_is_missing(tmp_path: Path) -> None:
    h5py.File(tmp_path / "tf_model.h5", "w").close()
    with pytest.raises(
        TensorFlowCheckpointError, match=r"not what TensorFlow's save_pretrained\(\) writes.*layer_names"
    ):
        weights_of_file(tmp_path / "tf_model.h5")


def _sharded(folder: Path, named: dict[str, str], held: dict[str, list[str]]) -> tuple[Path, dict[str, Path]]:
    (folder / "index.json").write_text(json.dumps({"weight_map": named}))
    for shard, paths in held.items():
        with h5py.File(folder / shard, "w") as root:
            root.attrs["layer_names"] = paths
            for path in paths:
                root.create_dataset(path, data=VALUES)
    return folder / "index.json", {shard: folder / shard for shard in held}


def test_shards_hold_weights_with_or_without_the_name_of_the_model(tmp_path: Path) -> None:
    named = {"tf_x/bert/a:0": "1.h5", "model.shared/model.shared/e:0": "1.h5", "b:0": "2.h5"}
    held = {"1.h5": ["bert/a:0", "model.shared/model.shared/e:0"], "2.h5": ["b:0"]}
    assert sorted(weight.name for weight in weights_of_index(*_sharded(tmp_path, named, held))) == sorted(named)


def test_an_index_that_names_a_weight_no_shard_holds_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TensorFlowCheckpointError, match=r"lacks tf_x/bert/b:0, which the index names"):
        weights_of_index(
            *_sharded(tmp_path, {"tf_x/bert/a:0": "1.h5", "tf_x/bert/b:0": "1.h5"}, {"1.h5": ["bert/a:0"]})
        )


def test_a_weight_that_the_index_does_not_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TensorFlowCheckpointError, match=r"has bert/b:0, which it does not name"):
        weights_of_index(*_sharded(tmp_path, {"tf_x/bert/a:0": "1.h5"}, {"1.h5": ["bert/a:0", "bert/b:0"]}))


@pytest.mark.parametrize(
    "shard", ["../x.h5", "/etc/x.h5", "a/b.h5", "a\\b.h5", "x.bin", "", None, 1, ["x.h5"], "x.h5\n"]
)
def test_an_index_names_files_beside_it_alone(tmp_path: Path, shard: Any) -> None:
    (tmp_path / "index.json").write_text(json.dumps({"weight_map": {"a:0": shard}}))
    with pytest.raises(TensorFlowCheckpointError, match=r"must name files beside it|is no index"):
        shard_names(tmp_path / "index.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"weight_map": []}', '{"weight_map": {}}', "[" * 100_000])
def test_an_index_that_is_none_is_one_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(TensorFlowCheckpointError):
        shard_names(tmp_path / "index.json")
