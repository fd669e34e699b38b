"""Makes a chat model of random weights in the format of Qwen3: gibberish by design, but served like the real one.

Usage: python tests/vllm/tiny_model.py FOLDER, in the environment of vLLM. Nothing is downloaded: the tokenizer is
trained on the standard library's sources. The same Python gives the same model.
"""

import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

MAX_LENGTH = 8192
_VOCABULARY = 2048
_CORPUS_BYTES = 4_000_000
_SEED = 7
_SPREAD = 0.2
"""Of the weights. With the usual 0.02, or with tied embeddings, a random model repeats one token for ever."""
_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
_MARKERS = ["<think>", "</think>", "<tool_call>", "</tool_call>"]
"""The server's parsers for Qwen look for them."""
_LABELS = "pass partial fail yes no true false null A B C D E"
"""Words of which each must become one token, so that its probability can be read off."""
_TEMPLATE = """\
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- if enable_thinking is defined and enable_thinking is false %}
{{- '<think>\\n\\n</think>\\n\\n' }}
{%- endif %}
{%- endif %}"""


def make(folder: Path) -> None:
    """Write the model and its tokenizer."""
    tokenizer = _tokenizer()
    model = _model(tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer() -> PreTrainedTokenizerFast:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY - len(_MARKERS),
        special_tokens=_SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator([*[_LABELS] * 2000, *_corpus()], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=MAX_LENGTH,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.add_tokens(_MARKERS)
    tokenizer.chat_template = _TEMPLATE
    return tokenizer


def _corpus() -> Iterator[str]:
    total = 0
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        if total > _CORPUS_BYTES:
            return
        text = path.read_text(encoding="utf-8", errors="replace")
        total += len(text)
        yield text


def _model(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    torch.manual_seed(_SEED)
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=_VOCABULARY,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=32,
            max_position_embeddings=MAX_LENGTH,
            tie_word_embeddings=False,
            initializer_range=_SPREAD,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    return model.to(torch.bfloat16).eval()


if __name__ == "__main__":
    make(Path(sys.argv[1]))
