"""One file out of a zip that somebody we do not trust has made. Nothing is ever written to disk.

Everything the zip says of itself is checked before a byte is unpacked, and unpacking stops at the size that the zip
promised. Only stored and deflated files are taken: Python bounds what it unpacks for these two methods alone.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from io import BytesIO

MAX_RATIO = 200
"""Bytes that one packed byte may become; a verdict of 198 cases is packed to a fifteenth."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)
"""What `zipfile` raises for bytes that are no zip, are cut off, encrypted or packed by a method it does not know."""


class ArchiveError(Exception):
    """The bytes are not the zip that was expected; the message says what was expected and what came."""


def only_file(data: bytes, name: str, limit: int) -> bytes:
    """Return the content of `name`, which must be all there is in the zip, of at most `limit` bytes.

    Raises:
        ArchiveError: anything else.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            member = _only_member(archive, name)
            _require_modest(member, limit)
            with archive.open(member) as stream:
                content = stream.read(limit + 1)
    except _BROKEN as error:
        raise ArchiveError(f"Expected a zip with {name} in it: {type(error).__name__}: {error}.") from error
    if len(content) > limit:
        raise ArchiveError(f"Expected at most {limit} bytes in {name}, there are more.")
    return content


def _only_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    members = archive.infolist()
    if len(members) != 1:
        raise ArchiveError(f"Expected one file in the zip, {name}, got {len(members)} entries.")
    (member,) = members
    # `orig_filename` is what the zip says; `filename` has been cut at a null byte and had its separators changed.
    if {member.filename, member.orig_filename} != {name}:
        raise ArchiveError(f"Expected one file in the zip, {name}, got {member.orig_filename[:200]!r}.")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise ArchiveError(f"Expected {name} to be a file, the zip says it is {stat.filemode(kind)[0]!r}.")
    if member.compress_type not in _METHODS:
        raise ArchiveError(f"Expected {name} to be stored or deflated, it is packed by method {member.compress_type}.")
    return member


def _require_modest(member: zipfile.ZipInfo, limit: int) -> None:
    if member.file_size > limit:
        raise ArchiveError(f"Expected at most {limit} bytes in {member.filename}, got {member.file_size}.")
    if member.file_size > MAX_RATIO * max(member.compress_size, 1):
        raise ArchiveError(
            f"Expected at most {MAX_RATIO} bytes for each packed one in {member.filename}, "
            f"got {member.file_size} from {member.compress_size}."
        )
