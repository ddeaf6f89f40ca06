"""Parts of a plan: every case in exactly one, whatever the number of parts, the same on every machine, and balanced."""

from __future__ import annotations

import json
import statistics
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.repositories import ROOT
from transformers_export.cases import costs, shards
from transformers_export.cases.shards import Part, ShardError, identity, matrix, parts_of, read_part, split, take
from transformers_export.cases.types import Case, Plan, Provider
from transformers_export.verdict.types import Affected

SECONDS = st.lists(st.floats(0.01, 1000), max_size=60)


def plan_of(amount: int, folder: str = "/checkout") -> Plan:
    cases = tuple(
        Case(f"model-{n}", "default", "onnx", "legacy", Provider("package", ("acme",), folder)) for n in range(amount)
    )
    return Plan(cases, tuple(Affected(case.model_type, "a.py", "it changed") for case in cases))


@given(SECONDS, st.integers(1, 100))
def test_every_case_is_in_exactly_one_part(seconds, total):
    parts = split(seconds, total)
    assert len(parts) == total
    assert sorted(place for part in parts for place in part) == list(range(len(seconds)))
    assert parts == split(list(seconds), total)


@given(SECONDS, st.integers(1, 20))
def test_no_part_is_longer_than_the_rule_allows(seconds, total):
    loads = [sum(seconds[place] for place in part) for part in split(seconds, total)]
    assert max(loads) <= sum(seconds) / total + max(seconds, default=0) + 1e-6
    assert max(loads) - min(loads) <= max(seconds, default=0) + 1e-6


@given(st.integers(1, 30), st.integers(1, 40), st.randoms())
def test_the_parts_of_a_plan_are_the_whole_plan(amount, most, random):
    plan = plan_of(amount)
    measured = {case.id: random.uniform(0.1, 100) for case in plan.cases}
    parts = parts_of(plan, "b", "h", most, measured)
    assert 1 <= len(parts) <= min(most, amount, shards.MOST)
    taken = [take(plan, read_part(str(part)), "b", "h") for part in parts]
    ids = [case.id for mine, _ in taken for case in mine.cases]
    assert sorted(ids) == sorted(case.id for case in plan.cases)
    assert all(len(mine.planned) == amount for _, mine in taken)


@given(st.integers(0, 20), st.integers(1, 25))
def test_parts_that_nobody_planned_are_the_whole_plan_too(amount, total):
    plan = plan_of(amount)
    taken = [take(plan, Part(number, total), None, None)[0].cases for number in range(1, total + 1)]
    assert sorted(case.id for cases in taken for case in cases) == sorted(case.id for case in plan.cases)


@given(st.sets(st.integers(0, 500)))
def test_places_are_written_shortly_and_read_back(places):
    part = Part(1, 2, "a" * 32, tuple(sorted(places)))
    if places:
        assert read_part(str(part)) == part


def test_what_is_no_part_is_refused():
    for written in (
        "",
        "0/3",
        "4/3",
        "1/257",
        "1/0",
        "x",
        "1/2:zz:0",
        f"1/2:{'a' * 32}:3-1",
        f"1/2:{'a' * 32}:-",
        "1/2\n",
    ):
        with pytest.raises(ShardError, match="Expected"):
            read_part(written)


def test_the_matrix_of_an_empty_plan_is_empty():
    assert json.loads(matrix(parts_of(plan_of(0), None, None, 20, {}))) == {"include": []}


def test_the_matrix_has_a_job_for_every_part_and_never_more_than_asked():
    plan = plan_of(100)
    told = json.loads(matrix(parts_of(plan, None, None, 20, {case.id: 60.0 for case in plan.cases})))
    assert [job["name"] for job in told["include"]] == [f"{n} of 20" for n in range(1, 21)]


def test_few_seconds_are_not_worth_many_machines():
    plan = plan_of(10)
    assert len(parts_of(plan, None, None, 20, {case.id: 1.0 for case in plan.cases})) == 1
    assert len(parts_of(plan, None, None, 20, {case.id: 31.0 for case in plan.cases})) == 10


def test_absurd_measurements_still_make_a_plan():
    plan = plan_of(3)
    assert len(parts_of(plan, None, None, 20, {case.id: 1e308 for case in plan.cases})) == 3
    assert len(parts_of(plan, None, None, 20, {case.id: -1e308 for case in plan.cases})) == 1


def test_measured_costs_balance_the_parts():
    plan = plan_of(4)
    measured = dict(zip((case.id for case in plan.cases), (100.0, 40.0, 30.0, 30.0), strict=True))
    assert [part.cases for part in parts_of(plan, None, None, 2, measured)] == [(0,), (1, 2, 3)]


def test_another_checkout_is_the_same_plan_and_anything_else_is_another():
    plan = plan_of(3)
    name = identity(plan, "base", "head")
    assert identity(plan_of(3, "/elsewhere"), "base", "head") == name
    others = [
        identity(plan, "base", "other"),
        identity(plan, None, "head"),
        identity(plan_of(2), "base", "head"),
        *(
            identity(replace(plan, cases=(replace(plan.cases[0], **change), *plan.cases[1:])), "base", "head")
            for change in ({"opset": 17}, {"atol": 1e-3}, {"exporter": "dynamo"}, {"timeout": 1.0}, {"feature": "x"})
        ),
    ]
    assert name not in others
    assert len(set(others)) == len(others)


def test_a_part_of_another_plan_is_refused():
    (part,) = parts_of(plan_of(3), "base", "head", 1, {})
    with pytest.raises(ShardError, match="cut from plan"):
        take(plan_of(3), part, "base", "another head")
    beyond = replace(part, plan=identity(plan_of(3), "base", "head"), cases=(7,))
    with pytest.raises(ShardError, match="cut from plan"):
        take(plan_of(3), beyond, "base", "head")


def test_the_model_of_costs_is_what_was_measured():
    rows = [line.split("|") for line in (ROOT / "docs" / "pairs.md").read_text().splitlines() if line.startswith("| `")]
    for exporter in ("dynamo", "legacy"):
        for table, is_double in ((costs._PLAIN, False), (costs._SEQ2SEQ, True)):
            seconds = [float(row[6]) for row in rows if row[3].strip() == exporter and ("2seq" in row[2]) == is_double]
            assert table[exporter] == pytest.approx(statistics.median(seconds), rel=1.0)
