"""Tiny causal language models with random weights, and a byte-level tokenizer of the artificial languages' text."""

import numpy as np
import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast
from transformers import GemmaConfig as Gemma
from transformers import GPT2Config as GPT2
from transformers import LlamaConfig as Llama
from transformers import MistralConfig as Mistral
from transformers import Qwen3Config as Qwen3

from ctl.backbones.packing import Subwords
from ctl.data.collation import WordBatch, count_up, rows

SIZE = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 1024, "initializer_range": 0.3,
    "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2,
}  # fmt: skip
CHAT = (
    "{% for turn in messages %}<|{{ turn.role }}|>{{ turn.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def write_tokenizer(family, folder, chat=None):
    text = [path.read_text() for path in sorted(family.glob("*/train.txt"))]
    backend = ByteLevelBPETokenizer()
    special = ["<s>", "</s>", "<pad>", "<|user|>", "<|assistant|>", "<|end|>"]
    backend.train_from_iterator(text, vocab_size=500, special_tokens=special, show_progress=False)
    names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend._tokenizer, model_max_length=1024, **names)
    tokenizer.add_special_tokens({"additional_special_tokens": special[3:]})
    tokenizer.chat_template = chat
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def write_language_models(family, root):
    """Qwen3 (with a chat template), Llama, Mistral, Gemma and GPT-2 in miniature."""
    for config in (Qwen3, Llama, Mistral, Gemma, GPT2):
        name = config.model_type
        vocabulary = write_tokenizer(family, root / name, CHAT if name == "qwen3" else None)
        small = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 1024, "bos_token_id": 0, "eos_token_id": 1}
        size = small if name == "gpt2" else SIZE
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = AutoModelForCausalLM.from_config(config(vocab_size=vocabulary, **size))
        model.save_pretrained(root / name)
    return {path.name: path for path in sorted(root.iterdir())}


def batch_of(sentences, packed=True):
    """A batch of sentences of subword ids, each subword a word of its own; packed, or a row for each sentence."""
    sizes = np.array([len(sentence) for sentence in sentences])
    slots, grid = rows(sizes) if packed else (np.arange(len(sizes)) * sizes.max(), (len(sizes), int(sizes.max())))
    ids, positions = torch.tensor([id for sentence in sentences for id in sentence]), count_up(sizes)
    windows, every = np.repeat(np.arange(len(sizes)), sizes), torch.arange(len(ids))
    slots = np.repeat(slots, sizes) + positions
    parts = [ids, *map(torch.from_numpy, (positions, windows, sizes, slots)), grid]
    nothing, some = torch.zeros(len(ids), dtype=torch.long), torch.arange(len(sizes))
    return WordBatch(Subwords(*parts), every, every, nothing, nothing, torch.from_numpy(sizes), some, some, some)
