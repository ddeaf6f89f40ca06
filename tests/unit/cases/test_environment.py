"""What the project interpreter may see of our environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from transformers_export.cases.environment import expose_package, scrubbed

SECRETS = {
    "GITHUB_TOKEN": "s",
    "GH_TOKEN": "s",
    "GITHUB_ENV": "/f",
    "GITHUB_OUTPUT": "/f",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s",
    "ACTIONS_RUNTIME_TOKEN": "s",
    "HF_TOKEN": "s",
    "HUGGING_FACE_HUB_TOKEN": "s",
    "AWS_SECRET_ACCESS_KEY": "s",
    "PIP_INDEX_URL": "https://user:password@index",
    "GIT_CONFIG_VALUE_1": "AUTHORIZATION: basic s",
    "PYTHONPATH": "/somewhere",
    "PYTHONSTARTUP": "/somewhere",
    "LD_PRELOAD": "/somewhere",
}


def test_what_a_process_needs_passes_and_secrets_do_not():
    environment = scrubbed(SECRETS | {"PATH": "/bin", "LC_ALL": "C", "HF_HOME": "/cache", "HOME": "/home/x"}, [])
    assert not (SECRETS.keys() - {"PYTHONPATH"}) & environment.keys()
    assert {"PATH": "/bin", "LC_ALL": "C", "HF_HOME": "/cache", "HOME": "/home/x"}.items() <= environment.items()


def test_the_hub_is_off_and_its_token_out_of_reach():
    environment = scrubbed({}, [])
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert environment["HF_TOKEN_PATH"] == "/dev/null"


def test_our_package_is_found_and_the_rest_of_our_folder_is_not(tmp_path):
    folder = expose_package(tmp_path)
    environment = scrubbed({}, [folder, Path("/second")])
    assert environment["PYTHONPATH"] == f"{folder}:/second"
    code = "import transformers_export, sys; print(transformers_export.__file__); import cli_neighbour"
    (tmp_path / "cli_neighbour.py").touch()
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith(str(folder))
    assert "No module named 'cli_neighbour'" in done.stderr
