"""The projection is orthogonal where it must be, keeps lengths, and moves a real model's weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training import tiny_bert
from training.studies.fastfood import Fastfood, Subspace, hadamard, layer_of, transform
from training.tone_model import load_base


@pytest.mark.parametrize("size", [2, 64, 512])
def test_the_transform_is_that_of_the_dense_matrix_and_orthogonal(size: int) -> None:
    dense = transform(torch.eye(size))
    torch.testing.assert_close(dense, hadamard(size))
    torch.testing.assert_close(dense @ dense.T, torch.eye(size), atol=1e-5, rtol=0)


def test_columns_are_near_orthogonal_and_of_unit_length() -> None:
    matrix = torch.stack([Fastfood(24, 60_000, seed=3)(row) for row in torch.eye(24)], 1)
    products = matrix.T @ matrix
    assert (products.diagonal() - 1).abs().max() < 0.05
    assert (products - torch.diag(products.diagonal())).abs().max() < 0.05


def test_lengths_are_kept_and_gradients_are_the_transpose() -> None:
    projection = Fastfood(300, 40_001, seed=1)
    point = torch.randn(300, requires_grad=True)
    image = projection(point)
    assert image.shape == (40_001,)
    assert image.norm().item() == pytest.approx(point.norm().item(), rel=0.05)
    other = torch.randn(40_001)
    image.backward(other)
    assert point.grad is not None
    torch.testing.assert_close(point.grad @ point, other @ image, rtol=1e-3, atol=1e-3)
    assert not torch.equal(Fastfood(300, 40_001, seed=2)(point), image)


def test_a_subspace_begins_at_the_model_and_moves_what_it_reaches(tmp_path: Path) -> None:
    model, _ = load_base(tiny_bert.save(tmp_path), dropout=0.0)
    model.eval()
    before = {name: p.clone() for name, p in model.named_parameters()}
    inputs = torch.tensor([[5, 9, 8]]), torch.ones(1, 3, dtype=torch.long)
    answer = model(*inputs)[0]
    reached = [n for n, p in model.named_parameters() if p.requires_grad and "politeness" not in n]
    subspace = Subspace(model, reached, 12, seed=0)
    assert len(subspace.scales) == 4  # two blocks, and two layers of the head
    torch.testing.assert_close(subspace(*inputs)[0], answer)

    subspace(*inputs)[0][0, 0].backward()
    assert subspace.coordinates.grad is not None and subspace.coordinates.grad.abs().sum() > 0
    assert [n for n, p in subspace.named_parameters() if p.requires_grad] == ["coordinates", "scales"]
    subspace.coordinates.data.fill_(0.1)
    moved = subspace(*inputs)[0]
    subspace.settle()
    torch.testing.assert_close(model(*inputs)[0], moved)
    changed = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert changed == set(reached)


def test_layers_are_blocks_and_the_rest() -> None:
    assert layer_of("encoder.encoder.layer.3.output.dense.weight") == "layer.3"
    assert layer_of("model.layers.11.mlp.up_proj.weight") == "layers.11"
    assert layer_of("heads.sentiment.layers.1.weight") == "layers.1"
