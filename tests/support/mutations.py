"""Sources changed at random: lines deleted, moved or doubled, words renamed, characters put in, cut off."""

from __future__ import annotations

import re

from hypothesis import strategies as st

Change = tuple[str, int, int, str]
SIGNS = "self x OnnxConfig task inputs forward super None * ** ( ) [ ' \\ def return lambda: 0 é \0 # = : , . if"
WORDS = st.sampled_from([*SIGNS.split(" "), '"""', "\f", "\t", "\r", "for x in y:", "def f():"])
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["delete", "move", "double", "rename", "insert", "cut"]),
        st.integers(0, 10**6),
        st.integers(0, 10**6),
        WORDS,
    ),
    min_size=1,
    max_size=6,
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "latin-1", "utf-16", "cp037"])


def changed(text: str, changes: list[Change]) -> str:
    """Apply the changes one after the other; numbers stand for places and are taken modulo what there is."""
    for how, first, second, word in changes:
        lines = text.split("\n")
        at, length = first % len(lines), second % 12 + 1
        if how == "delete":
            del lines[at : at + length]
        elif how == "double":
            lines[at:at] = lines[at : at + length]
        elif how == "move":
            block = lines[at : at + length]
            del lines[at : at + length]
            to = second % (len(lines) + 1)
            lines[to:to] = block
        text = "\n".join(lines)
        if how == "cut":
            text = text[: first % (len(text) + 1)]
        elif how == "insert":
            place = first % (len(text) + 1)
            text = text[:place] + word + text[place:]
        elif how == "rename":
            found = re.findall(r"[A-Za-z_]+", text)
            text = text.replace(found[first % len(found)], word) if found else word
    return text
