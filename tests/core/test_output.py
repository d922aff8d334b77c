"""Files whose ending names their format, written whole or not at all."""

import errno
from pathlib import Path

import pytest

from core.errors import DataError
from core.output import by_ending, write_whole


def test_the_ending_names_the_format(tmp_path):
    formats = {".svg": 1, ".png": 2}
    assert by_ending(tmp_path / "owl.v2.PNG", formats) == 2
    for name in ("owl", "owl.jpg", ".svg"):
        with pytest.raises(DataError, match=r"names no format: end it with \.svg, \.png\."):
            by_ending(tmp_path / name, formats)


def test_a_full_disk_leaves_the_old_file_and_no_half_one(tmp_path, monkeypatch):
    path = tmp_path / "owl.svg"
    write_whole(path, b"old")

    def fill(self, content):
        with self.open("wb") as stream:
            stream.write(content[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(DataError, match=r"could not be written \(No space left on device\)"):
        write_whole(path, b"new and longer")
    assert [file.name for file in tmp_path.iterdir()] == ["owl.svg"]
    assert path.read_bytes() == b"old"
