"""A trained tone model → one ONNX file with 8-bit weights, and its tokenizer.

    python -m convert.tone_to_onnx runs/tone --out models/tone.onnx

Reads `model.pt`, `config.json` and `tokenizer.json` of the run. The vocabulary is cut to word
pieces of Latin script, figures and marks, which changes nothing for texts that hold no others. The
ONNX graph gives calibrated probabilities; attention, normalisation and embedding are fused. Writes
OUT and OUT's stem with `.tokenizer.json`, prints sizes and hashes, and how far 8 bits are from 32.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from smartform.engines.prepare import is_latin
from training.tone_model import MAX_TOKENS, ToneModel, collate, load_tokenizer

OPSET = 17
SAMPLE = ("Could you send me the file, please?", "This is a mess and you know it.")


class Probabilities(nn.Module):
    """The network as it is served: probabilities instead of logits."""

    def __init__(self, model: ToneModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """[rows, tokens] ids and mask → [rows, 3] probabilities of sentiment and politeness."""
        sentiment, politeness = self.model(input_ids, attention_mask)
        return sentiment.softmax(-1), politeness.softmax(-1)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write a tone model as an 8-bit ONNX file.")
    parser.add_argument("run", type=Path, help="folder with model.pt, config.json and tokenizer.json")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--full", type=Path, help="keep the 32-bit file here, to compare")
    arguments = parser.parse_args(argv)
    written = convert(arguments.run, arguments.out, arguments.full)
    for path in written:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f"{path}  {path.stat().st_size:,} bytes  sha256 {digest}")


def convert(run: Path, out: Path, full: Path | None = None) -> tuple[Path, Path]:
    """Write the 8-bit ONNX file of a run and its tokenizer.

    Args:
        full: where the fused 32-bit file is kept too.

    Returns:
        The paths of both files.
    """
    torch.set_num_threads(1)
    encoder = BertModel(BertConfig.from_pretrained(run, attn_implementation="eager"), add_pooling_layer=False)
    model = ToneModel(encoder)
    model.load_state_dict(torch.load(run / "model.pt"))
    tokenizer_file = out.with_suffix(".tokenizer.json")
    data = json.loads((run / "tokenizer.json").read_text(encoding="utf-8"))
    kept = kept_pieces(data)
    out.parent.mkdir(parents=True, exist_ok=True)
    tokenizer_file.write_text(json.dumps(renumbered(data, kept), ensure_ascii=False), encoding="utf-8")
    prune(encoder, [data["model"]["vocab"][piece] for piece in kept])
    with tempfile.TemporaryDirectory() as scratch:
        plain, fused = Path(scratch) / "plain.onnx", full or Path(scratch) / "fused.onnx"
        export(model, load_tokenizer(tokenizer_file), plain)
        fuse(plain, fused, encoder.config)
        quantise(fused, out)
    return out, tokenizer_file


def kept_pieces(data: dict[str, Any]) -> list[str]:
    """The word pieces of a tokenizer file that stay, in the order of their ids."""
    special = {token["content"] for token in data["added_tokens"]}
    pieces = sorted(data["model"]["vocab"], key=data["model"]["vocab"].__getitem__)
    return [p for p in pieces if p in special or (is_latin(p) and not p.startswith("[unused"))]


def renumbered(data: dict[str, Any], kept: Sequence[str]) -> dict[str, Any]:
    """The tokenizer file for those pieces, numbered from 0; texts are cut and never padded."""
    ids = {piece: number for number, piece in enumerate(kept)}
    data = json.loads(json.dumps(data))
    data["model"]["vocab"] = ids
    data["truncation"] = data["padding"] = None
    for token in data["added_tokens"]:
        token["id"] = ids[token["content"]]
    for name, token in data["post_processor"]["special_tokens"].items():
        token["ids"] = [ids[name]]
    Tokenizer.from_str(json.dumps(data))  # fails here rather than in the app
    return data


def prune(encoder: BertModel, rows: Sequence[int]) -> None:
    """Keep those rows of the word embedding, in that order."""
    words = encoder.embeddings.word_embeddings
    words.weight = nn.Parameter(words.weight.data[torch.tensor(rows)], requires_grad=False)
    words.num_embeddings = encoder.config.vocab_size = len(rows)
    positions = encoder.embeddings.position_embeddings
    positions.weight = nn.Parameter(positions.weight.data[:MAX_TOKENS].clone(), requires_grad=False)
    positions.num_embeddings = encoder.config.max_position_embeddings = MAX_TOKENS
    encoder.embeddings.position_ids = torch.arange(MAX_TOKENS).unsqueeze(0)
    encoder.embeddings.token_type_ids = torch.zeros(1, MAX_TOKENS, dtype=torch.long)


def export(model: ToneModel, tokenizer: Tokenizer, path: Path) -> None:
    """Trace the network; rows and tokens stay free."""
    model.eval()
    sample = collate([encoding.ids for encoding in tokenizer.encode_batch(list(SAMPLE))])
    names = ["input_ids", "attention_mask"]
    torch.onnx.export(
        Probabilities(model),
        sample,
        str(path),
        input_names=names,
        output_names=["sentiment", "politeness"],
        dynamic_axes={name: {0: "rows", 1: "tokens"} for name in names}
        | {name: {0: "rows"} for name in ("sentiment", "politeness")},
        opset_version=OPSET,
        dynamo=False,
    )


def fuse(source: Path, target: Path, config: BertConfig) -> None:
    """Replace attention, normalisation, embedding and activation by onnxruntime's own operators."""
    optimised = optimize_model(
        str(source),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        opt_level=0,
    )
    optimised.save_model_to_file(str(target))
    print("fused:", {k: v for k, v in optimised.get_fused_operator_statistics().items() if v})


def quantise(source: Path, target: Path) -> None:
    """8-bit weights, activations quantised as they come.

    Weights have 7 bits' range: processors without VNNI add pairs of products in 16 bits.
    """
    quantize_dynamic(
        str(source),
        str(target),
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


if __name__ == "__main__":
    main()
