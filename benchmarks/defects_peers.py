"""What another package's validation says of every planted defect; `defects.py` runs this in that package's environment.

    python benchmarks/defects_peers.py transformers | optimum [--seed N]

One JSON line a defect. The files are made there, of the same catalogue, by our exporter, so that both sides have the
same model, weights and file, captured with two rows, as both packages capture; configuration and validation are the
other package's own. Each must accept the good file first: where it does not, what it says of a bad one means nothing.
"""

from __future__ import annotations

import argparse
import functools
import json
import logging
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch

import onnx
from support.wrong_exports.catalogue import CATALOGUE
from support.wrong_exports.examining import EXPORT, findings, layer_of
from support.wrong_exports.making import GoodFiles, make, spoilt
from support.wrong_exports.subjects import OPSET, SUBJECTS
from support.wrong_exports.types import InConfiguration
from transformers_export.onnx import inputs

if TYPE_CHECKING:
    from support.traced import Small
    from support.wrong_exports.making import Made
    from support.wrong_exports.subjects import Subject
    from support.wrong_exports.types import Defect


class Peer(Protocol):
    """A package that exports and validates."""

    def prepare(self) -> None:
        """Make its transformers one that our exporter can capture from; its own validation may undo that."""

    def configuration(self, subject: Subject, small: Small) -> Any:
        """Its configuration for a model; raises where it has none."""

    def validate(self, config: Any, made: Made) -> None:
        """Hold a file against the model; raises where it finds something wrong."""

    def export(self, config: Any, small: Small, path: Path) -> None:
        """Export with its own exporter; raises where it refuses."""


class TransformersOnnx:
    """transformers.onnx of transformers 4.48, on today's torch."""

    def prepare(self) -> None:
        """See `Peer`."""

    def configuration(self, subject: Subject, small: Small) -> Any:
        """See `Peer`."""
        from transformers.onnx.features import FeaturesManager

        config = FeaturesManager.get_supported_features_for_model_type(subject.model_type)[subject.feature](
            small.model.config
        )
        for name, value in (config.values_override or {}).items():
            setattr(small.model.config, name, value)
        return config

    def validate(self, config: Any, made: Made) -> None:
        """See `Peer`."""
        from transformers.onnx import validate_model_outputs

        small, outputs = made.small, list(config.outputs)
        validate_model_outputs(config, small.preprocessor, small.model, made.path, outputs, config.atol_for_validation)

    def export(self, config: Any, small: Small, path: Path) -> None:
        """See `Peer`."""
        from transformers.onnx import export

        export(small.preprocessor, small.model, config, OPSET, path)


class Optimum:
    """optimum-onnx 0.1.0."""

    TASKS = {  # noqa: RUF012
        "default": "feature-extraction",
        "causal-lm": "text-generation",
        "seq2seq-lm": "text2text-generation",
    }

    def prepare(self) -> None:
        """See `Peer`. Its transformers makes masks with vmap, which no trace can hold; optimum's own way is used."""
        from optimum.exporters.onnx.model_patcher import eager_mask_without_vmap, sdpa_mask_without_vmap
        from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS

        ALL_MASK_ATTENTION_FUNCTIONS.register("sdpa", sdpa_mask_without_vmap)
        ALL_MASK_ATTENTION_FUNCTIONS.register("eager", eager_mask_without_vmap)

    def configuration(self, subject: Subject, small: Small) -> Any:
        """See `Peer`. Narrowed to the inputs of the file: it would add position ids, which ours has not."""
        import optimum.exporters.onnx.model_configs  # noqa: F401 - registers them
        from optimum.exporters.tasks import TasksManager

        feature = subject.feature.removesuffix("-with-past")
        past = subject.feature.removeprefix(feature)
        make_config = TasksManager.get_exporter_config_constructor(
            "onnx", model_type=subject.model_type, task=self.TASKS.get(feature, feature) + past,
            library_name="transformers",
        )  # fmt: skip
        given = {"use_past": True, "use_past_in_inputs": True} if past else {}
        config = make_config(small.model.config, **given)
        config.__class__ = _narrowed(type(config), set(small.config.inputs))
        return config

    def validate(self, config: Any, made: Made) -> None:
        """See `Peer`."""
        from optimum.exporters.onnx.convert import validate_model_outputs

        _relabel(made.path, config, made.small.config)
        validate_model_outputs(config, made.small.model, made.path, list(config.outputs), use_subprocess=False)

    def export(self, config: Any, small: Small, path: Path) -> None:
        """See `Peer`."""
        from optimum.exporters.onnx import export

        export(small.model, config, path, opset=OPSET)


ROWS = 2
"""Of the batch that both packages capture."""
PEERS: dict[str, Peer] = {"transformers": TransformersOnnx(), "optimum": Optimum()}


def _narrowed(right: type, names: set[str]) -> type:
    """The class, with the file's inputs alone; masks that it does not make are all ones, as the model takes them."""

    def inputs(self: Any) -> dict[str, Any]:
        return {name: axes for name, axes in super(narrowed, self).inputs.items() if name in names}

    def for_validation(self: Any, made: Any, *given: Any) -> Any:
        made = super(narrowed, self).generate_dummy_inputs_for_validation(made, *given)
        for name in names - set(made):
            ids = made.get(name.replace("attention_mask", "input_ids"))
            if name.endswith("attention_mask") and ids is not None:
                made[name] = torch.ones_like(ids)
        return made

    overridden = {"inputs": property(inputs), "generate_dummy_inputs_for_validation": for_validation}
    narrowed = type(right.__name__, (right,), overridden)
    return narrowed


def _relabel(path: Path, config: Any, right: Any) -> None:
    """Write the package's own axis names in place of ours; it refuses names it does not know."""
    model = onnx.load(path, load_external_data=False)
    for values, ours, theirs in (
        (model.graph.input, right.inputs, config.inputs),
        (model.graph.output, right.outputs, config.outputs),
    ):
        for value in values:
            for axis, dim in enumerate(value.type.tensor_type.shape.dim):
                known = theirs.get(value.name, {}).get(axis)
                if known and dim.dim_param == ours.get(value.name, {}).get(axis):
                    dim.dim_param = known
    path.write_bytes(model.SerializeToString())


def main() -> None:
    """Print what the package says of each defect."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    torch.onnx.export = functools.partial(torch.onnx.export, dynamo=False)  # neither package knows today's default
    inputs.TRACED = replace(inputs.TRACED, batch=ROWS)
    with tempfile.TemporaryDirectory() as folder:
        good = GoodFiles(Path(folder))
        examined = functools.cache(functools.partial(_said_of_good, PEERS[options.peer], good))
        for defect in CATALOGUE:
            if options.only and defect.name not in options.only:
                continue
            if "legacy" not in defect.exporters:
                said = ["not applicable", f"{defect.elsewhere}: the file is right"]
            elif refused := examined(defect.subject):
                said = ["not applicable", refused]
            else:
                said = _said_of(PEERS[options.peer], defect, layer_of(defect, options.seed), Path(folder), good)
            print(json.dumps([defect.name, *said]), flush=True)


def _said_of_good(peer: Peer, good: GoodFiles, subject: str) -> str:
    """Why the package's validation means nothing for a subject; empty where it accepts the good file."""
    peer.prepare()
    made = good.made(subject, "legacy")
    try:
        config = peer.configuration(SUBJECTS[subject], made.small)
    except KeyError:
        return f"it has no configuration for {SUBJECTS[subject].model_type} {SUBJECTS[subject].feature}"
    try:
        peer.validate(config, made)
    except Exception as error:
        return f"it refuses the good file of {subject}: {_line(error)}"
    return ""


def _said_of(peer: Peer, defect: Defect, layer: int, folder: Path, good: GoodFiles) -> tuple[str, str]:
    peer.prepare()
    path = folder / f"{defect.name}.onnx"
    if defect.check == EXPORT:
        small = good.made(defect.subject, "legacy").small
        made = None
    else:
        made = make(defect, "legacy", layer, path, good)
        small = made.small
        if defect.check not in findings(made).failed:
            return "not applicable", "not a defect under this transformers"
    config = peer.configuration(SUBJECTS[defect.subject], small)
    if isinstance(defect.planting, InConfiguration):
        config = spoilt(config, defect.planting)
    try:
        if made is None:
            peer.export(config, small, path)
            made = type(good.made(defect.subject, "legacy"))(small, path, "")
        peer.validate(config, made)
    except Exception as error:
        return "caught", _line(error)
    return "let through", ""


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:160]


if __name__ == "__main__":
    main()
