"""A file that was made anew is recorded in the manifest, and nothing else changes."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from convert.record import MANIFEST, recorded


def test_only_the_size_and_the_hash_of_one_entry_change(tmp_path: Path) -> None:
    (tmp_path / "forms.gguf").write_bytes(b"made anew")
    before = MANIFEST.read_text(encoding="utf-8")
    read, old = tomllib.loads(recorded(before, "forms", tmp_path / "forms.gguf")), tomllib.loads(before)
    digest = hashlib.sha256(b"made anew").hexdigest()
    assert read["forms"].pop("files") == [{"name": "forms.gguf", "size": 9, "sha256": digest}]
    del old["forms"]["files"]
    assert read == old
    with pytest.raises(ValueError, match="nothing"):
        recorded(before, "nothing", tmp_path / "forms.gguf")
