"""Memory and time of LoRA teachers on one GPU, computed from the models' shapes; nothing is downloaded or allocated.

A training step is run on PyTorch's meta device, which knows shapes and no values: what autograd keeps is added up, and
floating-point operations are counted. Weights are bfloat16, adapters float32 with gradient and AdamW's two moments.
Time is operations over a share of the GPU's peak, which the batches of short sentences bring about.

    python tests/benchmarks/llm_cost.py
"""

from __future__ import annotations

import argparse

import torch
from shapes import SIZES, configuration
from torch.utils.flop_counter import FlopCounterMode

from ctl.backbones.adapters import add_adapter
from ctl.backbones.loading import build_encoder, recompute_activations


def build(name, rank, recompute):
    with torch.device("meta"):
        model = build_encoder(configuration(name), "full").to(torch.bfloat16).train()
        add_adapter(model, "default", rank, 2 * rank, 0.05)
    if recompute:
        recompute_activations(model)
    return model


def step(model, sentences, subwords):
    """Bytes that autograd keeps of a step's activations, and operations of a forward pass and of the whole step."""
    weights = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage
        return tensor

    ids = torch.zeros(sentences, subwords, dtype=torch.long, device="meta")
    counter = FlopCounterMode(display=False)
    with counter:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            states = model(input_ids=ids).last_hidden_state
        forward = counter.get_total_flops()
        states.sum().backward()
    return sum(storage.nbytes() for storage in kept.values()), forward, counter.get_total_flops()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--sentences", type=int, default=32, help="In a batch.")
    parser.add_argument("--subwords", type=int, default=48, help="In every sentence of it, padding included.")
    parser.add_argument("--corpus", type=int, default=20_000, help="Labelled sentences of a language.")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--peak", type=float, default=989, help="Of the GPU, in bfloat16 TFLOP/s; an H100 has 989.")
    parser.add_argument("--share", type=float, default=0.25, help="Of the peak that is reached.")
    parser.add_argument("--models", nargs="+", choices=SIZES, default=[name for name in SIZES if "B" in name])
    options = parser.parse_args()
    print(
        "| model | base GB | adapter MB | activations GB | recomputed GB | one teacher, minutes | label 30k, minutes |"
        "\n|---|---|---|---|---|---|---|"
    )
    speed = options.peak * 1e12 * options.share
    for name in options.models:
        model = build(name, options.rank, recompute=False)
        adapter = sum(value.numel() for value in model.parameters() if value.requires_grad)
        base = 2 * sum(value.numel() for value in model.parameters() if not value.requires_grad)
        kept, forward, whole = step(model, options.sentences, options.subwords)
        fewer, _, _ = step(build(name, options.rank, recompute=True), options.sentences, options.subwords)
        steps = options.epochs * options.corpus / options.sentences
        label = 30_000 / options.sentences * forward / speed
        print(
            f"| {name} | {base / 1e9:.1f} | {4 * adapter / 1e6:.0f} | {kept / 1e9:.1f} | {fewer / 1e9:.1f} "
            f"| {steps * whole / speed / 60:.1f} | {label / 60:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
