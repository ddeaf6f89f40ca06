"""One file out of a zip, and every zip that is not just that."""

from __future__ import annotations

import contextlib
import io
import stat
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformers_export.github.archive import ArchiveError, only_file

NAME = "verdict.json"
LIMIT = 1000


def packed(*files: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content, compress_type=method)
    return buffer.getvalue()


def entry(kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(NAME)
    info.external_attr = (kind | 0o777) << 16
    return info


def understated(content: bytes) -> bytes:
    """A zip whose directory says that its file is small."""
    data = bytearray(packed((NAME, content)))
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = data.index(signature) + offset
        data[place : place + 4] = struct.pack("<I", 10)
    return bytes(data)


def encrypted() -> bytes:
    data = bytearray(packed((NAME, b"{}")))
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_file_comes_out(method: int) -> None:
    assert only_file(packed((NAME, b"{}"), method=method), NAME, LIMIT) == b"{}"
    assert only_file(packed((entry(stat.S_IFREG), b"{}")), NAME, LIMIT) == b"{}"


def test_exactly_the_limit_is_allowed() -> None:
    content = bytes(range(250)) * 4
    assert only_file(packed((NAME, content)), NAME, LIMIT) == content


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "BadZipFile"),
        (b"<html>", "BadZipFile"),
        (packed((NAME, b"{}"))[:-30], "BadZipFile"),
        (packed(), "got 0 entries"),
        (packed((NAME, b"{}"), ("more.json", b"{}")), "got 2 entries"),
        (packed((NAME, b"{}"), ("verdict.jsoX", b"[]")).replace(b"jsoX", b"json"), "got 2 entries"),
        (packed(*((f"{number}", b"") for number in range(5000))), "got 5000 entries"),
        (packed(("other.json", b"{}")), "got 'other.json'"),
        (packed(("../verdict.json", b"{}")), "got '../verdict.json'"),
        (packed(("/verdict.json", b"{}")), "got '/verdict.json'"),
        (packed(("..\\verdict.json", b"{}")), "verdict.json'"),
        (packed(("verdict.json/", b"")), "got 'verdict.json/'"),
        (packed(("verdict.jsonX.exe", b"{}")).replace(b"jsonX.exe", b"json\0.exe"), r"json\\x00.exe'"),
        (packed((entry(stat.S_IFLNK), b"/etc/passwd")), "says it is 'l'"),
        (packed((entry(stat.S_IFDIR), b"")), "says it is 'd'"),
        (packed((entry(stat.S_IFIFO), b"")), "says it is 'p'"),
        (packed((NAME, b"x" * (LIMIT + 1)), method=zipfile.ZIP_STORED), "at most 1000 bytes"),
        (packed((NAME, b"x" * (LIMIT + 1))), "at most 1000 bytes"),
        (understated(b"x" * 5000), "BadZipFile"),
        (encrypted(), "encrypted"),
        (packed((NAME, b"{}" * 300), method=zipfile.ZIP_BZIP2)[:60] + b"\0" * 40, "BadZipFile"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_any_other_zip_is_refused_with_a_reason(data: bytes, said: str) -> None:
    with pytest.raises(ArchiveError, match=said):
        only_file(data, NAME, LIMIT)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = packed((NAME, b"\0" * 2**20))
    with pytest.raises(ArchiveError, match="for each packed one"):
        only_file(bomb, NAME, 2**30)


@given(st.data())
def test_a_spoilt_zip_is_the_file_or_a_reason(data: st.DataObject) -> None:
    content = bytes(range(200))
    whole = bytearray(packed((NAME, content)))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ArchiveError):
        assert len(only_file(bytes(whole), NAME, LIMIT)) <= LIMIT


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_python_unpacks_without_bound_are_refused_before_a_byte_is_unpacked(
    method: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = packed((NAME, b"0" * 2**20), method=method)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(ArchiveError, match=f"Expected {NAME} to be stored or deflated, .* method {method}"):
        only_file(data, NAME, LIMIT)


def test_a_method_that_python_does_not_know_is_refused() -> None:
    data = bytearray(packed((NAME, b"{}")))
    for signature, offset in ((b"PK\x01\x02", 10), (b"PK\x03\x04", 8)):
        place = data.index(signature) + offset
        data[place : place + 2] = struct.pack("<H", 14)  # LZMA, over bytes that are none
    with pytest.raises(ArchiveError, match="method 14"):
        only_file(bytes(data), NAME, LIMIT)
