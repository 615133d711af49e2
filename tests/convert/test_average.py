"""The mean of two adapters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convert.average import main
from convert.to_gguf import ConversionError
from smartform.engines.merging import Lora
from tests.convert.tiny_gguf import tiny_lora


def adapter(path: Path, fill: float, rank: int = 2, alpha: float = 4.0) -> Path:
    return tiny_lora(path, {"q.weight.lora_a": np.full((rank, 4), fill)}, alpha)


def test_the_mean_lies_where_the_share_says(tmp_path: Path) -> None:
    before, after = adapter(tmp_path / "before.gguf", 1.0), adapter(tmp_path / "after.gguf", 3.0)
    main([str(before), str(after), "--share", "0.25", "--out", str(tmp_path / "out.gguf")])
    mean = Lora.read(tmp_path / "out.gguf")
    assert mean.alpha == 4.0
    assert mean.tensors["q.weight.lora_a"] == pytest.approx(np.full((2, 4), 1.5))


@pytest.mark.parametrize("other", [{"rank": 4}, {"alpha": 8.0}])
def test_adapters_of_other_kinds_have_no_mean(tmp_path: Path, other: dict[str, int]) -> None:
    before, after = adapter(tmp_path / "before.gguf", 1.0), adapter(tmp_path / "after.gguf", 3.0, **other)
    with pytest.raises(ConversionError, match="same rank and alpha"):
        main([str(before), str(after), "--out", str(tmp_path / "out.gguf")])
    assert not (tmp_path / "out.gguf").exists()


def test_what_is_no_adapter_has_no_mean(tmp_path: Path) -> None:
    text = tmp_path / "before.gguf"
    text.write_text("no adapter")
    with pytest.raises(ConversionError, match="no GGUF file"):
        main([str(text), str(adapter(tmp_path / "after.gguf", 3.0)), "--out", str(tmp_path / "out.gguf")])
