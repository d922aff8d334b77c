"""Asking the C library to keep freed memory."""

import ctypes
import platform
import sys

import pytest

from trainer.allocator import keep_freed_memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left alone")
def test_glibc_is_told(monkeypatch):
    told = []
    library = type("Library", (), {"mallopt": staticmethod(lambda *pair: told.append(pair))})
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    keep_freed_memory()
    assert told == [(-4, 0), (-1, 2**31 - 1), (-2, 1 << 28)]


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_are_left_alone(monkeypatch, system):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(ctypes, "CDLL", None)
    keep_freed_memory()


def test_a_library_without_it_is_left_alone(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2"))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    keep_freed_memory()
