"""Verdicts on parts become one on the whole: nothing doubled, nothing forgotten, never greener than a part."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformers_export.verdict.compare import with_baseline
from transformers_export.verdict.merge import MergeError, merge
from transformers_export.verdict.types import (
    Affected,
    Before,
    CaseResult,
    Finding,
    NotChecked,
    Planned,
    Shard,
    Tool,
    Verdict,
    conclude,
)

TOOL = Tool("transformers-export", "1")
FINDING = Finding("unregistered", "error", "new", "a.py", 1, 1, "A", "It is not.", "Do.")
OUTCOMES = st.sampled_from(["passed", "failed", "expected-failure", "undecided"])


def whole(outcomes, **facts):
    cases = tuple(CaseResult(f"model-{n}", "default", "onnx", "legacy", outcome) for n, outcome in enumerate(outcomes))
    verdict = Verdict(TOOL, "success", base="b" * 40, head="a" * 40, cases=cases, **facts)
    return replace(verdict, conclusion=conclude(verdict.findings, cases, verdict.not_checked))


def parts(verdict, total, deal=None):
    """The verdicts that `total` shards would have left."""
    planned = tuple(Planned(c.model_type, c.feature, c.target, c.exporter) for c in verdict.cases)
    made = []
    for number in range(1, total + 1):
        places = tuple(n for n in range(len(planned)) if (deal or (lambda place: place % total))(n) == number - 1)
        cases = tuple(verdict.cases[place] for place in places)
        conclusion = conclude(verdict.findings, cases, verdict.not_checked, part=True)
        shard = Shard(number, total, "p" * 32, planned, places)
        made.append(replace(verdict, cases=cases, conclusion=conclusion, shard=shard))
    return made


@given(st.lists(OUTCOMES, max_size=30), st.integers(1, 12), st.booleans(), st.randoms())
def test_the_merged_verdict_is_the_one_a_single_machine_would_have_given(outcomes, total, found, random):
    expected = whole(
        outcomes,
        findings=(FINDING,) if found else (),
        not_checked=(NotChecked("matrix", "there is none"),),
        affected=(Affected("model-0", "a.py", "it changed"),),
        versions={"torch": "2.13.0"},
        isolation="a fork",
    )
    shuffled = parts(expected, total)
    random.shuffle(shuffled)
    assert merge(shuffled) == expected


@given(st.lists(OUTCOMES, min_size=1, max_size=20), st.integers(2, 8), st.randoms())
def test_a_missing_shard_is_said_and_its_cases_are_undecided(outcomes, total, random):
    expected = whole(outcomes)
    made = parts(expected, total)
    gone = made.pop(random.randrange(total))
    merged = merge(made)
    assert merged.conclusion == "failure"
    (said,) = [item for item in merged.not_checked if item.blocking]
    assert said.what == f"shard {gone.shard.number}"
    assert len(merged.cases) == len(outcomes)
    for place, (case, before) in enumerate(zip(merged.cases, expected.cases, strict=True)):
        if place in gone.shard.cases:
            assert (case.outcome, case.cause) == ("undecided", "environment")
            assert case.model_type in said.why or len(gone.shard.cases) > 10
        else:
            assert case == before


@given(st.lists(OUTCOMES, min_size=1, max_size=12), st.integers(1, 6), st.sets(st.integers(1, 6)))
def test_it_is_never_greener_than_a_part(outcomes, total, red):
    made = [
        replace(part, conclusion="failure" if part.shard.number in red else part.conclusion)
        for part in parts(whole(outcomes), total)
    ]
    if any(part.conclusion == "failure" for part in made):
        assert merge(made).conclusion == "failure"


def test_expected_failures_alone_are_green_in_a_part_and_red_as_a_whole():
    made = parts(whole(["expected-failure", "passed"]), 2)
    assert [part.conclusion for part in made] == ["success", "success"]
    assert merge(made).conclusion == "success"
    assert merge(parts(whole(["expected-failure", "expected-failure"]), 2)).conclusion == "failure"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"head": "c" * 40}, "the head differs"),
        ({"base": None}, "the base differs"),
        ({"tool": Tool("transformers-export", "2")}, "version"),
        ({"shard": None}, "no part"),
    ],
)
def test_verdicts_that_do_not_belong_together_are_refused(change, said):
    one, other = parts(whole(["passed", "passed"]), 2)
    with pytest.raises(MergeError, match=said):
        merge([one, replace(other, **change)])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"plan": "q" * 32}, "other options"),
        ({"total": 3}, "number of shards"),
        ({"number": 1}, "here twice"),
        ({"number": 9}, "a number or cases"),
        ({"cases": (5,)}, "a number or cases"),
        ({"cases": (0,)}, "does not report"),
        ({"cases": ()}, "does not report"),
        ({"number": 1, "total": 10**9}, "a number or cases"),
    ],
)
def test_a_part_that_says_something_else_of_its_plan_is_refused(change, said):
    one, other = parts(whole(["passed", "passed"]), 2)
    with pytest.raises(MergeError, match=said):
        merge([one, replace(other, shard=replace(other.shard, **change))])


def test_a_case_in_two_shards_or_in_none_is_refused():
    made = parts(whole(["passed"] * 4), 2)
    doubled = replace(
        made[1], cases=(*made[1].cases, made[0].cases[0]), shard=replace(made[1].shard, cases=(*made[1].shard.cases, 0))
    )
    with pytest.raises(MergeError, match="model-0/default is in two"):
        merge([made[0], doubled])
    short = replace(made[1], cases=made[1].cases[:1], shard=replace(made[1].shard, cases=made[1].shard.cases[:1]))
    with pytest.raises(MergeError, match="model-3/default is in none"):
        merge([made[0], short])


def test_versions_that_differ_are_all_named():
    one, other = parts(whole(["passed", "passed"], versions={"torch": "2.13.0"}), 2)
    assert merge([one, replace(other, versions={"torch": "2.14.0"})]).versions == {"torch": "2.13.0, 2.14.0"}


def test_what_could_not_be_read_makes_it_red():
    made = parts(whole(["passed"]), 1)
    assert merge(made, unread=[NotChecked("x.json", "no verdict", blocking=True)]).conclusion == "failure"


def test_a_baseline_stands_beside_the_cases_it_has_and_changes_no_conclusion():
    now, earlier = whole(["failed", "passed"]), whole(["passed"])
    compared = with_baseline(now, replace(earlier, head="e" * 40, versions={"torch": "1"}))
    assert [case.before for case in compared.cases] == [Before("passed"), None]
    assert (compared.conclusion, compared.baseline.head) == ("failure", "e" * 40)
    assert replace(compared, baseline=None, cases=now.cases) == now
