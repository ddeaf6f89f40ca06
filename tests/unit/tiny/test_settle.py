from __future__ import annotations

from transformers_export.tiny.settle import settle

EDITS = {("a",): 1, ("b",): 2, ("c",): 3, ("d",): 4}


def refusing(*guilty):
    return lambda edits: " ".join(p[0] for p in edits if p[0] in guilty)


def test_only_the_guilty_edit_is_taken_back():
    assert settle(EDITS, refusing("c")) == {("a",): 1, ("b",): 2, ("d",): 4}


def test_several_guilty_edits_are_found():
    assert settle(EDITS, refusing("a", "d")) == {("b",): 2, ("c",): 3}
    assert settle(EDITS, refusing("a", "b", "d")) == {("c",): 3}


def test_edits_that_only_work_together_stay_together():
    def together(edits):
        return "" if (("a",) in edits) == (("b",) in edits) and ("c",) not in edits else "refused"

    assert settle(EDITS, together) == {("a",): 1, ("b",): 2, ("d",): 4}


def test_nothing_works():
    assert settle(EDITS, lambda _: "never") is None


def test_the_number_of_questions_is_bounded():
    asked = []
    settle({(str(n),): n for n in range(60)}, lambda edits: asked.append(1) or "never")
    assert len(asked) <= 200
