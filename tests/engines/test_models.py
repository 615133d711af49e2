"""Manifest and cache: real wheels made in the test and fetched by the real pip from a local folder."""

from __future__ import annotations

import hashlib
import re
import threading
import zipfile
from pathlib import Path

import pytest

from smartform.engines import models
from smartform.engines.fetching import Bundled
from smartform.engines.models import State
from smartform.errors import WeightsError

PARTS = (b"first half, " * 5000, b"second half" * 5000)
WHOLE = b"".join(PARTS)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make_wheel(folder: Path, name: str, members: dict[str, bytes]) -> None:
    """A wheel as pip accepts it, whose code would give itself away if it ever ran."""
    module = name.replace("-", "_")
    about = f"{module}-1.0.0.dist-info"
    files = {
        f"{module}/__init__.py": b"raise SystemExit('the code of a data wheel was run')\n",
        **{f"{module}/{path}": data for path, data in members.items()},
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n".encode(),
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / f"{module}-1.0.0-py3-none-any.whl", "w") as wheel:
        for path, data in files.items():
            wheel.writestr(path, data)
        record = "".join(f"{path},,\n" for path in files) + f"{about}/RECORD,,\n"
        wheel.writestr(f"{about}/RECORD", record)


def entry(identity: str, sources: str, *, digest: str = sha(WHOLE), size: int = len(WHOLE)) -> str:
    return f"""
[{identity}]
task = "base-text"
title = "Test weights"
licence = "MIT"
licence_url = "https://example.org/licence"
files = [{{ name = "weights.bin", size = {size}, sha256 = "{digest}" }}]
{sources}
"""


WHEEL_SOURCE = """
[[ID.sources]]
kind = "wheel"
packages = ["smartform-test-part1==1.0.0", "smartform-test-part2==1.0.0"]
[ID.sources.members]
"weights.bin" = ["smartform_test_part1/data/w.part0", "smartform_test_part2/data/w.part1"]
"""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package folder that pip reads instead of any index, and an empty cache."""
    folder = tmp_path / "index"
    folder.mkdir()
    for number, part in enumerate(PARTS):
        make_wheel(folder, f"smartform-test-part{number + 1}", {f"data/w.part{number}": part})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("SMARTFORM_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Adds entries to the manifest."""

    def write(*entries: str) -> None:
        path = tmp_path / "extra.toml"
        path.write_text("\n".join(entries), encoding="utf-8")
        monkeypatch.setenv("SMARTFORM_MODELS", str(path))

    return write


def left_behind(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "cache" / "weights").iterdir() if path.name.startswith(".")]


def test_every_shipped_artifact_is_fully_described():
    artifacts = models.manifest()
    assert {"gemma-3-270m", "smollm2-135m-instruct", "whisper-base"} <= set(artifacts)
    for artifact in artifacts.values():
        assert artifact.licence_url.startswith("https://")
        assert artifact.sources
        for _, files in artifact.builds():
            for file in files:
                assert re.fullmatch("[0-9a-f]{64}", file.sha256), artifact.id
                assert file.size > 0


def test_bundled_files_are_those_that_the_manifest_promises():
    for artifact in models.manifest().values():
        for source in artifact.sources:
            if isinstance(source, Bundled):
                assert models.verify(artifact.id).state is State.READY, artifact.id


def test_parts_of_wheels_are_joined_and_their_code_never_runs(index, add, tmp_path):
    add(entry("big", WHEEL_SOURCE.replace("ID", "big")))
    seen: list[tuple[int, int, str]] = []
    path = models.locate("big", lambda *step: seen.append(step))
    assert path.read_bytes() == WHOLE
    assert seen[-1][0] == seen[-1][1] == len(WHOLE)
    assert left_behind(tmp_path) == []
    assert not list((tmp_path / "cache").rglob("*.whl"))


def test_fetched_once_then_found_without_any_source(index, add):
    add(entry("big", WHEEL_SOURCE.replace("ID", "big")))
    first = models.locate("big")
    for wheel in index.iterdir():
        wheel.unlink()
    assert models.locate("big") == first


def test_a_truncated_file_is_noticed_on_use_and_fetched_again(index, add):
    add(entry("big", WHEEL_SOURCE.replace("ID", "big")))
    path = models.locate("big")
    path.write_bytes(WHOLE[:100])
    standing = {s.artifact.id: s for s in models.status()}["big"]
    assert standing.state is State.DAMAGED
    assert models.locate("big").read_bytes() == WHOLE


def test_verify_finds_changed_bytes_and_the_next_use_fetches_again(index, add):
    add(entry("big", WHEEL_SOURCE.replace("ID", "big")))
    path = models.locate("big")
    assert models.verify("big").state is State.READY
    path.write_bytes(WHOLE[:-1] + b"!")
    damaged = models.verify("big")
    assert damaged.state is State.DAMAGED
    assert "weights.bin" in damaged.detail
    assert models.verify("big").state is State.MISSING
    assert models.locate("big").read_bytes() == WHOLE


def test_a_file_other_than_promised_is_refused(index, add, tmp_path):
    add(entry("big", WHEEL_SOURCE.replace("ID", "big"), digest=sha(b"other")))
    with pytest.raises(WeightsError, match="could not be fetched") as caught:
        models.locate("big")
    assert "not the file expected" in caught.value.hint
    assert left_behind(tmp_path) == []
    assert {s.artifact.id: s.state for s in models.status()}["big"] is State.MISSING


def test_a_wheel_that_unpacks_to_more_than_promised_is_stopped(index, add):
    add(entry("big", WHEEL_SOURCE.replace("ID", "big"), size=1000))
    with pytest.raises(WeightsError) as caught:
        models.locate("big")
    assert "larger than it should be" in caught.value.hint


def test_sources_are_tried_in_order_and_every_failure_is_told(index, add, monkeypatch):
    monkeypatch.delenv("SMARTFORM_HUB_REPO", raising=False)
    missing = '[[big.sources]]\nkind = "bundled"\npath = "nowhere.bin"\n'
    mirror = '[[big.sources]]\nkind = "hub"\nrepo = "$SMARTFORM_HUB_REPO"\nrevision = "main"\n'
    add(entry("big", missing + mirror + WHEEL_SOURCE.replace("ID", "big")))
    assert models.locate("big").read_bytes() == WHOLE
    for wheel in index.iterdir():
        wheel.unlink()
    models.locate("big").unlink()
    with pytest.raises(WeightsError) as caught:
        models.locate("big")
    hint = caught.value.hint
    assert hint.index("bundled file") < hint.index("SMARTFORM_HUB_REPO is not set") < hint.index("pip")
    assert str(index) not in hint


def test_a_bundled_file_is_used_where_it_lies_and_never_deleted(index, add, tmp_path):
    (tmp_path / "adapter.gguf").write_bytes(WHOLE)
    add(entry("mine", '[[mine.sources]]\nkind = "bundled"\npath = "adapter.gguf"\n'))
    assert models.locate("mine") == tmp_path / "adapter.gguf"
    (tmp_path / "adapter.gguf").write_bytes(WHOLE[::-1])
    assert models.verify("mine").state is State.DAMAGED
    assert (tmp_path / "adapter.gguf").exists()


def test_a_derived_file_is_computed_from_the_fetched_one(index, add, tmp_path, monkeypatch):
    (tmp_path / "preparing.py").write_text(
        "def reverse(source, target):\n    target.write_bytes(source.read_bytes()[::-1])\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    derived = '[[small.sources]]\nkind = "derived"\nfrom = "big"\nby = "preparing:reverse"\n'
    add(
        entry("big", WHEEL_SOURCE.replace("ID", "big")),
        entry("small", derived, digest=sha(WHOLE[::-1])),
    )
    assert models.locate("small").read_bytes() == WHOLE[::-1]


def test_two_callers_at_once_fetch_once(index, add):
    add(entry("big", WHEEL_SOURCE.replace("ID", "big")))
    downloads: list[str] = []
    paths: list[Path] = []

    def count(done: int, total: int, message: str) -> None:
        if message == "unpacking":
            downloads.append(message)

    callers = [threading.Thread(target=lambda: paths.append(models.locate("big", count))) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(set(paths)) == 1
    assert len(downloads) == 1


def test_too_little_disk_space_is_told_before_the_download(index, add):
    add(entry("huge", WHEEL_SOURCE.replace("ID", "huge"), size=10**18))
    with pytest.raises(WeightsError, match="not enough disk space") as caught:
        models.locate("huge")
    assert "SMARTFORM_CACHE" in caught.value.hint


def test_a_cache_that_cannot_be_written_is_told(index, add, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SMARTFORM_CACHE", str(tmp_path / "file"))
    add(entry("big", WHEEL_SOURCE.replace("ID", "big")))
    with pytest.raises(WeightsError, match="could not be stored") as caught:
        models.locate("big")
    assert str(tmp_path) not in str(caught.value) + caught.value.hint


def test_an_added_entry_replaces_the_shipped_one(index, add):
    add(entry("whisper-base", WHEEL_SOURCE.replace("ID", "whisper-base")))
    assert models.manifest()["whisper-base"].title == "Test weights"
    assert "gemma-3-270m" in models.manifest()


@pytest.mark.parametrize(
    "text",
    [
        "not toml at all [",
        '[x]\ntask = "base-text"\n',
        entry("x", "").replace("weights.bin", "../../weights.bin") + "sources = []\n",
        entry("x", '[[x.sources]]\nkind = "ftp"\n'),
        entry("x", "sources = []").replace("base-text", "telepathy"),
    ],
)
def test_a_manifest_that_is_not_right_is_told(add, text):
    add(text)
    with pytest.raises(WeightsError, match="is not right"):
        models.manifest()


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(WeightsError, match="no weights called 'gpt-9'") as caught:
        models.locate("gpt-9")
    assert "whisper-base" in caught.value.hint
