"""What validation costs beside the export, in CPU seconds of a warm process: writes benchmarks/validation.md.

    python benchmarks/validation.py [--exporter dynamo legacy] [--only bert gpt2] [--output FILE]
    python benchmarks/validation.py --optimum     instead: validates files that optimum-onnx 0.1.0 wrote

One process exports and validates everything, after one export and validation that do not count; as in a worker of the
check, it has one thread and looks for no garbage meanwhile. It ends with 1 where validation takes half of an export
with dynamo or 0.5 s with legacy, or where a file does not pass.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
os.environ["OMP_NUM_THREADS"] = "1"  # as in a worker of the check; read when torch is imported

from transformers_export import tiny  # noqa: E402 - found through the line above
from transformers_export.cases.providers import find_subject  # noqa: E402
from transformers_export.cases.types import Case, Provider  # noqa: E402
from transformers_export.onnx import export, parts_of, validate  # noqa: E402
from transformers_export.onnx.command import main as onnx_command  # noqa: E402
from transformers_export.onnx.convert import default_opset  # noqa: E402
from transformers_export.onnx.features import FeaturesManager  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformers_export.onnx.exporters import ExporterName

PAIRS = (
    ("bert", "default"),
    ("bert", "multiple-choice"),
    ("gpt2", "causal-lm-with-past"),
    ("llama", "causal-lm-with-past"),
    ("bart", "seq2seq-lm-with-past"),
    ("t5", "seq2seq-lm-with-past"),
    ("longt5", "seq2seq-lm-with-past"),
    ("vit", "image-classification"),
    ("swin", "masked-im"),
    ("cvt", "image-classification"),
    ("detr", "object-detection"),
    ("whisper", "default-with-past"),
)
"""One of each shape, and those that validate slowest."""
OPTIMUM = (
    ("bert", "feature-extraction", "default", "AutoModel", "BertConfig", ("model",)),
    ("gpt2", "text-generation-with-past", "causal-lm", "AutoModelForCausalLM", "GPT2Config", ("model",)),
    (
        *("t5", "text2text-generation-with-past", "seq2seq-lm", "AutoModelForSeq2SeqLM", "T5Config"),
        ("encoder_model", "decoder_model", "decoder_with_past_model"),
    ),
)
LIMITS: dict[str, str] = {"dynamo": "half of the export", "legacy": "0.5 s"}


@dataclass(frozen=True)
class Row:
    """One export, in CPU seconds."""

    model_type: str
    feature: str
    exporter: str
    export: float
    validation: float
    passed: bool

    @property
    def within(self) -> bool:
        """Whether it cost no more than it may, and passed."""
        most = self.export / 2 if self.exporter == "dynamo" else 0.5
        return self.passed and self.validation < most


def main() -> int:
    """Measure, print and write the table."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exporter", nargs="+", choices=list(LIMITS), default=list(LIMITS))
    parser.add_argument("--only", nargs="+", help="every feature of these model types instead of the sample")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "validation.md")
    parser.add_argument("--optimum", action="store_true", help="validate what optimum-onnx 0.1.0 writes")
    given = parser.parse_args()
    if given.optimum:
        return _optimum()
    every = [
        (model_type, feature) for model_type in given.only or () for feature in FeaturesManager.features_of(model_type)
    ]
    rows: list[Row] = []
    gc.disable()
    for exporter in given.exporter:
        _measured("bert", "default", exporter)
        for model_type, feature in every or PAIRS:
            rows.append(_measured(model_type, feature, exporter))
            print(_line(rows[-1]), flush=True)
    given.output.write_text(_page(rows), encoding="utf-8")
    return 0 if all(row.within for row in rows) else 1


def _measured(model_type: str, feature: str, exporter: ExporterName) -> Row:
    subject = find_subject(Case(model_type, feature, "onnx", exporter, Provider("ready-made")))
    model = tiny.build_model(subject.model_class, tiny.shrink(subject.config))
    spent, checked, passed = 0.0, 0.0, True
    gc.collect()  # of what was measured before
    with tempfile.TemporaryDirectory() as folder:
        for part in parts_of(model, subject.make_onnx_config(model.config)):
            path, preprocessor = Path(folder) / "model.onnx", tiny.make_preprocessor(part.model.config, part.model)
            start = _cpu()
            export(preprocessor, part.model, part.config, default_opset(part.config, exporter), path, exporter=exporter)
            between = _cpu()
            passed &= validate(part.config, preprocessor, part.model, path).passed
            spent, checked = spent + between - start, checked + _cpu() - between
    return Row(model_type, feature, exporter, spent, checked, passed)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _line(row: Row) -> str:
    share = f"{row.validation / row.export:.0%}" if row.export else "–"
    result = "passed" if row.passed else "**failed**"
    limit = "yes" if row.within else "**no**"
    return (
        f"| `{row.model_type}` | {row.feature} | {row.exporter} | {result} | {row.export:.2f} | {row.validation:.2f} "
        f"| {share} | {limit} |"
    )


def _page(rows: Sequence[Row]) -> str:
    return "\n".join([*_head(rows), *map(_line, rows), ""])


def _head(rows: Sequence[Row]) -> Iterator[str]:
    import torch
    import transformers

    yield from ("# What validation costs", "")
    yield "CPU seconds of a warm process on small models, every check of `onnx/validation/catalog.py`. Made by"
    versions = f"torch {torch.__version__.split('+')[0]}, transformers {transformers.__version__}"
    yield f"`python benchmarks/validation.py` with {versions}."
    yield ""
    for exporter, limit in LIMITS.items():
        mine = [row for row in rows if row.exporter == exporter]
        if mine:
            costs = [row.validation for row in mine]
            said = f"median {statistics.median(costs):.2f} s, most {max(costs):.2f} s"
            yield f"- {exporter}: {said}; {sum(row.within for row in mine)} of {len(mine)} below {limit}"
    yield from ("", "| model type | feature | exporter | result | export | validation | share | below the limit |")
    yield "|---|---|---|---|--:|--:|--:|---|"


def _optimum() -> int:
    """Export with optimum in its own environment; validate each file with our command."""
    import transformers
    from peers_environments import optimum_onnx

    command = Path(optimum_onnx()).with_name("optimum-cli")
    codes: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, task, feature, auto, config_class, files in OPTIMUM:
            checkpoint, written = Path(folder, name), Path(folder, f"{name}-onnx")
            _save(getattr(transformers, auto), getattr(transformers, config_class)(), checkpoint)
            arguments = ["export", "onnx", "--model", checkpoint, "--task", task, written]
            subprocess.run([command, *arguments], check=True, capture_output=True)
            for file in files:
                code = onnx_command(
                    ["validate", f"{written}/{file}.onnx", "--model", str(checkpoint), "--feature", feature]
                )
                print(f"{name} {file}.onnx: {code}", flush=True)
                codes.append(code)
    return max(codes)


def _save(auto: Any, base: Any, folder: Path) -> None:
    config = tiny.shrink(base)
    model = tiny.build_model(auto, config)
    model.save_pretrained(folder)
    tiny.make_preprocessor(config, model).save_pretrained(folder)


if __name__ == "__main__":
    sys.exit(main())
