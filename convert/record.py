"""Put the size and sha256 of a bundled file into the manifest, after it was made anew.

    python -m convert.record forms

The app refuses a bundled file that is not the one its manifest promises.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from smartform.engines import models
from smartform.engines.fetching import Bundled

MANIFEST = Path(models.__file__).with_name("models.toml")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Record a bundled file in the manifest.")
    parser.add_argument("id", help="its id in smartform/engines/models.toml")
    identity = parser.parse_args(argv).id
    (file,) = (s.path for s in models.named(identity).sources if isinstance(s, Bundled))
    MANIFEST.write_text(recorded(MANIFEST.read_text(encoding="utf-8"), identity, file), encoding="utf-8")
    print(f"{identity}: {file.stat().st_size:,} bytes")


def recorded(manifest: str, identity: str, file: Path) -> str:
    """The manifest's text with the size and sha256 of `file` in the files table of `identity`.

    Raises:
        ValueError: there is no such table.
    """
    content = file.read_bytes()
    size, digest = len(content), hashlib.sha256(content).hexdigest()
    table = re.compile(
        rf'(\[\[{re.escape(identity)}\.files\]\]\n.*?\nsize = )\d+(\nsha256 = ")\w+', re.DOTALL
    )
    text, count = table.subn(rf"\g<1>{size}\g<2>{digest}", manifest, count=1)
    if not count:
        raise ValueError(f"the manifest has no table [[{identity}.files]]")
    return text


if __name__ == "__main__":
    main()
