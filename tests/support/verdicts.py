"""Verdicts of any content, for the tests of what renders them. Whole reports are tested on real ones."""

from __future__ import annotations

from hypothesis import strategies as st

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

HOSTILE = (
    "</details></summary><h1>",
    "<!-- export-action: report -->",
    "-->",
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/pixel.png)",
    "[click](https://evil.example)",
    "https://evil.example",
    "www.evil.example",
    "mail@evil.example",
    "@octocat",
    "@acme/admins",
    "#1",
    "acme/models#1",
    "GH-1",
    ":rocket:",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "|x",
    "`",
    "``",
    "```",
    "````\n# out\n````",
    "~~~",
    "\n\n# heading\n\n",
    "\n- item\n  - item",
    "1. one",
    "> quote",
    "***",
    "---",
    "===",
    "__init__",
    "past_key_values",
    "_em_ *em* **strong** ~~gone~~",
    "$x^2$ $$y$$ $`z`$",
    "&lt;b&gt; &#64;octocat &amp;",
    "\\",
    "\\`",
    "{{ page }} {% raw %}",
    "\u202eevil\u202c",
    "\u200b\u200d\ufeff",
    "\x00\x07\x1b[31m\x7f",
    "\ud800",
    "\u2028\u2029\x85",
    "e\u0301",
    "🤗",
    "::error::forged",
    "javascript:alert(1)",
    "../../../../settings",
    "a b(c)[d]",
)


def texts() -> st.SearchStrategy[str]:
    """Any text, much of it made of what Markdown, HTML and GitHub react to."""
    fragments = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12), st.sampled_from([" ", "\n", "x", "abc 12"]))
    return st.lists(fragments, max_size=5).map("".join)


def _shas() -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), st.just("a" * 40), texts())


def findings() -> st.SearchStrategy[Finding]:
    return st.builds(
        Finding,
        rule=texts(),
        severity=st.sampled_from(["error", "advice"]),
        status=st.sampled_from(["new", "standing", "fixed"]),
        path=texts(),
        line=st.integers(1, 10**6),
        column=st.integers(1, 200),
        subject=texts(),
        message=texts(),
        hint=texts(),
    )


def checks() -> st.SearchStrategy[CheckResult]:
    return st.builds(
        CheckResult,
        name=texts(),
        outcome=st.sampled_from(["passed", "failed", "advice", "not-run"]),
        figure=st.none() | st.floats(),
        limit=st.none() | st.floats(),
        detail=texts(),
    )


def cases() -> st.SearchStrategy[CaseResult]:
    return st.builds(
        CaseResult,
        model_type=texts(),
        feature=texts(),
        target=st.sampled_from(["onnx", "torchscript"]),
        exporter=texts(),
        outcome=st.sampled_from(["passed", "failed", "expected-failure", "undecided"]),
        cause=st.sampled_from([None, "change", "environment", "upstream"]),
        checks=st.lists(checks(), max_size=3).map(tuple),
        max_difference=st.none() | st.floats(),
        tolerance=st.none() | st.floats(),
        opset=st.none() | st.integers(1, 30),
        nodes=st.none() | st.integers(0, 10**7),
        bytes=st.none() | st.integers(0, 10**13),
        seconds=st.floats(0, 10**6),
        peak_bytes=st.none() | st.integers(0, 10**13),
        error=st.none() | st.builds(CaseError, texts(), texts(), st.lists(texts(), max_size=3).map(tuple)),
        warnings=st.lists(texts(), max_size=2).map(tuple),
        reason=texts(),
    )


def fixes() -> st.SearchStrategy[Fix]:
    files = st.builds(FixedFile, path=texts(), diff=texts())
    sentences = st.lists(texts(), max_size=2).map(tuple)
    return st.builds(Fix, files=st.lists(files, max_size=3).map(tuple), what=sentences, notes=sentences)


def verdicts() -> st.SearchStrategy[Verdict]:
    return st.builds(
        Verdict,
        tool=st.builds(Tool, texts(), texts()),
        conclusion=st.sampled_from(["success", "failure"]),
        versions=st.dictionaries(texts(), texts(), max_size=3),
        base=_shas(),
        head=_shas(),
        findings=st.lists(findings(), max_size=3).map(tuple),
        cases=st.lists(cases(), max_size=3).map(tuple),
        not_checked=st.lists(st.builds(NotChecked, texts(), texts(), st.booleans()), max_size=2).map(tuple),
        affected=st.lists(st.builds(Affected, texts(), texts(), texts()), max_size=2).map(tuple),
        fix=st.none() | fixes(),
        isolation=texts(),
    )
