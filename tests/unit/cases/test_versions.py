"""Which environments fit: one error with one command for all that is missing or too old."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomllib

from transformers_export.cases.versions import (
    NEEDED,
    NEEDED_BY_DYNAMO,
    NEEDED_BY_ONNX,
    EnvironmentProblem,
    require,
    untested,
)

ROOT = Path(__file__).resolve().parents[3]

GOOD = {
    "python": "3.11.4",
    "torch": "2.13.0+cpu",
    "transformers": "5.24.0",
    "onnx": "1.23.2",
    "onnxruntime": "1.32.0",
    "onnx-ir": "1.1.0",
    "onnxscript": "0.7.2",
}


def problem(versions, exporters=("dynamo",)) -> str:
    with pytest.raises(EnvironmentProblem) as caught:
        require(versions, "/env/my python", exporters=exporters)
    return str(caught.value)


def test_a_fitting_environment_passes():
    require(GOOD, "python", exporters=["dynamo", "legacy"])
    require(GOOD | {"python": "3.10", "transformers": "4.48.0", "torch": "2.9"}, "python", exporters=["auto"])


def test_everything_missing_or_old_is_said_at_once_with_the_command():
    versions = {k: v for k, v in GOOD.items() if k not in ("torch", "onnx")} | {"transformers": "4.9.2"}
    message = problem(versions)
    assert "torch is not installed, onnx is not installed, transformers is 4.9.2, expected 4.48 or newer" in message
    assert message.endswith("""Run: '/env/my python' -m pip install "torch>=2.9" "onnx>=1.17" "transformers>=4.48\"""")


def test_versions_are_compared_as_numbers():
    assert "torch is 2.8.1" in problem(GOOD | {"torch": "2.8.1"})
    require(GOOD | {"torch": "2.10.0"}, "python", exporters=["legacy"])


@pytest.mark.parametrize(("exporter", "needed"), [("dynamo", True), ("auto", True), ("legacy", False)])
def test_onnxscript_is_needed_by_dynamo_alone(exporter, needed):
    versions = {k: v for k, v in GOOD.items() if k != "onnxscript"}
    if needed:
        assert "onnxscript is not installed" in problem(versions, [exporter])
    else:
        require(versions, "python", exporters=[exporter])


def test_torchscript_needs_nothing_of_onnx():
    versions = {name: version for name, version in GOOD.items() if "onnx" not in name}
    require(versions, "python", exporters=["torchscript"])
    assert "onnx is not installed, onnxruntime is not installed, onnx-ir is not installed" in problem(
        versions, ["legacy", "torchscript"]
    )


@pytest.mark.parametrize(
    ("name", "false", "true"),
    [("onnxruntime", "1.20.1", "1.21.0"), ("onnxscript", "0.6.0", "0.6.1"), ("onnx-ir", "0.1.15", "0.1.16")],
)
def test_what_exported_nothing_is_too_old(name, false, true):
    """Each was run: with the first every export fails, or nobody ran it; with the second they pass."""
    assert f"{name} is {false}, expected" in problem(GOOD | {name: false})
    require(GOOD | {name: true}, "python", exporters=["dynamo"])


def test_pyproject_declares_the_same_lower_bounds():
    extras = tomllib.loads(Path(ROOT, "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    declared = dict(requirement.split(">=") for requirement in extras["onnx"] if ">=" in requirement)
    needed = NEEDED | NEEDED_BY_ONNX | NEEDED_BY_DYNAMO
    assert {name: declared[name] for name in needed} == needed


def test_an_old_python_is_named_before_its_packages():
    message = problem({"python": "3.9.18"})
    assert "Python 3.9.18, expected 3.10 or newer" in message
    assert "pip install" not in message


def test_only_untested_versions_warn():
    assert untested(GOOD) == ()
    (warning,) = untested(GOOD | {"transformers": "5.25.1"})
    assert warning == "transformers 5.25.1 is untested; tested are 4.48, 4.57, 5.17, 5.24."
