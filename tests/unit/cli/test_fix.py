"""`check --fix` and `check --diff` as they are typed: what is written, what is said, what is refused."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from support import static
from support.static import ALPHA, MATRIX, REGISTRY, edit
from transformers_export.cli import MISUSE, RED, main
from transformers_export.cli.arguments import UsageError
from transformers_export.cli.files import rewrite
from transformers_export.verdict.schema import decode

if TYPE_CHECKING:
    from pathlib import Path

BETA_TESTED = '    ("beta-two", "hf-internal-testing/tiny-random-BetaTwoModel"),\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose working tree forgets one export and one matrix entry."""
    root = static.repository(tmp_path / "r")
    edit(root, ALPHA, ', "AlphaOnnxConfig"]', "]")
    edit(root, MATRIX, BETA_TESTED, "")
    monkeypatch.chdir(root)
    monkeypatch.delenv("PRE_COMMIT_TO_REF", raising=False)
    return root


def differences(root: Path) -> str:
    return static.git(root, "diff", "--name-only")


def test_it_writes_says_what_and_ends_red_once(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--static", "--fix"]) == RED
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"fixed: Add AlphaOnnxConfig to __all__ of {ALPHA}.",
        f'fixed: Add "beta-two" to PYTORCH_EXPORT_WITH_PAST_MODELS in {MATRIX}.',
        'please look: The checkpoint of "beta-two", hf-internal-testing/tiny-random-BetaTwoModel, is proposed and may '
        "not exist: it is named as those of the other models are. See that the test loads it.",
        f"success: 0 findings, changed 2 files ({ALPHA}, {MATRIX})",
    ]
    assert differences(root) == ""
    assert main(["check", "--static", "--fix"]) == 0
    assert capsys.readouterr().out == "success: 0 findings\n"


def test_diff_writes_nothing_and_keeps_it_in_the_verdict(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = differences(root)
    assert main(["check", "--static", "--diff", "--json", "../verdict.json", "--markdown", "../report.md"]) == RED
    assert differences(root) == before
    said = capsys.readouterr().out
    assert f"--- a/{ALPHA}\n+++ b/{ALPHA}\n" in said
    assert '\n+__all__ = ["AlphaConfig", "AlphaOnnxConfig"]\n' in said
    assert f"\nfix: Add AlphaOnnxConfig to __all__ of {ALPHA}.\n" in said
    fix = decode((root.parent / "verdict.json").read_bytes()).fix
    assert fix
    assert [file.path for file in fix.files] == [ALPHA, MATRIX]
    report = (root.parent / "report.md").read_text()
    assert f"```diff\n{fix.files[0].diff}{fix.files[1].diff}```\n" in report


def test_without_libcst_a_check_is_as_it_was_and_a_fix_says_what_to_install(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "libcst" or ".edits" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "libcst", None)
    assert main(["check", "--static"]) == RED
    assert "libcst" not in capsys.readouterr().err
    assert main(["check", "--static", "--fix"]) == MISUSE
    assert 'pip install "transformers-export[fix]"' in capsys.readouterr().err
    assert differences(root).split() == [ALPHA, MATRIX]


@pytest.mark.parametrize(
    "arguments", [["--static", "--head", "HEAD"], ["--changes", "x"], ["--diff"]], ids=["head", "changes", "diff"]
)
def test_a_commit_is_not_changed(root: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    if arguments == ["--diff"]:
        with pytest.raises(SystemExit) as left:
            main(["check", "--fix", *arguments])
        assert left.value.code == MISUSE
    else:
        assert main(["check", "--fix", *arguments]) == MISUSE
        assert "use --diff" in capsys.readouterr().err
    assert differences(root).split() == [ALPHA, MATRIX]


def test_named_files_are_mended_and_what_that_asks_for(root: Path) -> None:
    assert main(["check", "--static", "--fix", ALPHA]) == RED
    assert differences(root) == MATRIX
    assert main(["check", "--static", "--fix", REGISTRY]) == RED
    assert differences(root) == ""


def test_what_an_edited_file_says_of_others_is_not_the_named_files_matter(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alpha = '        "alpha": supported_features_mapping("default", onnx_config_cls="models.alpha.AlphaOnnxConfig"),\n'
    edit(root, REGISTRY, alpha, "")
    edit(root, REGISTRY, '            "default",\n', '            "default",\n            "default",\n')
    assert main(["check", "--static", "--fix", ALPHA]) == RED
    said = capsys.readouterr().out
    assert "Register AlphaOnnxConfig" in said
    assert "beta-two" not in said
    assert main(["check", "--static", ALPHA]) == 0
    assert main(["check", "--static", REGISTRY]) == RED
    assert "duplicate-feature" in capsys.readouterr().out


def test_permissions_and_links_inside_the_repository_stay(root: Path) -> None:
    (root / ALPHA).chmod(0o755)
    elsewhere = root / "matrix.py"
    (root / MATRIX).rename(elsewhere)
    (root / MATRIX).symlink_to(elsewhere)
    main(["check", "--static", "--fix"])
    assert (root / ALPHA).stat().st_mode & 0o777 == 0o755
    assert (root / MATRIX).is_symlink()
    assert BETA_TESTED in elsewhere.read_text()
    assert [path.name for path in (root / ALPHA).parent.iterdir() if path.name.startswith(".")] == []


def test_a_link_out_of_the_repository_is_refused_before_anything_is_written(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = root.parent / "outside.py"
    (root / MATRIX).rename(outside)
    (root / MATRIX).symlink_to(outside)
    text, alpha = outside.read_text(), (root / ALPHA).read_text()
    assert main(["check", "--static", "--fix"]) == MISUSE
    assert "leads out of the repository" in capsys.readouterr().err
    assert (outside.read_text(), (root / ALPHA).read_text()) == (text, alpha)


def test_nothing_below_gits_own_folder_is_ever_written(tmp_path: Path) -> None:
    hook = tmp_path / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(parents=True)
    hook.write_bytes(b"as it was")
    (tmp_path / "a.py").symlink_to(hook)
    with pytest.raises(UsageError, match="into git's own folder"):
        rewrite(tmp_path, {"a.py": b"new"}, {"a.py": b"as it was"})
    assert hook.read_bytes() == b"as it was"


def test_what_somebody_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("now = 1\n")
    (tmp_path / "b.py").write_text("b\n")
    files, before = {"b.py": b"c\n", "a.py": b"new\n"}, {"b.py": b"b\n", "a.py": b"then\n"}
    with pytest.raises(UsageError, match="changed while it was read"):
        rewrite(tmp_path, files, before)
    assert (tmp_path / "b.py").read_text() == "b\n"


def test_the_hook_mends_the_working_tree_and_loses_nothing_that_is_not_staged(root: Path) -> None:
    static.git(root, "add", ALPHA, MATRIX)
    edit(root, ALPHA, 'model_type = "alpha"', 'model_type = "alpha"\n    later = 1')
    assert main(["check", "--hook", "--static", "--fix", ALPHA, MATRIX]) == RED
    assert "later = 1" in (root / ALPHA).read_text()
    assert '"AlphaOnnxConfig"]' in (root / ALPHA).read_text()
    assert "AlphaOnnxConfig" not in static.git(root, "show", f":{ALPHA}").splitlines()[-1]
