"""The mean of two adapters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from convert.average import WEIGHTS, main
from convert.to_gguf import ConversionError


def adapter(folder: Path, fill: float, rank: int = 2) -> Path:
    folder.mkdir()
    save_file({"q.lora_A.weight": torch.full((rank, 4), fill)}, folder / WEIGHTS)
    (folder / "adapter_config.json").write_text(json.dumps({"r": rank}), encoding="utf-8")
    return folder


def test_the_mean_lies_where_the_share_says(tmp_path: Path) -> None:
    before, after = adapter(tmp_path / "before", 1.0), adapter(tmp_path / "after", 3.0)
    main([str(before), str(after), "--share", "0.25", "--out", str(tmp_path / "out")])
    [mean] = load_file(tmp_path / "out" / WEIGHTS).values()
    assert torch.equal(mean, torch.full((2, 4), 1.5))
    assert json.loads((tmp_path / "out" / "adapter_config.json").read_text()) == {"r": 2}


def test_adapters_of_other_ranks_have_no_mean(tmp_path: Path) -> None:
    before, after = adapter(tmp_path / "before", 1.0), adapter(tmp_path / "after", 3.0, rank=4)
    with pytest.raises(ConversionError, match="same rank"):
        main([str(before), str(after), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()
