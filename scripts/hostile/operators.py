"""What is wrong with a node: its tensors, its attributes, the shapes that follow from them."""
import numpy as np

from hostile.archive import archive, network


def package(op, shape, arrays=None, attributes=None, inputs=("x",), **keys):
    """One node of that operator on the input x."""
    node = {"name": "y", "op": op, "inputs": list(inputs)}
    if arrays:
        node["tensors"] = {role: role for role in arrays}
    if attributes:
        node["attributes"] = attributes
    return archive(network([node], [{"name": "x", "shape": list(shape)}], **keys), arrays or {}).bytes()


def linear(weight=None, attributes=None, op="linear", shape=None, dtype=np.int8, **tensors):
    weight = np.ones((4, 2), dtype) if weight is None else np.asarray(weight, dtype)
    arrays = {"weight": weight, **{k: np.asarray(v, np.int32) for k, v in tensors.items()}}
    return package(op, shape or [4], arrays, {"g": 1024, **(attributes or {})})


def convolution(attributes=None, weight=(4, 2, 3, 3), shape=(2, 5, 5), op="conv2d"):
    return package(op, shape, {"weight": np.ones(weight, np.int8)}, {"g": 1024, **(attributes or {})})


def lut(length):
    return package("lut", [4], {"table": np.zeros(length, np.int8)})


def pool(**attributes):
    return package("max_pool", [1, 4, 4], None, {"kernel": [2, 2], **attributes})


def lstm(gate_entries=256, hidden=2):
    ones = np.ones
    arrays = {"weight_ifo": ones((6, 3 * hidden), np.int8), "weight_c": ones((6, hidden), np.int8),
              "table_gate": ones(gate_entries, np.int8), "table_cell": ones(256, np.int8),
              "table_output": ones(256, np.int8)}
    return package("lstm", [4], arrays, {"g_ifo": 1024, "g_c": 1024})


def wide(rows):
    """A layer of that many rows on 12-bit codes, which the training library's profile allows."""
    return package("linear", [rows], {"weight": np.full((rows, 1), -128, np.int8)},
                   {"g": 1024, "x_bits": 12, "split": False}, arithmetic="witin_nn")


def outer():
    """A small file with a large frame: [20000] x [20000, 1] broadcast to 400 million values."""
    nodes = [{"name": "column", "op": "reshape", "inputs": ["x"], "attributes": {"shape": [20000, 1]}},
             {"name": "square", "op": "mul", "inputs": ["x", "column"]}]
    return archive(network(nodes, [{"name": "x", "shape": [20000], "signed": True}])).bytes()


def cases():
    scalar = np.ones
    return [
        ("node_unknown", "unknown operator", package("sigmoid", [4]), "node.unknown_operator"),
        ("node_no_weight", "missing tensor", package("linear", [4], None, {"g": 8}), "tensor.missing"),
        ("node_unknown_role", "unknown tensor", package("relu", [4], {"weight": scalar(4, np.int8)}), "tensor.unknown"),
        ("node_unknown_attribute", "unknown keys", package("relu", [4], None, {"slope": 1}), "attribute.unknown"),
        ("node_two_inputs", "wrong number of inputs", package("relu", [4], inputs=("x", "x")), "node.inputs"),
        ("node_weight_rank", "wrong ranks", linear(np.ones(8)), "tensor.rank"),
        ("node_weight_shape", "wrong shapes", linear(np.ones((5, 2))), "tensor.shape"),
        ("node_bias_shape", "wrong shapes", linear(bias=[0, 0, 0]), "tensor.shape"),
        ("node_input_rank", "wrong ranks", convolution(shape=(5, 5)), "node.shape"),
        ("node_channels", "wrong shapes", convolution(shape=(3, 5, 5)), "tensor.shape"),
        ("node_weight_float", "dtype not allowed", linear(dtype=np.float32), "tensor.dtype"),
        ("node_g_missing", "missing divisor", package("linear", [4], {"weight": scalar((4, 2), np.int8)}),
         "output_rule.missing"),
        ("node_g_0", "g <= 0", linear(attributes={"g": 0}), "attribute.range"),
        ("node_g_negative", "g <= 0", linear(attributes={"g": -1024}), "attribute.range"),
        ("node_g_text", "wrong types", linear(attributes={"g": "1024"}), "attribute.type"),
        ("node_g_and_divisor", "contradictory attributes", linear(attributes={"divisor": 8.0, "multiplier": 1.0}),
         "output_rule.both"),
        ("node_stride_0", "stride 0", convolution({"strides": [0, 1]}), "attribute.range"),
        ("node_pool_stride_0", "stride 0", pool(strides=[1, 0]), "attribute.range"),
        ("node_strides_1", "wrong number of values", convolution({"strides": [1]}), "attribute.count"),
        ("node_dilation_0", "dilation 0", convolution({"dilations": [1, 0]}), "attribute.range"),
        ("node_pads_negative", "negative pads", convolution({"pads": [-1, 0, 0, 0]}), "attribute.range"),
        ("node_pads_huge", "a frame of too many values", convolution({"pads": [1 << 62] * 4}), "attribute.range"),
        ("node_stride_huge", "a frame of too many values",
         convolution({"strides": [1 << 62, 1 << 62]}, (2, 4, 3, 3), op="conv_transpose2d"), "attribute.range"),
        ("node_groups", "groups that do not divide", convolution({"groups": 3}), "attribute.value"),
        ("node_groups_0", "groups that do not divide", convolution({"groups": 0}), "attribute.range"),
        ("node_kernel", "kernel larger than the padded input", convolution(weight=(4, 2, 6, 3)), "node.shape"),
        ("node_pool_kernel", "kernel larger than the padded input", pool(kernel=[5, 1]), "pool.kernel"),
        ("node_pool_kernel_0", "kernel 0", pool(kernel=[0, 1]), "attribute.range"),
        ("node_table_255", "table of the wrong length", lut(255), "tensor.length"),
        ("node_gate_512", "table of the wrong length", lstm(512), "tensor.shape"),
        ("node_recurrent_shape", "wrong shapes", lstm(hidden=3), "tensor.shape"),
        ("node_weight_276", "weight outside its range", linear(np.full((4, 2), 276), dtype=np.int16), "tensor.range"),
        ("node_weight_minus_276", "weight outside its range", linear(np.full((4, 2), -276), dtype=np.int16),
         "tensor.range"),
        ("node_bias_127", "bias that the profile cannot represent", linear(bias=[0, 127]), "tensor.bias"),
        ("node_bias_rows", "bias that the profile cannot represent",
         linear(attributes={"bias_rows": 1}, bias=[0, 128 * 128]), "tensor.bias"),
        ("node_accumulator", "K so large that the accumulator can pass 2^31", wide(4099), "node.accumulator"),
        ("node_array_rows", "K larger than the array", linear(np.ones((2049, 1)), shape=[2049]), "node.array_rows"),
        ("node_k_split", "contradictory attributes", linear(attributes={"k_split": [4, 4, -4]}), "attribute.range"),
        ("node_reshape", "wrong shapes", package("reshape", [4], None, {"shape": [3, -1]}), "reshape.elements"),
        ("node_reshape_overflow", "product of the shape overflowing",
         package("reshape", [4], None, {"shape": [1 << 32, 1 << 32, 4]}), "reshape.elements"),
        ("node_permute", "axes that repeat", package("permute", [2, 2], None, {"axes": [0, 0]}), "axis.repeated"),
        ("node_axis", "axis that is not there", package("softmax", [4], {"exp_table": scalar(256, np.float32)},
                                                       {"axis": 1}), "axis.range"),
        ("node_slice_step_0", "step 0", package("slice", [4], None, {"starts": [0], "ends": [4], "steps": [0]}),
         "attribute.range"),
        ("node_slice_empty", "wrong shapes", package("slice", [4], None, {"starts": [3], "ends": [1]}),
         "slice.empty"),
        ("node_frame_400m", "a frame of too many values", outer(), "node.frame_size"),
    ]
