"""What a comment remembers, written and read back; nothing else is taken for it."""

from __future__ import annotations

import pytest

from transformers_export.github.state import State, read_state

HEAD = "a1" * 20
STATE = State(HEAD, 12345678901, 2, red=True)


def test_it_is_read_back_from_the_second_line() -> None:
    assert read_state(f"<!-- marker -->\n{STATE.line()}\n### ❌") == STATE
    assert read_state(f"<!-- marker -->\r\n{STATE.line()}\r\n### ❌") == STATE


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "<!-- marker -->",
        f"<!-- marker -->\n### ✅\n{STATE.line()}",
        f"<!-- marker -->\n> {STATE.line()}",
        f"<!-- marker -->\n{STATE.line().replace('red=1', 'red=2')}",
        f"<!-- marker -->\n{STATE.line().replace('run=12345678901', 'run=' + '9' * 40)}",
    ],
)
def test_anything_else_is_no_state(body: str | None) -> None:
    assert read_state(body) is None


def test_later_runs_and_attempts_are_newer() -> None:
    ages = [State(HEAD, run, attempt).age for run, attempt in ((9, 1), (9, 2), (10, 1))]
    assert ages == sorted(ages)
