"""How fast and how large: PyTorch eager, TorchScript, TorchScript frozen and ONNX Runtime, side by side in one run.

    python benchmarks/torchscript.py [--only bert gpt2 vit] [--rounds 15] [--batch 1] [--sequence 128]

Models have the sizes of their default configuration (base), with random weights. Each round runs every kind once, in
turn, so that a busy machine is busy for all; medians and their ratios to eager are printed as the table of
docs/torchscript.md.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import torch  # noqa: E402
import transformers  # noqa: E402

from transformers_export import tiny, torchscript  # noqa: E402 - found through the line above
from transformers_export.cases.providers import configuration_class  # noqa: E402
from transformers_export.onnx import FeaturesManager, export  # noqa: E402
from transformers_export.onnx.convert import default_opset  # noqa: E402
from transformers_export.onnx.files import read_message  # noqa: E402
from transformers_export.onnx.flat import prepared  # noqa: E402
from transformers_export.onnx.inputs import Sizes, make_inputs, template_inputs  # noqa: E402
from transformers_export.onnx.validation.runs import open_session, run_graph  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

FEATURES = {"bert": "masked-lm", "gpt2": "causal-lm", "vit": "image-classification"}
WARM_UP = 3
KINDS = ("eager", "TorchScript", "TorchScript, frozen", "ONNX Runtime")


def main() -> int:
    """Measure and print the table."""
    options = _options()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
    print(f"{versions}, {torch.get_num_threads()} thread(s), batch {options.batch}, sequence {options.sequence}\n")
    print("| model | kind | median CPU ms | of eager | file, MB |")
    print("|---|---|--:|--:|--:|")
    for model_type in options.only:
        with tempfile.TemporaryDirectory() as folder:
            _measure(model_type, options, Path(folder))
    return 0


def _measure(model_type: str, options: argparse.Namespace, folder: Path) -> None:
    feature = FEATURES[model_type]
    config = configuration_class(model_type)()
    small = tiny.shrink(config)
    model_class = FeaturesManager.get_model_class_for_feature(feature, model_type=model_type)
    model = tiny.build_model(model_class, config)
    preprocessor = tiny.make_preprocessor(config if "image" in feature else small, model)
    onnx_config = FeaturesManager.get_config(model_type, feature)(model.config)
    sizes = Sizes(batch=options.batch, sequence=options.sequence)
    with prepared(model, onnx_config) as flat:
        inputs = make_inputs(onnx_config, template_inputs(onnx_config, preprocessor, model), sizes)
        files = {
            "TorchScript": _traced(folder / "plain.pt", preprocessor, model, onnx_config),
            "TorchScript, frozen": _traced(folder / "frozen.pt", preprocessor, model, onnx_config, freeze=True),
            "ONNX Runtime": _onnx(folder / "model.onnx", preprocessor, model, onnx_config),
        }
        arrays = {name: tensor.numpy() for name, tensor in inputs.items()}
        session = open_session(read_message(files["ONNX Runtime"]), folder)
        loaded = {kind: torchscript.load(files[kind]) for kind in KINDS[1:3]}
        ordered = [inputs[name] for name in flat.input_names]
        runs: dict[str, Callable[[], Any]] = {
            "eager": lambda: flat(*ordered),
            "TorchScript": lambda: loaded["TorchScript"](**inputs),
            "TorchScript, frozen": lambda: loaded["TorchScript, frozen"](**inputs),
            "ONNX Runtime": lambda: run_graph(session, arrays),
        }
        medians = _medians(runs, options.rounds)
    for kind in KINDS:
        size = f"{files[kind].stat().st_size / 1e6:.1f}" if kind in files else ""
        row = (f"{model_type} {feature}", kind, f"{medians[kind]:.1f}", f"{medians[kind] / medians['eager']:.2f}", size)
        print(f"| {' | '.join(row)} |", flush=True)


def _medians(runs: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Milliseconds of CPU time, which other work on the machine does not stretch; every kind once a round."""
    taken: dict[str, list[float]] = {kind: [] for kind in runs}
    for place in range(WARM_UP + rounds):
        for kind, run in runs.items():
            start = time.process_time()
            run()
            if place >= WARM_UP:
                taken[kind].append((time.process_time() - start) * 1000)
    return {kind: statistics.median(times) for kind, times in taken.items()}


def _traced(path: Path, preprocessor: Any, model: Any, onnx_config: Any, **options: Any) -> Path:
    torchscript.export(preprocessor, model, onnx_config, path, **options)
    return path


def _onnx(path: Path, preprocessor: Any, model: Any, onnx_config: Any) -> Path:
    export(preprocessor, model, onnx_config, default_opset(onnx_config, "legacy"), path, exporter="legacy")
    return path


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=FEATURES, default=list(FEATURES))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--sequence", type=int, default=128)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
