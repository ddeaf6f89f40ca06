"""Write docs/rules/<rule>.md and the table of rules in the README from what each rule says of itself.

    python docs/rules.py

A test holds them together: run this after changing a rule's docstring.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from pathlib import Path

from transformers_export.rules.catalog import FIXES, PAGES

ROOT = Path(__file__).resolve().parents[1]
START, END = "<!-- rules: written by docs/rules.py -->\n", "<!-- end of rules -->\n"

PAGE = """\
# `{name}`

{text}

{fix}

---

Severity: {severity}. Only what a change brings fails a check; what was there before is listed as standing.

To leave one place alone, write `# transformers-export: ignore[{name}] why` at the end of its line; an ignore that
ignores nothing is reported. To leave it alone for a class, a model or a file, say so in pyproject.toml:

```toml
[tool.transformers-export.ignore]
"{name}:the class or model it names" = "why"
```

[All rules](../../README.md#rules)
"""


def pages() -> dict[str, str]:
    """File name to text of every page."""
    return {
        f"{name}.md": PAGE.format(name=name, text=inspect.cleandoc(doc), severity=severity(doc), fix=fix(name))
        for name, doc in PAGES.items()
    }


def table() -> str:
    """The table in the README."""
    rows = ["| rule | finds | `--fix` |", "|---|---|:-:|"]
    for name, doc in PAGES.items():
        first = " ".join(inspect.cleandoc(doc).partition("\n\n")[0].split())
        said = " (advice)" if severity(doc) == "advice" else ""
        rows.append(f"| [`{name}`](docs/rules/{name}.md){said} | {first} | {'yes' if name in FIXES else ''} |")
    return "\n".join(rows) + "\n"


def fix(name: str) -> str:
    """Whether `--fix` mends a finding of the rule, and how."""
    if name not in FIXES:
        return "`--fix` leaves it to you."
    said = " ".join(FIXES[name].split())
    return textwrap.fill(f"**`--fix`** {said[0].lower()}{said[1:]}", 120)


def severity(doc: str) -> str:
    """How much a finding of the rule weighs."""
    return "advice" if any(line.startswith("Advice") for line in inspect.cleandoc(doc).splitlines()) else "error"


def with_table(readme: str) -> str:
    """The README with the table as it should be."""
    before, _, rest = readme.partition(START)
    return before + START + "\n" + table() + "\n" + END + rest.partition(END)[2]


def main() -> int:
    """Write everything, and remove the pages of rules that are gone."""
    folder = ROOT / "docs" / "rules"
    folder.mkdir(exist_ok=True)
    written = pages()
    for old in folder.glob("*.md"):
        if old.name not in written:
            old.unlink()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
