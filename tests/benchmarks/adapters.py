"""Peak memory and words per second of K teachers: adapters of one base, by turns or mixed in a batch, or K models.

Every row is a process of its own, so that its peak is its own; what an empty process holds is taken off. The time is
that of the fastest batch; on a CPU it is processor time, which other programs do not change. The model has the shape of
Qwen3 and random weights, which cost what trained ones cost.

    python tests/benchmarks/adapters.py
    python tests/benchmarks/adapters.py --width 1024 --layers 28 --vocabulary 151936 --device cuda  # Qwen3-0.6B
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial

import torch

from ctl.backbones.adapters import activate, add_adapter
from ctl.backbones.loading import build_encoder

RANK = 16
WAYS = {"switched": "one base, by turns", "mixed": "one base, mixed batch", "separate": "K models"}


def build(options):
    config = {
        "model_type": "qwen3", "vocab_size": options.vocabulary, "hidden_size": options.width,
        "num_hidden_layers": options.layers, "num_attention_heads": options.width // 64, "head_dim": 64,
        "num_key_value_heads": max(1, options.width // 128), "intermediate_size": 3 * options.width,
    }  # fmt: skip
    return build_encoder(config, "full").to(options.device, getattr(torch, options.base)).eval()


def make(options):
    """What answers a batch with the states of all K teachers (K, R, T, D)."""
    names = [f"teacher{number}" for number in range(options.teachers)]
    models = [build(options) for _ in (names if options.way == "separate" else names[:1])]
    for number, name in enumerate(names):
        add_adapter(models[number % len(models)], name, RANK, 2 * RANK, 0.0)

    def switched(ids, mask):
        states = []
        for number, name in enumerate(names):
            model = models[number % len(models)]
            activate(model, name)
            states.append(model(input_ids=ids, attention_mask=mask).last_hidden_state)
        return torch.stack(states)

    def mixed(ids, mask):
        rows = [name for name in names for _ in ids]
        with ExitStack() as stack:
            for layer in lora_layers(models[0]):
                hook = layer.register_forward_pre_hook(partial(take_names, names=rows), with_kwargs=True)
                stack.callback(hook.remove)
            states = models[0](input_ids=ids.repeat(len(names), 1), attention_mask=mask.repeat(len(names), 1))
        return states.last_hidden_state.unflatten(0, (len(names), len(ids)))

    return mixed if options.way == "mixed" else switched


def lora_layers(model):
    from peft.tuners.lora import LoraLayer

    return [layer for layer in model.modules() if isinstance(layer, LoraLayer)]


def take_names(layer, args, kwargs, names):
    """What peft does for ``adapter_names`` given to a PeftModel."""
    return args, {**kwargs, "adapter_names": names}


def memory(options):
    """Peak megabytes so far, of the GPU or of the process."""
    if options.device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


@torch.no_grad()
def measure(options):
    """One row: megabytes and words per second."""
    import peft  # noqa: F401  (it would count for the first model)

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    empty = memory(options)
    answer = make(options)
    ids = torch.randint(0, options.vocabulary, (options.sentences, options.subwords), device=options.device)
    mask = torch.ones_like(ids)
    answer(ids, mask)
    clock = time.perf_counter if options.device == "cuda" else time.process_time
    seconds = []
    for _ in range(options.batches):
        began = clock()
        answer(ids, mask).sum().item()  # waits for a GPU
        seconds.append(clock() - began)
    words = options.sentences * options.subwords / 1.5  # subwords in a word, as in European text
    return {"megabytes": memory(options) - empty, "words": words / min(seconds)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in {
        "width": 512, "layers": 8, "vocabulary": 32_000, "sentences": 32, "subwords": 32, "batches": 5, "threads": 1,
    }.items():  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--base", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--teachers", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options)))
        return
    print("| K | way | peak MB | words/s, each labelled by all K |\n|---|---|---|---|", flush=True)
    for teachers in options.counts:
        for way, title in WAYS.items():
            own = ["--way", way, "--teachers", str(teachers)]
            done = subprocess.run([sys.executable, *sys.argv, *own], check=True, capture_output=True, text=True)
            row = json.loads(done.stdout.splitlines()[-1])
            print(f"| {teachers} | {title} | {row['megabytes']:,.0f} | {row['words']:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
