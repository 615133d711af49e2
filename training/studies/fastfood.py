"""A random subspace of a model's weights: few coordinates, projected by fast Walsh–Hadamard transforms.

Fastfood (Le, Sarlós and Smola 2013, arXiv:1408.3060) multiplies by a random matrix without holding it:
a block of n rows is H G Π H B / n, where H is a Hadamard matrix, B random signs, Π a permutation and G
Gaussian factors. As many independent blocks as there are weights to reach are stacked. The structure-aware
subspace (Aghajanyan, Zettlemoyer and Gupta 2020, arXiv:2012.13255) has one more number a layer, which
scales that layer's part of the projection.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.func import functional_call

DENSE = 128
"""Side of the largest Hadamard matrix that is multiplied with as it is."""


def hadamard(size: int) -> Tensor:
    """The orthogonal Walsh–Hadamard matrix (size, size) of a power of two; it is its own inverse."""
    matrix = torch.ones(1, 1)
    while len(matrix) < size:
        matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)])
    return matrix / math.sqrt(size)


def transform(values: Tensor) -> Tensor:
    """(blocks, n) → (blocks, n): each row times the orthogonal Hadamard matrix.

    The matrix of a·b is the Kronecker product of those of a and b, so products with two small dense
    matrices do what log n passes of butterflies would; processors are made for the former.
    """
    blocks, size = values.shape
    if size <= DENSE:
        return values @ hadamard(size).to(values)
    inner = values.view(blocks, size // DENSE, DENSE) @ hadamard(DENSE).to(values)
    outer = transform(inner.transpose(1, 2).reshape(-1, size // DENSE))
    return outer.view(blocks, DENSE, size // DENSE).transpose(1, 2).reshape(blocks, size)


class Fastfood(nn.Module):
    """A random linear map that keeps lengths in the mean.

    Args:
        dimension: numbers that go in.
        total: numbers that come out.
        seed: of the map.
    """

    signs: Tensor
    order: Tensor
    factors: Tensor

    def __init__(self, dimension: int, total: int, seed: int) -> None:
        super().__init__()
        self.dimension, self.total = dimension, total
        self.size = 1 << max(1, math.ceil(math.log2(dimension)))
        shape = math.ceil(total / self.size), self.size
        draw = torch.Generator().manual_seed(seed)
        self.register_buffer("signs", torch.randint(0, 2, shape, generator=draw) * 2.0 - 1.0)
        self.register_buffer("order", torch.rand(shape, generator=draw).argsort(1))
        self.register_buffer("factors", torch.randn(shape, generator=draw) * math.sqrt(self.size / total))

    def forward(self, coordinates: Tensor) -> Tensor:
        """(dimension,) → (total,)."""
        padded = nn.functional.pad(coordinates, (0, self.size - self.dimension))
        mixed = transform(self.signs * padded).gather(1, self.order)
        return transform(self.factors * mixed).flatten()[: self.total]


class Subspace(nn.Module):
    """A model whose weights move in a random subspace around where they are.

    Args:
        model: is frozen; its weights are those of the point in the subspace after `settle` alone.
        names: the parameters that the subspace reaches.
        dimension: coordinates; besides, there is one scale a layer.
        seed: of the projection.
    """

    def __init__(self, model: nn.Module, names: Iterable[str], dimension: int, seed: int) -> None:
        super().__init__()
        self.model = model.requires_grad_(False)
        parameters = dict(model.named_parameters())
        self.start = {name: parameters[name].detach().clone() for name in names}
        layers = list(dict.fromkeys(map(layer_of, self.start)))
        self.layers = [layers.index(layer_of(name)) for name in self.start]
        self.projection = Fastfood(dimension, sum(p.numel() for p in self.start.values()), seed)
        self.coordinates = nn.Parameter(torch.zeros(dimension))
        self.scales = nn.Parameter(torch.ones(len(layers)))

    def weights(self) -> dict[str, Tensor]:
        """The weights at the present coordinates."""
        parts = self.projection(self.coordinates).split([p.numel() for p in self.start.values()])
        return {
            name: start + self.scales[layer] * part.view_as(start)
            for (name, start), layer, part in zip(self.start.items(), self.layers, parts, strict=True)
        }

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """What the model answers at the present coordinates."""
        answer: tuple[Tensor, ...] = functional_call(self.model, self.weights(), inputs)
        return answer

    @torch.no_grad()
    def settle(self) -> None:
        """Put the present weights into the model."""
        parameters = dict(self.model.named_parameters())
        for name, values in self.weights().items():
            parameters[name].copy_(values)


def layer_of(name: str) -> str:
    """The layer that a parameter belongs to: a block of the encoder, or what is outside of them."""
    block = re.search(r"\blayers?\.\d+", name)
    return block.group() if block else name.partition(".")[0]
