"""Putting a case into namespaces of its own: it sees no process but its own and writes nowhere but into its folder.

Worker side, in the project interpreter: the standard library alone, Linux alone. An ordinary user may do all of this
where the system lets it have user namespaces; nothing here needs root or a helper. Two halves, because a process id
namespace begins with the next fork: `enter` in the keeper, `settle_in` in its child, the first process there.

What this is not: another user. A case reads what the tool's user may read, and the kernel is shared. See SECURITY.md.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import tempfile
from pathlib import Path

_NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x08000000
"""CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWIPC. The network stays: the install step had it too."""
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_MOVE = 1, 2, 4, 8, 4096, 8192
_MS_REC, _MS_PRIVATE = 16384, 1 << 18
_SYS_MOUNT_SETATTR = 442
"""The same on every architecture; since Linux 5.12."""
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = -100, 0x8000, 1
_PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP = 38, 24
_CAPABILITY_VERSION_3 = 0x20080522
_CAPABILITIES = 64
HIDDEN = ("/run/", "/dev/")
"""A case gets empty ones: here are sockets of services (docker's makes root of whoever reaches it) and devices."""
_DEVICES = ("null", "zero", "full", "random", "urandom")
"""All of `/dev` a case gets. A read-only mount does not keep root from writing to a disk's device."""
_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
_TEMPORARY = b"size=256m,mode=1777"
"""Bound of what a case keeps in the empty folders it gets: it is memory nobody else counts."""


class NotContained(Exception):  # noqa: N818 - says what is the case, as the verdict will
    """This system does not let us have the namespaces; the message says what it refused."""


def hides(path: str) -> bool:
    """Whether a case in its namespaces would not find what lies at `path`."""
    return path.startswith(HIDDEN)


def why_not() -> str:
    """Try everything in a process that is thrown away. Returns what was refused, or nothing where all of it works."""
    if not sys.platform.startswith("linux"):
        return f"not on {sys.platform}"
    read, write = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        child = os.fork()
        if child == 0:
            _try(write, Path(folder))
        os.close(write)
        os.waitpid(child, 0)
    with os.fdopen(read, encoding="utf-8", errors="replace") as stream:
        said = stream.read(200)
    return "" if said == "contained" else said or "the attempt ended without a word"


def _try(write: int, folder: Path) -> None:
    """In the process that is thrown away: say `contained`, or what was refused, and end."""
    try:
        needed = [path for path in (sys.executable, *sys.path) if Path(path).exists()]
        enter(folder)
        if (inner := os.fork()) == 0:
            settle_in()
            hidden = [path for path in needed if not Path(path).exists()]
            (folder / "written").touch()
            os.write(write, f"{hidden[0]} would be hidden".encode() if hidden else b"contained")
            os._exit(0)
        os.waitpid(inner, 0)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(write, (str(error) or type(error).__name__).encode(errors="replace")[:200])
    os._exit(0)


def enter(*writable: Path) -> None:
    """Leave the system's namespaces; from here on only what is below one of `writable` can be written.

    The caller's next fork is the first process of the new process id namespace and must call `settle_in`.

    Raises:
        NotContained: the system refuses. The caller is then in no state to go on.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    _must(libc.unshare(_NEW_NAMESPACES), "unshare")
    try:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    except OSError as error:
        raise NotContained(f"user namespace: {error.strerror}") from error
    _must(libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "mount")
    folders = [os.fsencode(folder.resolve()) for folder in writable]
    for folder in folders:
        _must(libc.mount(folder, folder, None, _MS_BIND | _MS_REC, None), "mount")
    _few_devices(libc, folders[0])
    if Path("/run").is_dir():
        _must(libc.mount(b"tmpfs", b"/run", b"tmpfs", _MS_NOSUID | _MS_NODEV, _TEMPORARY), "mount on /run")
    _set_read_only(libc, b"/", on=True, recursive=True)
    for place in (*folders, b"/dev/shm"):
        _set_read_only(libc, place, on=False, recursive=False)


def _few_devices(libc: ctypes.CDLL, folder: bytes) -> None:
    """Put a `/dev` in place that has what programs expect and nothing of the machine's own."""
    made = Path(os.fsdecode(folder), "dev")
    made.mkdir()
    _must(libc.mount(b"tmpfs", os.fsencode(made), b"tmpfs", _MS_NOSUID, _TEMPORARY), "mount of /dev")
    for name in _DEVICES:
        (made / name).touch()
        device = os.fsencode(made / name)
        _must(libc.mount(os.fsencode(f"/dev/{name}"), device, None, _MS_BIND, None), f"mount of /dev/{name}")
    for name, target in _LINKS.items():
        (made / name).symlink_to(target)
    (made / "shm").mkdir()
    shared = os.fsencode(made / "shm")
    _must(libc.mount(b"tmpfs", shared, b"tmpfs", _MS_NOSUID | _MS_NODEV, _TEMPORARY), "mount of /dev/shm")
    _must(libc.mount(os.fsencode(made), b"/dev", None, _MS_MOVE, None), "mount on /dev")
    made.rmdir()


def settle_in() -> None:
    """In the first process of the new namespaces: a `/proc` of its own, and no way back.

    Raises:
        NotContained: the system refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    flags = _MS_RDONLY | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC  # what is in /proc/sys is the whole machine's
    _must(libc.mount(b"proc", b"/proc", b"proc", flags, None), "mount of /proc")
    for capability in range(_CAPABILITIES):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails beyond the kernel's last one, which is fine
    forbid_new_privileges()
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _must(libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def forbid_new_privileges() -> None:
    """Make sudo and every other set-user-id program useless to this process and all below it. Any user may."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _set_read_only(libc: ctypes.CDLL, path: bytes, *, on: bool, recursive: bool) -> None:
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY if on else 0, 0 if on else _MOUNT_ATTR_RDONLY, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    done = libc.syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, path, flags, ctypes.byref(attributes), size)
    _must(done, "mount_setattr")


def _must(result: int, what: str) -> None:
    if result != 0:
        raise NotContained(f"{what}: {os.strerror(ctypes.get_errno())}")
