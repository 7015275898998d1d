"""Writes all-MiniLM-L6-v2 as an ONNX graph from its safetensors file, for ONNX Runtime as a peer of our encoder.

The graph is BERT as published: embeddings, six layers of attention and feed-forward, mean pooling, length 1. One text at
a time, so there is no padding and no mask. It also gives the vectors in tests/data/vector/golden.json:

    python bench/minilm_onnx.py WEIGHTS_FOLDER TEXTS.json GOLDEN.json
"""
import json
import struct
import sys
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS, WIDTH, HEADS = 6, 384, 12


def read_safetensors(path):
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    head = json.loads(data[8:8 + length])
    head.pop("__metadata__", None)
    body = memoryview(data)[8 + length:]
    return {name: numpy.frombuffer(body[slice(*tensor["data_offsets"])], dtype="<f4").reshape(tensor["shape"])
            for name, tensor in head.items() if tensor["dtype"] == "F32"}


class Graph:
    def __init__(self, tensors):
        self.tensors, self.nodes, self.weights = tensors, [], {}

    def weight(self, name, array=None):
        if name not in self.weights:
            array = self.tensors[name] if array is None else numpy.asarray(array)
            self.weights[name] = numpy_helper.from_array(numpy.ascontiguousarray(array), name)
        return name

    def node(self, kind, *inputs, **attributes):
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def shape(self, *sizes):
        return self.weight("shape_" + "_".join(map(str, sizes)), numpy.array(sizes, dtype=numpy.int64))

    def dense(self, x, name):
        matrix = self.weight(name + ".transposed", self.tensors[name + ".weight"].T)
        return self.node("Add", self.node("MatMul", x, matrix), self.weight(name + ".bias"))

    def norm(self, x, name):
        return self.node("LayerNormalization", x, self.weight(name + ".weight"), self.weight(name + ".bias"), axis=-1, epsilon=1e-12)

    def heads(self, x, order):
        return self.node("Transpose", self.node("Reshape", x, self.shape(-1, HEADS, WIDTH // HEADS)), perm=order)

    def layer(self, x, number):
        prefix = f"encoder.layer.{number}."
        q = self.heads(self.dense(x, prefix + "attention.self.query"), [1, 0, 2])
        k = self.heads(self.dense(x, prefix + "attention.self.key"), [1, 2, 0])
        v = self.heads(self.dense(x, prefix + "attention.self.value"), [1, 0, 2])
        scale = self.weight("scale", numpy.array((WIDTH // HEADS) ** -0.5, dtype=numpy.float32))
        shares = self.node("Softmax", self.node("Mul", self.node("MatMul", q, k), scale), axis=-1)
        mixed = self.node("Reshape", self.node("Transpose", self.node("MatMul", shares, v), perm=[1, 0, 2]), self.shape(-1, WIDTH))
        x = self.norm(self.node("Add", self.dense(mixed, prefix + "attention.output.dense"), x), prefix + "attention.output.LayerNorm")
        inner = self.node("Gelu", self.dense(x, prefix + "intermediate.dense"))
        return self.norm(self.node("Add", self.dense(inner, prefix + "output.dense"), x), prefix + "output.LayerNorm")


def build(weights_folder):
    graph = Graph(read_safetensors(Path(weights_folder) / "model.safetensors"))
    words = graph.node("Gather", graph.weight("embeddings.word_embeddings.weight"), "ids")
    places = graph.node("Gather", graph.weight("embeddings.position_embeddings.weight"), "positions")
    kind = graph.weight("type", graph.tensors["embeddings.token_type_embeddings.weight"][0])
    x = graph.norm(graph.node("Add", graph.node("Add", words, places), kind), "embeddings.LayerNorm")
    for number in range(LAYERS):
        x = graph.layer(x, number)
    mean = graph.node("ReduceMean", x, graph.shape(0), keepdims=0)
    graph.nodes.append(helper.make_node("LpNormalization", [mean], ["vector"], axis=-1, p=2))
    integers = [helper.make_tensor_value_info(name, TensorProto.INT64, ["tokens"]) for name in ("ids", "positions")]
    output = helper.make_tensor_value_info("vector", TensorProto.FLOAT, [WIDTH])
    made = helper.make_graph(graph.nodes, "minilm", integers, [output], list(graph.weights.values()))
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def session(weights_folder):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(build(weights_folder).SerializeToString(), options, providers=["CPUExecutionProvider"])


def encode(running, ids):
    ids = numpy.array(ids, dtype=numpy.int64)
    return running.run(None, {"ids": ids, "positions": numpy.arange(len(ids))})[0]


def main():
    weights, texts, out = sys.argv[1:]
    from tokenizers import BertWordPieceTokenizer
    tokenizer = BertWordPieceTokenizer(str(Path(weights) / "vocab.txt"), lowercase=True)
    tokenizer.enable_truncation(256)
    running = session(weights)
    items = []
    for text in json.loads(Path(texts).read_text()):
        ids = tokenizer.encode(text).ids
        items.append({"text": text, "input_ids": ids, "embedding": [float(f"{x:.7g}") for x in encode(running, ids)]})
    lines = ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in items)
    Path(out).write_text('{"model": "all-MiniLM-L6-v2", "made_with": "bench/minilm_onnx.py",\n "items": [\n  ' + lines + "]}\n")


if __name__ == "__main__":
    main()
