"""When a case is past a limit. How families are watched and ended is in the integration tests."""

from __future__ import annotations

import pytest

from transformers_export.cases.limits import exceeded

MEBI = 2**20


@pytest.mark.parametrize(
    ("seconds", "memory", "printed", "processes", "said"),
    [
        (0.0, 0, 0, 0, None),
        (10.0, 100 * MEBI, 64 * MEBI, 128, None),
        (10.1, 0, 0, 0, "Past its time limit of 10 s."),
        (1.0, 100 * MEBI + 1, 0, 0, "Past its memory limit: 100 MiB of 100 MiB."),
        (11.0, 200 * MEBI, 0, 0, "Past its time limit of 10 s."),
        (1.0, 0, 64 * MEBI + 1, 0, "Printed more than 64 MiB."),
        (1.0, 0, 0, 129, "Started more than 128 processes."),
    ],
)
def test_a_limit_is_passed_only_beyond_it(seconds, memory, printed, processes, said):
    assert exceeded(seconds, memory, printed, processes, timeout=10.0, memory_limit=100 * MEBI) == said
