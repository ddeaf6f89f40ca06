"""What is annotated, and where."""

from __future__ import annotations

from dataclasses import replace

from transformers_export.github.annotation import Annotation
from transformers_export.report.annotations import remarks
from transformers_export.verdict.types import (
    Affected,
    CaseResult,
    CheckResult,
    Finding,
    NotChecked,
    Shard,
    Tool,
    Verdict,
)

NEW = Finding("unregistered", "error", "new", "src/fox.py", 12, 3, "Fox", "Fox has no entry.", "Add it.")


def test_only_what_this_change_brings_is_annotated() -> None:
    findings = (
        NEW,
        Finding("missing-feature", "advice", "new", "src/fox.py", 30, 1, "fox", "A head is left.", ""),
        Finding("unregistered", "error", "standing", "src/owl.py", 1, 1, "Owl", "x", "y"),
        Finding("unregistered", "error", "fixed", "src/cat.py", 1, 1, "Cat", "x", "y"),
    )

    assert remarks(Verdict(Tool("t", "1"), "failure", findings=findings)) == (
        Annotation("error", "unregistered", "Fox has no entry. Add it.", "src/fox.py", 12, 3),
        Annotation("notice", "missing-feature", "A head is left.", "src/fox.py", 30, 1),
    )


def test_a_case_is_annotated_at_the_first_file_that_made_us_check_it() -> None:
    check = CheckResult("values", "failed", 3.0, 1.0, "logits differ")
    verdict = Verdict(
        Tool("t", "1"),
        "failure",
        cases=(
            CaseResult("fox", "default", "onnx", "dynamo", "failed", checks=(check,)),
            CaseResult("hen", "default", "onnx", "legacy", "undecided", reason="ran longer than 60 s"),
            CaseResult("cat", "default", "onnx", "dynamo", "passed"),
            CaseResult("owl", "default", "onnx", "dynamo", "expected-failure"),
        ),
        affected=(Affected("fox", "src/fox.py", "changed"), Affected("fox", "src/base.py", "its base changed")),
        not_checked=(NotChecked("matrix", "none"), NotChecked("yak", "no case", blocking=True)),
    )

    assert remarks(verdict) == (
        Annotation("error", "fox / default / dynamo failed", "values: logits differ", "src/fox.py"),
        Annotation("error", "hen / default / legacy is undecided", "ran longer than 60 s", None),
        Annotation("error", "Not checked: yak", "no case"),
    )


def test_a_shard_leaves_it_to_the_report_on_all_of_them() -> None:
    verdict = Verdict(Tool("t", "1"), "failure", findings=(NEW,))
    assert remarks(verdict)
    assert remarks(replace(verdict, shard=Shard(1, 2, "a" * 32, (), ()))) == ()
