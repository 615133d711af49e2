"""Layers in 8 bits give what those in 32 give, and so do their gradients; a run in 8 bits learns the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from peft import PeftModel
from torch import Tensor, nn

from training.config import TrainConfig
from training.int8 import Int8Lora, product, quantise_weight, rounded
from training.model import add_lora
from training.train_forms import train

RANK = 4


class Small(nn.Module):
    """A model of one linear layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.config = {"model_type": "small"}
        self.layer = nn.Linear(96, 64, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)
        return y

    def prepare_inputs_for_generation(self) -> None:
        """What PEFT asks of a causal language model."""


def far(one: Tensor, other: Tensor) -> float:
    """How far one lies from the other, as a share of its length."""
    return float((one - other).norm() / other.norm())


@pytest.fixture
def x() -> Tensor:
    """Activations of 2 × 30 tokens, one channel a hundred times as large as the others."""
    x = torch.randn(2, 30, 96, generator=torch.Generator().manual_seed(1))
    x[..., 7] *= 100
    return x


@pytest.fixture
def layers(x: Tensor) -> list[PeftModel]:
    """A layer with a LoRA that has learnt, in 32 bits and in 8."""
    made = []
    for int8 in (False, True):
        model = add_lora(Small(), "small", RANK, 2 * RANK, 0.0, int8=int8)
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.data = torch.randn(
                    parameter.shape, generator=torch.Generator().manual_seed(len(name))
                )
        made.append(model)
    return made


def test_eight_bits_give_nearly_the_same_values_and_gradients(layers: list[PeftModel], x: Tensor) -> None:
    found = []
    for model in layers:
        given = x.clone().requires_grad_()
        y = model.get_base_model()(given)
        (y * torch.linspace(-1, 1, y.shape[-1])).sum().backward()
        learnt = [p.grad for name, p in model.named_parameters() if "lora_" in name]
        found.append([y.detach(), given.grad, *learnt])
        assert all(p.grad is None for name, p in model.named_parameters() if "lora_" not in name)
    exact, rough = found
    assert any(isinstance(layer, Int8Lora) for layer in layers[1].modules())
    assert not torch.equal(exact[0], rough[0])
    assert all(far(b, a) < 0.02 for a, b in zip(exact, rough, strict=True))


def test_large_channels_are_evened_out(x: Tensor) -> None:
    weight = torch.randn(64, 96, generator=torch.Generator().manual_seed(2))
    weight[:, 7] /= 100
    rows = x.reshape(-1, 96)
    even, codes, scales, *_ = quantise_weight(weight, x)
    plain, plain_scales = rounded(weight)
    wanted = rows @ weight.t()
    evened = far(product(rows, codes, scales, even), wanted)
    uneven = far(product(rows, plain.t().contiguous(), plain_scales.squeeze(1)), wanted)
    assert evened < 0.02
    assert evened < uneven / 5


def test_a_silent_token_stays_silent() -> None:
    codes, scales = rounded(torch.zeros(3, 8))
    assert not codes.any()
    assert torch.isfinite(scales).all()


def test_dropout_is_refused() -> None:
    config = TrainConfig(name="x", base="x", data=(), int8=True)
    with pytest.raises(ValueError, match="without dropout"):
        train(replace(config, dropout=0.1), [])
