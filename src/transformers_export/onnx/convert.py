"""`export()`: from a model and its configuration to an ONNX file that keeps the declared contract.

Nothing is half-written: the file gets its name when it is whole. Whether it computes the right thing is asked in
`validation/`.
"""

from __future__ import annotations

import logging
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers_export.onnx import exporters
from transformers_export.onnx.opsets import highest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import onnx_ir
    from torch import Tensor

    from transformers_export.onnx.exporters import ExporterName
    from transformers_export.onnx.flat import FlatModel

logger = logging.getLogger("transformers_export.onnx")

_LOWEST_OPSET = {"dynamo": 18, "legacy": 11}
SDPA_OPSET = 14
_ONE_AT_A_TIME = threading.Lock()
"""torch's exporters keep what they are doing in globals."""


class OpsetError(ValueError):
    """An opset that this exporter cannot write."""


def export(
    preprocessor: Any,
    model: Any,
    config: Any,
    opset: int,
    output: Path,
    *,
    exporter: ExporterName = "dynamo",
    device: str = "cpu",
) -> tuple[list[str], list[str]]:
    """Export `model` to `output`.

    Args:
        preprocessor: Tokenizer, image processor or feature extractor that belongs to the model.
        model: A transformers PyTorch model; left as it was.
        config: Its OnnxConfig, ours or one that derives from transformers.onnx.OnnxConfig.
        opset: Opset to write; see `check_opset`.
        output: Path of the model file. Weights of 2 GB and more go to `<name>.data` beside it.
        exporter: `dynamo` or `legacy`.
        device: Where to run the model while it is captured.

    Returns:
        Input and output names in graph order.

    Raises:
        OpsetError: The exporter cannot write that opset.
        ValueError: The configuration declares an input that `forward()` does not take, or an output that the model
            does not return.
    """
    from transformers_export.onnx.branches import every_way
    from transformers_export.onnx.flat import prepared
    from transformers_export.onnx.inputs import captured_sizes, make_inputs, template_inputs
    from transformers_export.onnx.probing import tied

    opset = _raised(opset, config, exporter)
    check_opset(opset, exporter)
    check_dtype(model, exporter)
    with _ONE_AT_A_TIME, attention_for(model, opset), prepared(model, config) as flat:
        flat.check_inputs()
        template = template_inputs(config, preprocessor, model)
        model.to(device)
        drawn = make_inputs(config, template, tied(flat, config, template, captured_sizes(config)))
        traced = {name: drawn[name].to(device) for name in flat.input_names}
        config.patch_ops()
        try:
            with every_way(model):
                graph = exporters.find(exporter)(flat, traced, config.inputs, opset)
        finally:
            config.restore_ops()
        write_contract(graph, flat, config, template, traced)
    check_written_opset(graph, opset, exporter)
    save(graph, Path(output))
    return list(flat.input_names), list(flat.output_names)


def default_opset(config: Any, exporter: str) -> int:
    """The opset to write when the caller names none.

    The configuration's own, raised to what the exporter writes at least; configurations of transformers.onnx named 11
    to 13 as a lower bound, for them it is 18.
    """
    from transformers_export.onnx.config import DEFAULT_ONNX_OPSET, OnnxConfig

    declared = int(config.default_onnx_opset)
    if not isinstance(config, OnnxConfig):
        declared = max(declared, DEFAULT_ONNX_OPSET)
    return max(declared, _LOWEST_OPSET[exporter])


def check_dtype(model: Any, exporter: str) -> None:
    """Refuse a type that the exporter does not know.

    Raises:
        ValueError: The model is in bfloat16 and the exporter is `legacy`.
    """
    if exporter == "legacy" and str(model.dtype) == "torch.bfloat16":
        raise ValueError(
            "The model is in bfloat16, which the legacy exporter does not know: expected float32 or float16. "
            "Call model.float() first, load it with dtype=torch.float32, or use the dynamo exporter."
        )


def _raised(opset: int, config: Any, exporter: str) -> int:
    """Configurations of transformers.onnx ask for 11 to 13 as a lower bound; dynamo writes no less than 18."""
    from transformers_export.onnx.config import OnnxConfig

    if exporter != "dynamo" or isinstance(config, OnnxConfig) or opset >= _LOWEST_OPSET["dynamo"]:
        return opset
    logger.info("Opset %d is a lower bound; the dynamo exporter writes %d.", opset, _LOWEST_OPSET["dynamo"])
    return _LOWEST_OPSET["dynamo"]


def check_opset(opset: int, exporter: str) -> None:
    """Refuse an opset that the exporter cannot write.

    Raises:
        OpsetError: With the range that can be written.
    """
    low, high = _LOWEST_OPSET[exporter], highest(exporter, opset)
    if not low <= opset <= high:
        other = " The legacy exporter writes 11 to 20." if exporter == "dynamo" else ""
        limit = " More than that, the installed onnxscript or ONNX Runtime does not take." if opset > high else ""
        raise OpsetError(
            f"Opset {opset} cannot be written by the {exporter} exporter: expected {low} to {high}."
            f"{limit if exporter == 'dynamo' else ''}{other}"
        )


def check_written_opset(graph: onnx_ir.Model, opset: int, exporter: str) -> None:
    """Read the opset back: torch leaves another one in silence where a conversion failed.

    Raises:
        OpsetError: With the opset that was written.
    """
    from transformers_export.onnx.graph import opset_of

    written = opset_of(graph)
    if written != opset:
        raise OpsetError(
            f"Opset {opset} was asked for, but the {exporter} exporter wrote {written}. Ask for {written}."
        )


class attention_for:  # noqa: N801  (used as a context manager)
    """Switch a model to eager attention for opsets below 14, which have no translation of sdpa, and back after."""

    def __init__(self, model: Any, opset: int) -> None:
        self._config = model.config
        self._read_when_called = hasattr(model, "set_attn_implementation")
        self._switch = opset < SDPA_OPSET and getattr(model.config, "_attn_implementation", None) == "sdpa"

    def __enter__(self) -> None:
        if not self._switch:
            return
        if not self._read_when_called:
            raise OpsetError(
                f"Opsets below {SDPA_OPSET} have no translation of sdpa attention, and this transformers chooses it "
                f'when the model is built: load the model with attn_implementation="eager".'
            )
        self._config._attn_implementation = "eager"

    def __exit__(self, *exception: object) -> None:
        if self._switch and self._read_when_called:
            self._config._attn_implementation = "sdpa"


def write_contract(
    graph: onnx_ir.Model,
    flat: FlatModel,
    config: Any,
    template: Mapping[str, Tensor],
    traced: Mapping[str, Tensor],
) -> None:
    """Give the graph the declared names and axis labels; the model runs again only where the graph leaves one open."""
    from transformers_export.onnx.graph import apply_contract, has_open_axes

    fixed = fixed_output_axes(flat, config, template) if has_open_axes(graph, config.outputs) else {}
    apply_contract(graph, traced, config.inputs, config.outputs, fixed)


def fixed_output_axes(flat: FlatModel, config: Any, template: Mapping[str, Tensor]) -> dict[str, dict[int, int]]:
    """Lengths of undeclared output axes that are the same at two sizes: PyTorch's word that they do not vary."""
    from transformers_export.onnx import probing
    from transformers_export.onnx.inputs import TRACED, Sizes

    second = Sizes(
        batch=3, sequence=11, decoder=4, past=5, choices=3, others=probing.free_lengths(flat, config, template)
    )
    shapes = []
    for sizes in (TRACED, second):
        outputs = probing.outputs_at(flat, config, template, probing.tied(flat, config, template, sizes))
        shapes.append([tuple(output.shape) for output in outputs])
    fixed: dict[str, dict[int, int]] = {}
    for name, first, other in zip(flat.output_names, *shapes, strict=True):
        declared = config.outputs[name]
        lengths = enumerate(zip(first, other, strict=True))
        fixed[name] = {axis: a for axis, (a, b) in lengths if a == b and axis not in declared}
    return fixed


def save(graph: onnx_ir.Model, output: Path) -> None:
    """Write the graph under a temporary name beside `output`, then rename.

    Raises:
        OSError: `output` cannot be written.
    """
    import onnx_ir

    from transformers_export.onnx import files
    from transformers_export.onnx.config import EXTERNAL_DATA_LIMIT

    size = sum(tensor.nbytes for value in graph.graph.initializers.values() if (tensor := value.const_value))
    with tempfile.TemporaryDirectory(prefix=".export-", dir=output.parent) as folder:
        path = Path(folder) / output.name
        if size >= EXTERNAL_DATA_LIMIT:
            onnx_ir.save(graph, path, external_data=f"{output.name}.data")
        else:
            files.write(graph, path)
        move_files(path, output)


def move_files(source: Path, target: Path) -> None:
    """Move a model file of the same name and on the same disk, its data first: a model never lacks its weights.

    Data of an older file of that name go.
    """
    moved = list(model_files(source))
    for file in reversed(moved):
        file.replace(target.parent / file.name)
    for stale in list(model_files(target))[len(moved) :]:
        stale.unlink()


def model_files(path: Path) -> Iterator[Path]:
    """The model file and, where it has one, its external data."""
    yield path
    data = path.with_name(f"{path.name}.data")
    if data.exists():
        yield data
