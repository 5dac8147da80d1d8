"""Times onnxruntime on the weights of one of our bundles, at the shapes of `cargo bench --bench encoder`.

    python3 -m pip install onnx onnxruntime transformers safetensors numpy
    python3 eval/speed/peer_onnx.py models/default target/onnx

Writes the graph with the `onnx` helpers, node by node as PyTorch would export it (no framework is needed), runs it through onnxruntime's own transformers optimizer and then its dynamic int8
quantisation per channel, checks that the optimizer changed nothing, and prints the tenth percentile of the time of a call for each, milliseconds.
Token ids are random: no text is involved. Threads: `--threads`, default 2.
"""

import argparse
import json
import pathlib
import time

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from safetensors.numpy import load_file

SHAPES = [(1, 16), (1, 64), (1, 128), (8, 64), (32, 64), (32, 128), (4, 512)]


class Graph:
    """Nodes and constants of a graph in the making."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, name, values):
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def node(self, kind, *inputs, **attributes):
        self.count += 1
        out = f"{kind}_{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], name=out, **attributes))
        return out

    def linear(self, x, name, weight, bias):
        product = self.node("MatMul", x, self.constant(f"{name}.weight", numpy.ascontiguousarray(weight.T)))
        return self.node("Add", self.constant(f"{name}.bias", bias), product)


def export(config, weights, path):
    g = Graph()
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    size = hidden // heads
    at = lambda name: weights[name] if name in weights else weights[f"bert.{name}"]
    number = lambda name, value: g.constant(name, numpy.array(value, dtype=numpy.float32))
    ints = lambda name, value: g.constant(name, numpy.array(value, dtype=numpy.int64))
    two, half, one = number("two", 2.0), number("half", 0.5), number("one", 1.0)
    root2, scale = number("root2", 2.0**0.5), number("scale", size**0.5)
    epsilon = number("epsilon", max(config["layer_norm_eps"], 1e-12))
    split, joined = ints("split", [0, 0, heads, size]), ints("joined", [0, 0, hidden])

    def norm(x, name):
        mean = g.node("ReduceMean", x, axes=[-1])
        away = g.node("Sub", x, mean)
        variance = g.node("ReduceMean", g.node("Pow", away, two), axes=[-1])
        unit = g.node("Div", away, g.node("Sqrt", g.node("Add", variance, epsilon)))
        scaled = g.node("Mul", unit, g.constant(f"{name}.weight", at(f"{name}.weight")))
        return g.node("Add", scaled, g.constant(f"{name}.bias", at(f"{name}.bias")))

    word = g.constant("word", at("embeddings.word_embeddings.weight"))
    position = g.constant("position", at("embeddings.position_embeddings.weight"))
    kind = g.constant("kind", at("embeddings.token_type_embeddings.weight"))
    length = g.node("Gather", g.node("Shape", "input_ids"), ints("axis", 1), axis=0)
    places = g.node("Range", ints("zero", 0), length, ints("step", 1))
    x = g.node("Gather", word, "input_ids", axis=0)
    x = g.node("Add", x, g.node("Gather", kind, "token_type_ids", axis=0))
    x = g.node("Add", x, g.node("Gather", position, places, axis=0))
    x = norm(x, "embeddings.LayerNorm")
    mask = g.node("Unsqueeze", "attention_mask", ints("first", [1]))
    mask = g.node("Unsqueeze", mask, ints("second", [2]))
    mask = g.node("Cast", mask, to=TensorProto.FLOAT)
    mask = g.node("Mul", g.node("Sub", one, mask), number("far", -10000.0))
    for i in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{i}"
        part = {}
        for name in ["query", "key", "value"]:
            full = f"{layer}.attention.self.{name}"
            y = g.linear(x, full, at(f"{full}.weight"), at(f"{full}.bias"))
            y = g.node("Reshape", y, split)
            part[name] = g.node("Transpose", y, perm=[0, 2, 3, 1] if name == "key" else [0, 2, 1, 3])
        scores = g.node("Div", g.node("MatMul", part["query"], part["key"]), scale)
        shares = g.node("Softmax", g.node("Add", scores, mask), axis=-1)
        context = g.node("Transpose", g.node("MatMul", shares, part["value"]), perm=[0, 2, 1, 3])
        context = g.node("Reshape", context, joined)
        full = f"{layer}.attention.output"
        y = g.linear(context, f"{full}.dense", at(f"{full}.dense.weight"), at(f"{full}.dense.bias"))
        x = norm(g.node("Add", y, x), f"{full}.LayerNorm")
        full = f"{layer}.intermediate.dense"
        y = g.linear(x, full, at(f"{full}.weight"), at(f"{full}.bias"))
        erf = g.node("Add", g.node("Erf", g.node("Div", y, root2)), one)
        y = g.node("Mul", g.node("Mul", y, erf), half)
        full = f"{layer}.output"
        y = g.linear(y, f"{full}.dense", at(f"{full}.dense.weight"), at(f"{full}.dense.bias"))
        x = norm(g.node("Add", y, x), f"{full}.LayerNorm")
    g.nodes[-1].output[0] = "states"
    ids = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ["input_ids", "attention_mask", "token_type_ids"]
    ]
    states = helper.make_tensor_value_info("states", TensorProto.FLOAT, ["batch", "tokens", hidden])
    graph = helper.make_graph(g.nodes, "encoder", ids, [states], g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def read_weights(path):
    """In f32, as onnxruntime gets them; a word table in 8 bits is widened (models/README.md)."""
    held = load_file(path)
    weights = {name: values.astype(numpy.float32) for name, values in held.items()}
    table = "embeddings.word_embeddings.weight"
    if f"{table}_u8" in weights:
        weights[table] = (weights.pop(f"{table}_u8") - 128) * weights.pop(f"{table}_scale")[:, None]
    return weights


def session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def feed(config, batch, tokens):
    ids = numpy.random.default_rng(7).integers(0, config["vocab_size"], (batch, tokens), dtype=numpy.int64)
    return {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}


def milliseconds(call, seconds):
    call()
    began, times = time.perf_counter(), []
    while time.perf_counter() - began < seconds or len(times) < 5:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * float(numpy.quantile(times, 0.1))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("bundle", type=pathlib.Path)
    arguments.add_argument("out", type=pathlib.Path)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--seconds", type=float, default=1.5, help="for each shape and model")
    given = arguments.parse_args()
    config = json.loads((given.bundle / "config.json").read_text())
    given.out.mkdir(parents=True, exist_ok=True)
    paths = {name: given.out / f"{name}.onnx" for name in ["plain", "f32", "int8"]}
    if not paths["int8"].exists():
        weights = read_weights(given.bundle / "model.safetensors")
        export(config, weights, paths["plain"])
        made = optimizer.optimize_model(
            str(paths["plain"]), "bert", opt_level=0, num_heads=config["num_attention_heads"], hidden_size=config["hidden_size"]
        )
        print("fused:", {k: v for k, v in made.get_fused_operator_statistics().items() if v}, flush=True)
        made.save_model_to_file(str(paths["f32"]))
        options = {"DefaultTensorType": TensorProto.FLOAT}
        quantize_dynamic(
            paths["f32"], paths["int8"], per_channel=True, weight_type=QuantType.QInt8, extra_options=options
        )
    sessions = {name: session(path, given.threads) for name, path in paths.items()}
    print("shape\tplain\tf32\tint8\t(milliseconds; onnxruntime", onnxruntime.__version__ + ")")
    for batch, tokens in SHAPES:
        inputs = feed(config, batch, tokens)
        plain, fused = (sessions[name].run(None, inputs)[0] for name in ["plain", "f32"])
        assert numpy.abs(plain - fused).max() < 1e-3, "the optimizer changed the results"
        times = [milliseconds(lambda s=s: s.run(None, inputs), given.seconds) for s in sessions.values()]
        print(f"{batch}x{tokens}", *(f"{t:.2f}" for t in times), sep="\t", flush=True)


if __name__ == "__main__":
    main()
