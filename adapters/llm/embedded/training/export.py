"""Writes the model as a GGUF file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md)."""

import gguf
import numpy as np

from model import EPSILON, ROPE_BASE, embeddings
from vocabulary import SPECIAL

NAMES = {"q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down"}
CONTEXT = 2048
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write(path, weights, shape, vocabulary, about):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(about["name"])
    writer.add_version(about["version"])
    writer.add_description(about["description"])
    writer.add_license("apache-2.0")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.dim)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_rope_dimension_count(shape.dim // shape.heads)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    _add_vocabulary(writer, vocabulary)
    table = embeddings(weights, np.array(vocabulary.shared()))
    writer.add_tensor("token_embd.weight", np.asarray(table, np.float16))
    writer.add_tensor("output_norm.weight", np.asarray(weights["norm"], np.float32))
    for index, layer in enumerate(weights["layers"]):
        block = f"blk.{index}."
        writer.add_tensor(block + "attn_norm.weight", np.asarray(layer["attention_norm"], np.float32))
        writer.add_tensor(block + "ffn_norm.weight", np.asarray(layer["forward_norm"], np.float32))
        for name, tensor in NAMES.items():
            matrix = np.ascontiguousarray(np.asarray(layer[name], np.float16).T)
            writer.add_tensor(f"{block}{tensor}.weight", matrix)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_vocabulary(writer, vocabulary):
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(vocabulary.tokens())
    words = vocabulary.size - len(SPECIAL)
    writer.add_token_types([gguf.TokenType.NORMAL] * words + [gguf.TokenType.CONTROL] * len(SPECIAL))
    writer.add_token_merges(vocabulary.merges())
    writer.add_bos_token_id(vocabulary.bos)
    writer.add_eos_token_id(vocabulary.end)
    writer.add_pad_token_id(vocabulary.pad)
    writer.add_add_bos_token(True)
    writer.add_chat_template(CHATML)
