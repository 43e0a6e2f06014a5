"""Gemm, MatMul, Conv, ConvTranspose and Tdnn: operations on the array.

Gemm and the convolutions take g from the Scale that directly follows (g = 1 / scale), Tdnn from scale_params. Biases
are in accumulator units, multiples of 128. The input's range says how negative codes are driven.
"""
import numpy as np

from onnx_dialect.graph import INT8, PN8, UINT8, Pending, refuse_attributes

MAX_WEIGHT, BIAS_UNIT, DEFAULT_BIAS_ROWS, MAX_BIAS_ROWS = 275, 128, 8, 32
MEASURED_G = (256, 8192)


def input_attributes(node, value):
    """How the array is driven: uint8, int8, or positive and negative parts."""
    if value.within(UINT8):
        return {}
    if value.within(INT8):
        return {"x_signed": True}
    if value.within(PN8):
        return {"neg_in": "pn"}
    node.refuse(f"input codes {value.range[0]}..{value.range[1]} do not fit the array, which takes -255..255")


def weights(graph, node, index):
    values = graph.integers(node, index)
    if values is None:
        node.refuse("has no weight")
    wrong = np.argwhere(np.abs(values) > MAX_WEIGHT)
    if len(wrong):
        at = tuple(int(i) for i in wrong[0])
        node.refuse(f"{node.inputs[index]}: weight {values[at]} at index {list(at)} is outside +-{MAX_WEIGHT}")
    return values


def bias_and_rows(graph, node, what, values, columns):
    """(bias [columns], attributes): the rows it needs where they are more than the default. what: "" for input 2."""
    if values is None:
        return None, {}
    what = what or node.inputs[2]
    bias = graph.whole(node, what, values).reshape(-1)
    if bias.size not in (1, columns):
        node.refuse(f"{what}: {bias.size} values for {columns} columns")
    bias = np.broadcast_to(bias, (columns,))
    broken = np.flatnonzero(bias % BIAS_UNIT)
    if len(broken):
        graph.note(node, f"{what}: {bias[broken[0]]} at index [{broken[0]}] is no multiple of {BIAS_UNIT} and cannot "
                         f"lie on the array: mode digital")
        return bias, {"mode": "digital"}
    units = bias // BIAS_UNIT
    rows = int(max(-(-units.max() // 127), -(units.min() // 128)))
    if rows > MAX_BIAS_ROWS:
        graph.note(node, f"{what}: needs {rows} bias rows, the array has {MAX_BIAS_ROWS}")
        return bias, {}
    return bias, {"bias_rows": rows} if rows > DEFAULT_BIAS_ROWS else {}


def check_g(graph, node, g):
    if not np.isfinite(g) or g < 4 or g != int(g) or int(g) & (int(g) - 1):
        node.refuse(f"g = {g:g} is not a power of two that the array can divide by")
    if not MEASURED_G[0] <= g <= MEASURED_G[1]:
        graph.note(node, f"g = {int(g)} is outside {MEASURED_G[0]}..{MEASURED_G[1]}, the divisors the chip has")
    return int(g)


def _defer(graph, node, op, shape, inputs, tensors, attributes):
    """Leaves the node to the Scale that reads it; without one the default g."""
    def emit(g, source, name=None):
        return graph.add(node, op, inputs, shape, INT8, tensors, {"g": g, **attributes}, source, name)

    output = node.outputs[0]
    readers = graph.model.users.get(output, [])
    if any(reader.op == "Scale" for reader in readers):
        if output in graph.model.outputs:
            node.refuse(f"output {output} is read by a Scale as well; its own divisor is not told")
        graph.values[output] = Pending(emit, {})
        return
    graph.note(node, f"no Scale follows: g = {graph.default_g}")
    emit(graph.default_g, output)


def scale_of_array(graph, node, pending):
    """Scale directly after an array operation: g = 1 / scale."""
    scale = float(node.get("scale", 0))
    g = check_g(graph, node, round(1 / scale) if scale > 0 else 0)
    if g not in pending.value:
        pending.value[g] = pending.emit(g, node.outputs[0], node.name if pending.value else None)
    graph.values[node.outputs[0]] = pending.value[g]


def gemm(graph, node):
    refuse_attributes(node, transA=0, alpha=1.0, beta=1.0)
    value, matrix = graph.input(node), weights(graph, node, 1)
    if node.get("transB", 0):
        matrix = matrix.T
    if matrix.ndim != 2 or value.shape != [matrix.shape[0]]:
        node.refuse(f"input {value.shape} and weight {list(matrix.shape)} do not fit")
    bias, rows = bias_and_rows(graph, node, "", graph.constant(node, 2), matrix.shape[1])
    _defer(graph, node, "linear", [matrix.shape[1]], [value], {"weight": matrix, "bias": bias},
           {**input_attributes(node, value), **rows})


def matmul(graph, node):
    if graph.is_constant(node, 1):
        gemm(graph, node)
        return
    left, right = graph.input(node, 0), graph.input(node, 1)
    if len(left.shape) < 2 or len(right.shape) != len(left.shape) or left.shape[-1] != right.shape[-2]:
        node.refuse(f"inputs {left.shape} and {right.shape} are no matrices that fit each other")
    if left.time or right.time:
        node.refuse("W is time, one column a frame, which cannot be mixed")
    batch = [max(a, b) for a, b in zip(left.shape[:-2], right.shape[:-2])]
    if any(a not in (1, n) or b not in (1, n) for a, b, n in zip(left.shape, right.shape, batch)):
        node.refuse(f"inputs {left.shape} and {right.shape} do not fit each other")
    graph.note(node, "of two computed values: the chip's own arithmetic is not known, the array's output rule assumed")
    _defer(graph, node, "matmul", batch + [left.shape[-2], right.shape[-1]], [left, right], {}, {})


def _window(graph, node, kernel, value):
    """strides, pads [top, left, bottom, right], dilations of a convolution."""
    pads = node.get("pads", [0, 0, 0, 0])
    if pads == "SAME":
        pads = [(kernel[0] - 1) // 2, (kernel[1] - 1) // 2, kernel[0] // 2, kernel[1] // 2]
    if len(pads) == 2:
        pads = [pads[0], pads[1], pads[0], pads[1]]
    strides, dilations = node.get("strides", [1, 1]), node.get("dilations", [1, 1])
    refuse_attributes(node, auto_pad="NOTSET")
    if list(node.get("kernel_shape", kernel)) != list(kernel):
        graph.note(node, f"kernel_shape {node.get('kernel_shape')} is not the weight's {list(kernel)}, which is used")
    if len(value.shape) != 3 or len(pads) != 4 or min(pads) < 0 or len(strides) != 2 or len(dilations) != 2:
        node.refuse(f"input {value.shape}, pads {pads}, strides {strides}: only 2-D convolutions are mapped")
    if min(strides) < 1 or min(dilations) < 1:
        node.refuse(f"strides {strides} and dilations {dilations} have to be positive")
    return strides, list(pads), dilations


def _in_time(node, value, kernel, strides, pads, dilations, transposed):
    """Whether the kernel looks at other frames; checks that W stays one column a frame."""
    if not value.time:
        return False
    reach = dilations[1] * (kernel[1] - 1)
    if strides[1] != 1:
        node.refuse(f"W is time, which a stride of {strides[1]} would thin out")
    if not transposed and pads[1] + pads[3] != reach or transposed and pads[1] + pads[3] > reach:
        node.refuse(f"W is time: {pads[1]} and {pads[3]} columns of padding for a reach of {reach} do not give one "
                    f"column a frame")
    return reach > 0


def conv(graph, node):
    value, kernel = graph.input(node), weights(graph, node, 1)
    groups = node.get("group", 1)
    if kernel.ndim != 4:
        node.refuse(f"weight {list(kernel.shape)} is not [O, I, kH, kW]")
    strides, pads, dilations = _window(graph, node, kernel.shape[2:], value)
    if groups < 1 or value.shape[0] != kernel.shape[1] * groups or kernel.shape[0] % groups:
        node.refuse(f"input {value.shape}, weight {list(kernel.shape)} and group {groups} do not fit")
    streaming = _in_time(node, value, kernel.shape[2:], strides, pads, dilations, False)
    size = [value.shape[1] + pads[0] + pads[2], 1 + dilations[1] * (kernel.shape[3] - 1) if value.time
            else value.shape[2] + pads[1] + pads[3]]
    size = [(n - d * (k - 1) - 1) // s + 1 for n, d, k, s in zip(size, dilations, kernel.shape[2:], strides)]
    if min(size) < 1:
        node.refuse(f"kernel {list(kernel.shape[2:])} is larger than the padded input {value.shape}")
    bias, rows = bias_and_rows(graph, node, "", graph.constant(node, 2), kernel.shape[0])
    _defer(graph, node, "conv2d", [kernel.shape[0]] + size, [value], {"weight": kernel, "bias": bias},
           {"strides": strides, "pads": pads, "dilations": dilations, "groups": groups if groups != 1 else None,
            "streaming": streaming or None, **input_attributes(node, value), **rows})


def conv_transpose(graph, node):
    value, kernel = graph.input(node), weights(graph, node, 1)
    groups = node.get("group", 1)
    if kernel.ndim != 4:
        node.refuse(f"weight {list(kernel.shape)} is not [I, O, kH, kW]")
    strides, pads, dilations = _window(graph, node, kernel.shape[2:], value)
    refuse_attributes(node, output_shape=None)
    extra = list(node.get("output_padding", [0, 0]))[:2]
    if groups < 1 or value.shape[0] != kernel.shape[0] or kernel.shape[0] % groups:
        node.refuse(f"input {value.shape}, weight {list(kernel.shape)} and group {groups} do not fit")
    streaming = _in_time(node, value, kernel.shape[2:], strides, pads, dilations, True)
    axes = zip(value.shape[1:], strides, pads[:2], pads[2:], dilations, kernel.shape[2:], extra)
    size = [(n - 1) * s - a - b + d * (k - 1) + e + 1 for n, s, a, b, d, k, e in axes]
    if value.time:
        size[1] = 1
    if min(size) < 1:
        node.refuse(f"pads {pads} leave nothing of the output")
    columns = kernel.shape[1] * groups
    bias, rows = bias_and_rows(graph, node, "", graph.constant(node, 2), columns)
    _defer(graph, node, "conv_transpose2d", [columns] + size, [value], {"weight": kernel, "bias": bias},
           {"strides": strides, "pads": pads, "output_padding": extra, "dilations": dilations,
            "groups": groups if groups != 1 else None, "streaming": streaming or None,
            **input_attributes(node, value), **rows})


def tdnn(graph, node):
    value, matrix = graph.input(node), weights(graph, node, 1)
    for name in ("time_offsets", "scale_params"):
        if node.get(name) is None:
            node.refuse(f"attribute {name} is missing")
    offsets = graph.whole(node, "time_offsets", node.get("time_offsets")).reshape(-1).tolist()
    if len(value.shape) != 1 or matrix.ndim != 2 or matrix.shape[0] != value.shape[0] * len(offsets):
        node.refuse(f"input {value.shape}, {len(offsets)} offsets and weight {list(matrix.shape)} do not fit")
    if len(set(offsets)) != len(offsets):
        node.refuse(f"time_offsets {offsets} repeat")
    order = np.argsort(offsets, kind="stable")
    matrix = matrix.reshape(len(offsets), value.shape[0], -1)[order].reshape(matrix.shape)
    columns = matrix.shape[1]
    bias, rows = bias_and_rows(graph, node, "bias_params", node.get("bias_params"), columns)
    graph.add(node, "tdnn", [value], [columns], INT8, {"weight": matrix, "bias": bias},
              {"time_offsets": sorted(offsets), "g": check_g(graph, node, float(node.get("scale_params"))),
               **input_attributes(node, value), **rows})


OPERATORS = {"Gemm": gemm, "MatMul": matmul, "Conv": conv, "ConvTranspose": conv_transpose, "Tdnn": tdnn}
