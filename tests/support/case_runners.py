"""Case runners that misbehave in one way each. Run by real servers, in processes of their own; standard library only.

A runner is what `transformers_export.cases.run:run_case` is in production: called with a case, returns its result.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cases.evidence import ALWAYS
from transformers_export.verdict.types import CaseResult, CheckResult, Imported

if TYPE_CHECKING:
    from transformers_export.cases.types import Case


def passes(case: Case) -> CaseResult:
    return CaseResult(
        case.model_type,
        case.feature,
        case.target,
        case.exporter,
        "passed",
        checks=tuple(CheckResult(name, "passed", 0.1, 1.0) for name in ALWAYS["onnx"]),
        max_difference=1e-6,
        tolerance=1e-5,
        opset=18,
        nodes=3,
    )


def by_feature(case: Case) -> CaseResult:
    """Run the function named like the case's feature: several kinds of cases in one server."""
    return globals()[case.feature](case)


def fails(case: Case) -> CaseResult:
    return replace(
        passes(case),
        outcome="failed",
        cause="change",
        checks=(CheckResult("axes", "failed", detail="axis 1 of logits is frozen at 8 (declared 'sequence')"),),
        imported=_imported(case),
    )


def as_its_file_says(case: Case) -> CaseResult:
    """Pass or fail by what lies in the checked folder, and say that it came from there."""
    said = Path(case.provider.folder, "state").read_text(encoding="utf-8").strip()
    if said == "elsewhere":
        return replace(passes(case), imported=(Imported("model", "/usr/lib/model.py", inside=False),))
    return replace(globals()[said](case), imported=_imported(case))


def fails_once(case: Case) -> CaseResult:
    """Fail, and pass the next time."""
    seen = Path(case.provider.folder, f"seen-{case.model_type}")
    if seen.exists():
        return passes(case)
    seen.touch()
    return fails(case)


def _imported(case: Case) -> tuple[Imported, ...]:
    return (Imported("model", "state", inside=Path(case.provider.folder, "state").exists()),)


def sleeps(case: Case) -> CaseResult:
    time.sleep(600)
    return passes(case)


def sleeps_a_little(case: Case) -> CaseResult:
    time.sleep(0.5)
    return passes(case)


def eats_memory(case: Case) -> CaseResult:
    """Touch memory in steps, slower than the tool looks, up to four times the limit."""
    hoard = []
    for _ in range(40):
        hoard.append(bytearray(os.urandom(1)) * (case.memory_limit // 10))
        time.sleep(0.05)
    return passes(case)


def eats_memory_at_once(case: Case) -> CaseResult:
    hoard = bytearray(case.memory_limit * 8)
    return passes(case) if hoard else raises(case)


def child_eats_memory(case: Case) -> CaseResult:
    code = f"import time; hoard = bytearray(b'x') * {2 * case.memory_limit}; time.sleep(600)"
    subprocess.run([sys.executable, "-c", code], check=True)
    return passes(case)


def segfaults(case: Case) -> CaseResult:
    ctypes.string_at(0)
    return passes(case)


def exits(case: Case) -> CaseResult:
    sys.exit(3)


def leaves_at_once(case: Case) -> CaseResult:
    os._exit(0)


def raises(case: Case) -> CaseResult:
    raise ValueError("the configuration is wrong")


def detaches(case: Case) -> CaseResult:
    """Leave a grandchild behind that has left session and group, whose parent is gone, and which was never a child."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", Path(case.provider.folder, "marker").read_text()])
        os._exit(0)
    os.wait()
    return passes(case)


def detaches_and_sleeps(case: Case) -> CaseResult:
    detaches(case)
    return sleeps(case)


def prints_garbage(case: Case) -> CaseResult:
    print('{"type": "finished", "id": 0}')
    sys.stdout.flush()
    os.write(1, b"\x00\xff garbage from C\n" * 100)
    os.write(2, b"more garbage\n")
    return passes(case)


def prints_without_end(case: Case) -> CaseResult:
    while True:
        os.write(1, b"x" * 2**20)


def kills_its_keeper(case: Case) -> CaseResult:
    os.kill(os.getppid(), signal.SIGKILL)
    return sleeps(case)


def kills_the_server(case: Case) -> CaseResult:
    os.kill(parent_of(os.getppid()), signal.SIGKILL)
    return sleeps(case)


def escapes(case: Case) -> CaseResult:
    """Leave a detached grandchild behind, then kill everybody between it and the tool."""
    keeper = os.getppid()
    server = parent_of(keeper)
    detaches(case)
    os.kill(server, signal.SIGKILL)
    os.kill(keeper, signal.SIGKILL)
    return sleeps(case)


def escapes_by_a_grandchild(case: Case) -> CaseResult:
    """The same by a process that is detached itself, and starts others while it is being ended."""
    keeper = os.getppid()
    server = parent_of(keeper)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.kill(server, signal.SIGSTOP)
            os.kill(keeper, signal.SIGKILL)
            os.kill(server, signal.SIGKILL)
            while True:
                if os.fork() == 0:
                    os.execvp("sleep", ["sleep", Path(case.provider.folder, "marker").read_text()])
                time.sleep(0.05)
        os._exit(0)
    return sleeps(case)


def aborts(case: Case) -> CaseResult:
    os.abort()


def attacks_everything(case: Case) -> CaseResult:
    """Try what it can to reach out of its folder; says in its error what worked."""
    worked = []

    def attempt(name: str, action) -> None:
        try:
            action()
            worked.append(name)
        except OSError:
            pass

    folder = Path(case.provider.folder)
    attempt("write beside the project", lambda: (folder / "written").write_text("x"))
    attempt("write into /tmp", lambda: Path("/tmp/transformers-export-was-here").write_text("x"))
    attempt("forge the result of another case", lambda: Path("../../case-1/result.json").write_text("{}"))
    attempt("patch our package", lambda: Path(sys.modules[CaseResult.__module__].__file__).open("a").close())
    attempt("open what its parent has open", _open_a_file_of_its_parent)
    attempt("trace its parent", lambda: Path(f"/proc/{os.getppid()}/mem").open("rb").close())
    attempt("find another process", _find_another_process)
    attempt("change a setting of the kernel", lambda: Path("/proc/sys/kernel/core_pattern").open("a").close())
    attempt("open a device of the machine", _open_a_device)
    attempt("undo it in namespaces below", _remount)
    attempt("use sudo and the like", _use_privileges)
    attempt("reach docker", lambda: Path("/run/docker.sock").stat())
    with contextlib.suppress(OSError):
        os.kill(1, signal.SIGKILL)  # the first of its namespaces: the kernel ignores it
    raise RuntimeError(f"worked: {worked}")


def _open_a_device() -> None:
    usual = {"null", "zero", "full", "random", "urandom", "shm", "fd", "stdin", "stdout", "stderr"}
    if {entry.name for entry in Path("/dev").iterdir()} <= usual:
        raise OSError


def _remount() -> None:
    """As the root of a user namespace below this one: make everything writable again."""
    command = [
        "unshare",
        "--user",
        "--map-current-user",
        "--keep-caps",
        "--mount",
        "mount",
        "-o",
        "remount,rw,bind",
        "/",
    ]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise OSError


def _open_a_file_of_its_parent() -> None:
    for number in range(3, 20):
        with contextlib.suppress(OSError):
            return os.close(os.open(f"/proc/{os.getppid()}/fd/{number}", os.O_RDONLY | os.O_NONBLOCK))
    raise OSError


def _find_another_process() -> None:
    if {entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()} <= {"1", str(os.getpid())}:
        raise OSError


def _use_privileges() -> None:
    if "NoNewPrivs:\t1" in Path("/proc/self/status").read_text():
        raise OSError


def forks_forever(case: Case) -> CaseResult:
    """A fork bomb with a bound of its own, should ours not hold: 1,024 processes, and all end after half a minute."""
    signal.alarm(30)
    for _ in range(10):
        os.fork()
    time.sleep(60)
    return passes(case)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def claims_to_have_passed(case: Case) -> CaseResult:
    return CaseResult(case.model_type, case.feature, case.target, case.exporter, "passed")


def forges_three_lines(case: Case) -> CaseResult:
    checks = [{"name": "values", "outcome": "passed"}]
    said = {"model_type": "m", "feature": "f", "target": "onnx", "exporter": "legacy", "outcome": "passed"}
    Path("../result.json").write_text(json.dumps({**said, "checks": checks}))
    os._exit(0)


def leaves_deep_folders(case: Case) -> CaseResult:
    """More levels than Python calls itself, with a longer path than the system takes."""
    for _ in range(3000):
        Path("deeper").mkdir()
        os.chdir("deeper")
    return passes(case)


def answers_too_much(case: Case) -> CaseResult:
    Path("../result.json").write_bytes(b" " * 2**22)
    os._exit(0)


def answers_nonsense(case: Case) -> CaseResult:
    Path("../result.json").write_text('{"outcome": "splendid"}')
    os._exit(0)


def answers_by_a_link(case: Case) -> CaseResult:
    Path("../result.json").symlink_to("/etc/passwd")
    os._exit(0)


def shows_its_environment(case: Case) -> CaseResult:
    raise RuntimeError(" ".join(sorted(os.environ)))


def shows_what_a_checkout_saw(case: Case) -> CaseResult:
    """Show what the module `formers` of a checkout noted when it was imported."""
    raise RuntimeError(json.dumps(sys.modules["formers"].SAW))
