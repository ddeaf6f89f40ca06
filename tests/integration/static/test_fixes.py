"""`--fix` on transformers 4.48.0: defects planted in it are mended, and nothing else is touched.

The defects are those of test_planted_defects.py, of the rules that mend what they find.
"""

from __future__ import annotations

import ast
import difflib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import layouts
from support.defects import PLANTED
from support.defects.transformers_4 import DEIT_ENTRY
from support.mutations import CHANGES, Change, changed
from support.overlay import Edits, Ground
from support.repositories import DISTILBERT, DOCS, MATRIX, REGISTRY
from transformers_export.rules import catalog

if TYPE_CHECKING:
    from support.repositories import Repository
    from transformers_export.fixing import Fixes

DEFECTS = PLANTED["transformers-4"]
BACK = {
    "unreachable-key": REGISTRY,
    "duplicate-key": REGISTRY,
    "duplicate-feature": REGISTRY,
    "not-exported": "src/transformers/models/vit/configuration_vit.py",
    "docs-missing": DOCS,
}
"""Where mending the planted defect gives back the file as upstream has it, to the byte."""
ADDED = {
    "unregistered": [
        '+        "deit": supported_features_mapping(',
        '+            "default",',
        '+            "image-classification",',
        '+            onnx_config_cls="models.deit.DeiTOnnxConfig",',
        "+        ),",
    ],
    "no-matrix-entry": ['+    ("vit", "google/vit-base-patch16-224-in21k"),'],
    "wrong-matrix-set": [
        '-    ("gpt2", "hf-internal-testing/tiny-random-gpt2"),',
        '+    ("gpt2", "hf-internal-testing/tiny-random-gpt2"),',
    ],
}
"""The lines that mending adds and takes out, where it does not."""
FIXABLE = sorted({*BACK, *ADDED})


@pytest.fixture(scope="module")
def ground(transformers_4_repository: Repository) -> Ground:
    return Ground(transformers_4_repository.root, "main")


def mended(ground: Ground, files: dict[str, bytes | None], fixes: Fixes) -> dict[str, bytes | None]:
    """The files of the pull request with the fixes in them."""
    return {**files, **fixes.files}


def lines_that_differ(before: bytes | None, after: bytes | None) -> list[str]:
    rows = difflib.unified_diff((before or b"").decode().splitlines(), (after or b"").decode().splitlines(), n=0)
    return [row for row in rows if row[0] in "+-" and not row.startswith(("+++", "---"))]


@pytest.mark.parametrize("rule", FIXABLE)
def test_a_planted_defect_is_mended_and_nothing_else_is_touched(ground: Ground, rule: str) -> None:
    edits, subject, _ = DEFECTS[rule]
    files = ground.edited(edits)
    fixes = ground.fix(files)
    after = ground.check(mended(ground, files, fixes))
    assert ("new", rule, subject) not in after.said
    assert [item for item in after.findings if item.status == "new" and item.severity == "error"] == []
    if rule in BACK:
        assert fixes.files == {BACK[rule]: ground.tree.read(BACK[rule])}
    else:
        (path,) = fixes.files
        assert lines_that_differ(files.get(path), fixes.files[path]) == ADDED[rule]
    again = ground.fix(mended(ground, files, fixes))
    assert (again.files, again.what) == ({}, ())


@pytest.fixture(scope="module")
def package(transformers_4_repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(layouts.package(tmp_path_factory.mktemp("package") / "zoo", transformers_4_repository.root), "main")


LEFT = {"docs-missing": "its docs are a table", "unreachable-key": "the key is another word, not another spelling"}


@pytest.mark.parametrize("rule", LEFT)
def test_what_is_not_certain_is_left_as_it_is(package: Ground, rule: str) -> None:
    assert package.fix(package.edited(PLANTED["package"][rule][0])).files == {}


@pytest.mark.parametrize("rule", sorted((PLANTED["package"].keys() & catalog.FIXES) - LEFT.keys()))
def test_a_defect_of_a_package_is_mended(package: Ground, rule: str) -> None:
    edits, subject, _ = PLANTED["package"][rule]
    files = package.edited(edits)
    fixes = package.fix(files)
    after = package.check(mended(package, files, fixes))
    assert ("new", rule, subject) not in after.said
    assert [item for item in after.findings if item.status == "new" and item.severity == "error"] == []
    assert len(fixes.what) == 1
    for path, content in fixes.files.items():
        before = files[path] if path in files else package.tree.read(path)
        assert len(lines_that_differ(before, content)) < 14
    assert package.fix(mended(package, files, fixes)).files == {}


def test_every_rule_that_mends_is_tried() -> None:
    assert set(FIXABLE) == set(catalog.FIXES) - {
        "removed-import",
        "unused-ignore",
    }  # see tests/unit/rules/test_fixes.py


def test_what_was_forgotten_everywhere_is_written_everywhere(ground: Ground) -> None:
    """No registry entry, so no rule can ask for the matrix or the docs yet: one fix makes room for the next."""
    edits: Edits = {
        REGISTRY: [(DEIT_ENTRY, "")],
        MATRIX: [('    ("deit", "hf-internal-testing/tiny-random-deit"),\n', "")],
        DOCS: [("- DeiT\n", "")],
        "src/transformers/models/deit/configuration_deit.py": [(', "DeiTOnnxConfig"]', "]")],
    }
    files = ground.edited(edits)
    fixes = ground.fix(files)
    assert set(fixes.files) == set(edits)
    assert fixes.files[DOCS] == ground.tree.read(DOCS)
    assert b'    ("deit", "facebook/deit-base-distilled-patch16-224"),\n' in fixes.files[MATRIX]
    left_out, checkpoint = fixes.notes
    assert left_out.startswith("masked-im of DeiTOnnxConfig was left out: ")
    assert "_CHECKPOINT_FOR_DOC" in checkpoint
    after = ground.check(mended(ground, files, fixes))
    assert after.said == [("standing", "missing-feature", "deit/masked-im")]  # upstream leaves it out too


HOW = {
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "a BOM": lambda content: b"\xef\xbb\xbf" + content,
    "tabs": lambda content: content.replace(b"    ", b"\t"),
    "latin-1": lambda content: (
        b"# -*- coding: latin-1 -*-\n" + content.decode().encode("latin-1", "replace") + b"# \xe9\n"
    ),
}


@pytest.mark.parametrize("how", HOW)
def test_the_layout_of_a_file_is_kept(ground: Ground, how: str) -> None:
    files = ground.edited(
        {REGISTRY: [(DEIT_ENTRY, "")], MATRIX: [('    ("deit", "hf-internal-testing/tiny-random-deit"),\n', "")]}
    )
    plain = ground.fix(files).files
    assert set(plain) == {REGISTRY, MATRIX}
    laid_out = ground.fix({path: HOW[how](content or b"") for path, content in files.items()}).files
    assert laid_out == {path: HOW[how](content) for path, content in plain.items()}


MENDED = {"some": 0}


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    rule=st.sampled_from(FIXABLE),
    path=st.sampled_from([REGISTRY, MATRIX, DOCS, DISTILBERT, "src/transformers/models/vit/configuration_vit.py"]),
    changes=CHANGES,
    crlf=st.booleans(),
)
def test_any_fix_parses_and_its_finding_is_gone(
    ground: Ground, rule: str, path: str, changes: list[Change], crlf: bool
) -> None:
    files = ground.edited(DEFECTS[rule][0])
    text = changed((files.get(path) or ground.tree.read(path) or b"").decode(), changes)
    files[path] = (text.replace("\n", "\r\n") if crlf else text).encode(errors="replace")
    before = ground.check(files)
    fixes = ground.fix(files)
    for name, content in fixes.files.items():
        if name.endswith(".py"):
            ast.parse(content)
    after = ground.check(mended(ground, files, fixes))
    said, left = set(before.said), set(after.said)
    gone = {item for item in said - left if item[0] == "new" and item[1] in catalog.FIXES}
    assert bool(fixes.files) == bool(gone)
    assert {item for item in after.not_checked if item.blocking} <= {
        item for item in before.not_checked if item.blocking
    }
    again = ground.fix(mended(ground, files, fixes))
    assert again.files == {}
    MENDED["some"] += bool(gone)


def test_the_property_above_saw_many_fixes() -> None:
    assert MENDED["some"] > 8
