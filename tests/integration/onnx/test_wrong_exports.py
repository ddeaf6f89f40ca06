"""Every defect of the catalogue, under each exporter: the check named for it fails, and the undamaged export passes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from support.wrong_exports.catalogue import BY_NAME, CATALOGUE
from support.wrong_exports.examining import EXPORT, examine, layer_of, report_on
from support.wrong_exports.making import GoodFiles, make
from support.wrong_exports.types import BOTH
from transformers_export.onnx.validation import catalog

if TYPE_CHECKING:
    from pathlib import Path

PLANTED = [(defect.name, exporter) for defect in CATALOGUE for exporter in defect.exporters]

ALONE = {
    "checker": "opset-lowered",
    "data": "external-data-stale",
    "names": "inputs-reordered",
    "types": "int32-ids",
    "axes": "axis-name-lost",
    "values": "epsilon-1e-3",
    "effect": "input-without-effect",
    "past": "cache-layers-reversed",
}
"""For each check a defect that no other check catches."""

MISPLACED = {("bias-in-float16", "legacy"), ("bias-in-float16", "dynamo")}
"""Defects for which another module is named than theirs: at most one in ten."""


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> GoodFiles:
    """The good exports, one folder for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "good-exports"
    folder.mkdir(exist_ok=True)
    files = GoodFiles(folder)
    files.passes = cache(lambda subject, exporter: report_on(files.made(subject, exporter)).passed)
    return files


@pytest.mark.parametrize(("name", "exporter"), PLANTED)
def test_it_is_caught_by_its_check(name: str, exporter: str, good: GoodFiles, tmp_path: Path) -> None:
    defect = BY_NAME[name]
    assert good.passes(defect.subject, exporter)
    found = examine(defect, exporter, layer_of(defect), tmp_path / "model.onnx", good)
    assert defect.check in found.failed
    assert defect.says in found.failed[defect.check]
    assert found.misplaced == ((name, exporter) in MISPLACED)


@pytest.mark.parametrize("check", [check.name for check in catalog.CATALOG])
def test_with_its_check_switched_off_a_defect_passes(
    check: str, good: GoodFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(BY_NAME[ALONE[check]], "legacy", 0, tmp_path / "model.onnx", good)
    assert not report_on(made).passed
    others = tuple(each for each in catalog.CATALOG if each.name != check)
    monkeypatch.setattr(catalog, "CATALOG", others)
    assert report_on(made).passed


def test_the_catalogue_is_what_it_says() -> None:
    """Names are not used twice, places are all there, and who leaves an exporter out says why."""
    assert len(BY_NAME) == len(CATALOGUE) >= 40
    assert {defect.planting.place for defect in CATALOGUE} >= {"configuration", "model code", "graph"}
    assert {defect.check for defect in CATALOGUE} == {EXPORT, *(check.name for check in catalog.CATALOG)}
    assert all(bool(defect.elsewhere) == (defect.exporters != BOTH) for defect in CATALOGUE)
    located = [name for name, _ in PLANTED if BY_NAME[name].located]
    assert len(located) >= 20
    assert len(MISPLACED) <= len(located) / 10
