"""Exports and validates a matrix in whatever interpreter runs it; prints one JSON line a case.

    python export_matrix.py REGISTRY EXPORTER MODEL_TYPE[:FEATURE]...

REGISTRY is `transformers_export` (our ready-made configurations) or `transformers` (those of transformers 4 itself),
EXPORTER is `dynamo`, `legacy` or `torchscript`. Without a feature all features of the model type are exported.
Needs nothing but what a project interpreter has.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
import warnings
from pathlib import Path

import transformers

from transformers_export import tiny, torchscript
from transformers_export.cases.providers import configuration_class
from transformers_export.onnx import FeaturesManager, export, parts_of, validate
from transformers_export.onnx.convert import default_opset
from transformers_export.onnx.parts import combined


def main(registry: str, exporter: str, wanted: list[str]) -> None:
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    manager = importlib.import_module(f"{registry}.onnx.features").FeaturesManager
    for model_type, _, only in (name.partition(":") for name in wanted):
        for feature, make in manager.get_supported_features_for_model_type(model_type).items():
            if only not in ("", feature):
                continue
            case = {"model_type": model_type, "feature": feature, "class": None, "failed": {}}
            try:
                _export(model_type, feature, make, exporter, case)
            except Exception as error:
                case["failed"] = {type(error).__name__: str(error).strip().splitlines()[:1]}
            print(json.dumps(case), flush=True)


def _export(model_type: str, feature: str, make: object, exporter: str, case: dict) -> None:
    config = tiny.shrink(tiny.start(configuration_class(model_type)))
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature(feature, model_type=model_type), config)
    whole = make(model.config)
    case["class"] = type(whole).__module__
    reports = {}
    with tempfile.TemporaryDirectory() as folder:
        for part in parts_of(model, whole):
            preprocessor = tiny.make_preprocessor(part.model.config, part.model)
            path = Path(folder) / part.name
            if exporter == "torchscript":
                torchscript.export(preprocessor, part.model, part.config, path)
                reports[part.name] = torchscript.validate(part.config, preprocessor, part.model, path)
            else:
                opset = default_opset(part.config, exporter)
                export(preprocessor, part.model, part.config, opset, path, exporter=exporter)
                reports[part.name] = validate(part.config, preprocessor, part.model, path, opset=opset)
    report = combined(reports)
    case["difference"] = report.max_difference
    case["failed"] = {check.name: check.detail for check in report.checks if check.outcome in ("failed", "not-run")}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
