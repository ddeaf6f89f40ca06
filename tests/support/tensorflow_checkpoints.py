"""The checkpoints in tests/data/tensorflow, which TensorFlow wrote, and how far PyTorch and graphs are from it.

    python tests/support/tensorflow_checkpoints.py DIRECTORY [--graphs] [FAMILY ...]

unpacks families into DIRECTORY and prints a line of JSON for each checkpoint; it runs in any interpreter with torch,
transformers and h5py, and transformers_export on its path. `benchmarks/tensorflow_checkpoints.py` makes the archives.
"""

from __future__ import annotations

import json
import sys
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

DATA = Path(__file__).resolve().parents[1] / "data" / "tensorflow"
EXPECTED = "expected.safetensors"
SIDES = ("input/", "output/")
PADDING_DIFFERS = {"deberta", "deberta-v2"}
"""TensorFlow lets padding attend to nothing, PyTorch to all: only the other tokens are compared."""


@dataclass(frozen=True)
class Distance:
    """How far one checkpoint's outputs are from TensorFlow's."""

    family: str
    feature: str
    pytorch: float
    """Largest |difference| of the PyTorch model, over all outputs."""
    graph: float | None
    """Of the exported graph; None where none was made."""
    spread: float
    """The smallest standard deviation of an output: above 0, or nothing was compared."""


def families() -> list[str]:
    """Every family there is an archive of."""
    return sorted(path.name.removesuffix(".tar.xz") for path in DATA.glob("*.tar.xz"))


def unpack(family: str, into: Path) -> dict[str, Path]:
    """Unpack one family: a directory for each feature."""
    with tarfile.open(DATA / f"{family}.tar.xz") as archive:
        archive.extractall(into / family, filter="data")
    return {path.name: path for path in sorted((into / family).iterdir())}


def expected(directory: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs by name, and what TensorFlow made of them."""
    saved = load_file(directory / EXPECTED)
    sides = {side: {k.removeprefix(side): v for k, v in saved.items() if k.startswith(side)} for side in SIDES}
    return sides["input/"], sides["output/"]


def of_pytorch(model: Any, directory: Path) -> float:
    """The largest |difference| of a PyTorch model from TensorFlow."""
    with torch.no_grad():
        computed = model(**expected(directory)[0])
    return _largest_difference(computed, directory, model.config.model_type)


def of_graph(model: Any, feature: str, directory: Path, file: Path) -> float:
    """The largest |difference| of the model's graph, exported with the legacy exporter, from TensorFlow."""
    import onnxruntime

    from transformers_export import tiny
    from transformers_export.onnx import FeaturesManager, export

    onnx_config = FeaturesManager.get_config(model.config.model_type, feature)(model.config)
    preprocessor = tiny.make_preprocessor(model.config, model)
    export(preprocessor, model, onnx_config, onnx_config.default_onnx_opset, file, exporter="legacy")
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    inputs, _ = expected(directory)
    values = session.run(None, {taken.name: inputs[taken.name].numpy() for taken in session.get_inputs()})
    names = [output.name for output in session.get_outputs()]
    computed = {name: torch.from_numpy(value) for name, value in zip(names, values, strict=True)}
    return _largest_difference(computed, directory, model.config.model_type)


def _largest_difference(computed: Any, directory: Path, model_type: str) -> float:
    """Over every output that both sides have; all that the graph gives must be there."""
    inputs, outputs = expected(directory)
    names = [name for name in outputs if name in computed]
    assert names, (list(computed), list(outputs))
    mask = inputs["attention_mask"].bool() if model_type in PADDING_DIFFERS else None
    differences = []
    for name in names:
        mine, theirs = computed[name], outputs[name]
        assert mine.shape == theirs.shape, (name, mine.shape, theirs.shape)
        difference = (mine - theirs).abs()
        if mask is not None and difference.shape[: mask.ndim] == mask.shape:
            difference = difference[mask]
        differences.append(float(difference.max()))
    return max(differences)


def spread(directory: Path) -> float:
    """The smallest standard deviation over rows of any of TensorFlow's outputs."""
    return min(float(value.std(dim=0).max()) for value in expected(directory)[1].values())


def distance(family: str, feature: str, directory: Path, graph_file: Path | None) -> Distance:
    """Load one checkpoint as a user does, export it where a file is given, and compare."""
    from transformers_export.onnx import FeaturesManager

    model = FeaturesManager.get_model_from_feature(feature, str(directory))
    graph = of_graph(model, feature, directory, graph_file) if graph_file else None
    return Distance(family, feature, of_pytorch(model, directory), graph, spread(directory))


def main(arguments: list[str]) -> None:
    """Compare what was asked for."""
    graphs = "--graphs" in arguments
    into, *asked = [argument for argument in arguments if argument != "--graphs"]
    for family in asked or families():
        for feature, directory in unpack(family, Path(into)).items():
            found = distance(family, feature, directory, directory / "model.onnx" if graphs else None)
            print(json.dumps(asdict(found)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
