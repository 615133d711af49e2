"""Bottleneck adapters: two small layers behind attention and behind the feed-forward part of every block.

Houlsby et al. 2019, arXiv:1902.00751. They begin as the identity.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Bottleneck(nn.Module):
    """A linear layer (in → out) and, added to what it answers, a narrow network of that.

    Args:
        inner: the layer, which is kept as it is.
        width: of the narrow network.
    """

    def __init__(self, inner: nn.Linear, width: int) -> None:
        super().__init__()
        self.inner = inner
        self.down = nn.Linear(inner.out_features, width)
        self.up = nn.Linear(width, inner.out_features)
        nn.init.normal_(self.down.weight, std=0.02)
        for zero in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(zero)

    def forward(self, inputs: Tensor) -> Tensor:
        """(…, in) → (…, out)."""
        answer: Tensor = self.inner(inputs)
        return answer + self.up(torch.nn.functional.gelu(self.down(answer)))


def add_bottlenecks(model: Any, width: int) -> Any:
    """Freeze a decoder of the Llama or Gemma kind and put adapters into its blocks."""
    model.requires_grad_(False)
    for block in model.get_decoder().layers:
        block.self_attn.o_proj = Bottleneck(block.self_attn.o_proj, width)
        block.mlp.down_proj = Bottleneck(block.mlp.down_proj, width)
    return model
