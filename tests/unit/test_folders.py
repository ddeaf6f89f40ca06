"""Folders that foreign code has filled are removed, whatever is in them."""

from __future__ import annotations

import os
from pathlib import Path

from transformers_export.folders import remove_folder


def test_folders_nested_deeper_than_a_path_can_say_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    before = Path.cwd()
    os.chdir(folder)
    try:
        for _ in range(3000):
            Path("deeper").mkdir()
            os.chdir("deeper")
        Path("file").write_text("at the bottom")
    finally:
        os.chdir(before)

    remove_folder(folder)

    assert list(tmp_path.iterdir()) == []


def test_links_are_removed_and_never_followed(tmp_path: Path) -> None:
    kept, folder = tmp_path / "kept", tmp_path / "case"
    (kept / "inner").mkdir(parents=True)
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "link").symlink_to(kept, target_is_directory=True)
    (folder / "dangling").symlink_to("nowhere")
    os.mkfifo(folder / "sub" / "pipe")
    (folder / "sub").chmod(0o000)

    remove_folder(folder)

    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]
    assert (kept / "inner").is_dir()


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove_folder(tmp_path / "nothing")
