"""What hosts read: the Space's configuration and the container's recipe name things that exist and agree."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

SPACE_KEYS = set(
    """title emoji colorFrom colorTo sdk python_version sdk_version suggested_hardware suggested_storage
    app_file app_build_command app_port base_path fullWidth header short_description models datasets tags
    thumbnail pinned license hf_oauth hf_oauth_scopes hf_oauth_expiration_minutes disable_embedding
    startup_duration_timeout custom_headers preload_from_hub""".split()
)
"""https://huggingface.co/docs/hub/spaces-config-reference"""

COLOURS = set("red yellow green blue indigo purple pink gray".split())


def test_the_space_is_configured_in_known_words() -> None:
    front = yaml.safe_load(README.split("---")[1])
    assert set(front) <= SPACE_KEYS
    assert {front["colorFrom"], front["colorTo"]} <= COLOURS
    assert re.fullmatch(r"3\.\d+(\.\d+)?", front["python_version"])
    for block in re.findall(r"^```yaml\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE):
        assert set(yaml.safe_load(block)) <= SPACE_KEYS


def test_the_container_runs_the_same_app_as_the_space() -> None:
    front = yaml.safe_load(README.split("---")[1])
    assert set(re.findall(r"^FROM python:([\d.]+)-slim", DOCKERFILE, re.MULTILINE)) == {
        front["python_version"]
    }
    assert f'CMD ["python", "{front["app_file"]}"]' in DOCKERFILE
    assert "requirements.txt" in DOCKERFILE
    assert "PORT=7860" in DOCKERFILE
    # Spaces run containers as this user, who must be able to write the cache.
    assert "--uid 1000" in DOCKERFILE


def test_the_container_gets_all_that_the_app_reads() -> None:
    left_out = (ROOT / ".dockerignore").read_text().split()
    app = (ROOT / "app.py").read_text()
    needed = set(re.findall(r"^from (\w+)[. ]", app, re.MULTILINE)) & {path.name for path in ROOT.iterdir()}
    assert needed == {"smartform", "ui"}
    assert not {*needed, "models", "requirements.txt", "app.py"} & set(left_out)
    assert all((ROOT / name).exists() for name in ("bench", "convert", "docs", "tests", "training"))
