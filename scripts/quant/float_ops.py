"""Runs a float Graph in NumPy, float64. Frames lead: [frames, *shape]; in a streaming graph frames are `steps`
consecutive time steps of one sequence after another, and every sequence starts from zero state.

    run(graph, inputs, steps, observe)    observe(name, values) sees every value, and inside recurrent layers
                                          NAME/x, NAME/h (GRU: what either matrix adds to the gates), NAME/ifo,
                                          NAME/g (LSTM: gate sums), NAME/c (its cell)
"""
import numpy as np


def sigmoid(x):
    return 0.5 + 0.5 * np.tanh(0.5 * np.asarray(x, np.float64))


def run(graph, inputs, steps=1, observe=lambda name, values: None):
    """{output name: values}. Values are dropped after their last reader."""
    values = {name: np.asarray(inputs[name], np.float64) for name in graph.inputs}
    for name, data in values.items():
        observe(name, data)
    last = {name: index for index, layer in enumerate(graph.layers) for name in layer.inputs}
    for index, layer in enumerate(graph.layers):
        xs = [values[name] for name in layer.inputs]
        values[layer.name] = OPERATORS[layer.op](layer, *xs, steps=steps, observe=observe)
        observe(layer.name, values[layer.name])
        for name in set(layer.inputs):
            if last[name] == index and name not in graph.outputs:
                del values[name]
    return {name: values[name] for name in graph.outputs}


def windows(x, kernel, strides, dilations=(1, 1)):
    """[N, C, Ho, Wo, kH, kW], a view of the padded map x."""
    (kh, kw), (dh, dw) = kernel, dilations
    view = np.lib.stride_tricks.sliding_window_view(x, ((kh - 1) * dh + 1, (kw - 1) * dw + 1), axis=(2, 3))
    return view[:, :, ::strides[0], ::strides[1], ::dh, ::dw]


def padded(x, pads, value=0.0):
    top, left, bottom, right = pads
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=value)


def convolve(x, weight, strides, pads, dilations, groups):
    out, inner = weight.shape[0] // groups, weight.shape[1]
    seen = windows(padded(x, pads), weight.shape[2:], strides, dilations)
    if inner == 1:      # depthwise: every input channel has `out` kernels
        return np.einsum("nchwij,coij->ncohw", seen, weight.reshape((groups, out) + weight.shape[2:])).reshape(
            len(x), -1, *seen.shape[2:4])
    parts = [np.tensordot(seen[:, g * inner:(g + 1) * inner], weight[g * out:(g + 1) * out], ((1, 4, 5), (1, 2, 3)))
             for g in range(groups)]
    return np.moveaxis(np.concatenate(parts, axis=-1), -1, 1)


def linear(layer, x, **_):
    return x @ layer.params["weight"] + layer.params["bias"]


def conv2d(layer, x, **_):
    a = layer.attrs
    return convolve(x, layer.params["weight"], a["strides"], a["pads"], a["dilations"], a["groups"]) \
        + layer.params["bias"][:, None, None]


def conv_transpose2d(layer, x, **_):
    """Scatters every input pixel's kernel; pads cut, output_padding appends."""
    a, weight = layer.attrs, layer.params["weight"]
    (sh, sw), (dh, dw), (top, left, bottom, right) = a["strides"], a["dilations"], a["pads"]
    frames, channels, height, width = x.shape
    (kh, kw), groups, out = weight.shape[2:], a["groups"], weight.shape[1]
    inner = channels // groups
    y = np.zeros((frames, out * groups, (height - 1) * sh + dh * (kh - 1) + 1 + a["output_padding"][0],
                  (width - 1) * sw + dw * (kw - 1) + 1 + a["output_padding"][1]))
    for i in range(kh):
        for j in range(kw):
            for g in range(groups):
                part = np.tensordot(x[:, g * inner:(g + 1) * inner], weight[g * inner:(g + 1) * inner, :, i, j],
                                    ((1,), (0,)))
                y[:, g * out:(g + 1) * out, i * dh:i * dh + (height - 1) * sh + 1:sh,
                  j * dw:j * dw + (width - 1) * sw + 1:sw] += np.moveaxis(part, -1, 1)
    return y[:, :, top:y.shape[2] - bottom, left:y.shape[3] - right] + layer.params["bias"][:, None, None]


def context(x, offsets, steps):
    """[frames, len(offsets) * C]: past frames as a causal delay line of the last offset sees them, oldest first."""
    sequences = x.reshape(-1, steps, x.shape[-1])
    reach = offsets[-1] - offsets[0]
    past = np.pad(sequences, ((0, 0), (reach, 0), (0, 0)))
    return np.concatenate([past[:, o - offsets[0]:o - offsets[0] + steps] for o in offsets], -1).reshape(len(x), -1)


def tdnn(layer, x, steps, **_):
    return context(x, layer.attrs["time_offsets"], steps) @ layer.params["weight"] + layer.params["bias"]


def gru(layer, x, steps, observe):
    p, units = layer.params, layer.shape[0]
    from_x = x @ p["wx"] + p["bx"]
    sequences = from_x.reshape(-1, steps, 3 * units)
    h = np.zeros((len(sequences), units))
    states, from_h = [], []
    for t in range(steps):
        xz, xr, xn = np.split(sequences[:, t], 3, -1)
        if layer.attrs["reset_after"]:
            gates = h @ p["wh"] + p["bh"]
            hz, hr, hn = np.split(gates, 3, -1)
            z, r = sigmoid(xz + hz), sigmoid(xr + hr)
            n = np.tanh(xn + r * hn)
        else:
            zr = h @ p["wh"][:, :2 * units] + p["bh"][:2 * units]
            z, r = np.split(sigmoid(sequences[:, t, :2 * units] + zr), 2, -1)
            inner = (r * h) @ p["wh"][:, 2 * units:] + p["bh"][2 * units:]
            n = np.tanh(xn + inner)
            gates = np.concatenate([zr, inner], -1)
        h = (1 - z) * n + z * h
        states.append(h)
        from_h.append(gates)
    observe(f"{layer.name}/x", from_x)
    observe(f"{layer.name}/h", np.stack(from_h, 1).reshape(len(x), -1))
    return np.stack(states, 1).reshape(len(x), units)


def lstm(layer, x, steps, observe):
    p, units = layer.params, layer.shape[0]
    sequences = (x @ p["wx"] + p["b"]).reshape(-1, steps, 4 * units)
    h = c = np.zeros((len(sequences), units))
    sums, cells, states = [], [], []
    for t in range(steps):
        total = sequences[:, t] + h @ p["wh"]
        i, f, o = np.split(sigmoid(total[:, :3 * units]), 3, -1)
        c = f * c + i * np.tanh(total[:, 3 * units:])
        h = o * np.tanh(c)
        sums.append(total)
        cells.append(c)
        states.append(h)
    joined = lambda parts: np.stack(parts, 1).reshape(len(x), -1)
    gates = joined(sums)
    observe(f"{layer.name}/ifo", gates[:, :3 * units])
    observe(f"{layer.name}/g", gates[:, 3 * units:])
    observe(f"{layer.name}/c", joined(cells))
    return joined(states)


def along_channels(values, x):
    return values.reshape([-1] + [1] * (x.ndim - 2))


def affine(layer, x, **_):
    return x * along_channels(layer.params["gain"], x) + along_channels(layer.params["offset"], x)


def prelu(layer, x, **_):
    return np.where(x < 0, x * along_channels(layer.params["slope"], x), x)


def unary(layer, x, **_):
    return layer.attrs["function"](x)


def max_pool(layer, x, **_):
    a = layer.attrs
    return windows(padded(x, a["pads"], -np.inf), a["kernel"], a["strides"]).max((4, 5))


def avg_pool(layer, x, **_):
    a = layer.attrs
    total = windows(padded(x, a["pads"]), a["kernel"], a["strides"]).sum((4, 5))
    if a["count_pad"]:
        return total / (a["kernel"][0] * a["kernel"][1])
    return total / windows(padded(np.ones_like(x), a["pads"]), a["kernel"], a["strides"]).sum((4, 5))


def slice_(layer, x, **_):
    window = [slice(None)] * x.ndim
    for axis, start, end, step in zip(*(layer.attrs[k] for k in ("axes", "starts", "ends", "steps"))):
        window[axis + 1] = slice(start, end, step)
    return x[tuple(window)]


OPERATORS = {
    "linear": linear, "conv2d": conv2d, "conv_transpose2d": conv_transpose2d, "tdnn": tdnn, "gru": gru, "lstm": lstm,
    "affine": affine, "prelu": prelu, "unary": unary, "max_pool": max_pool, "avg_pool": avg_pool, "slice": slice_,
    "relu": lambda layer, x, **_: np.maximum(x, 0),
    "add": lambda layer, a, b, **_: a + b,
    "mul": lambda layer, a, b, **_: a * b,
    "concat": lambda layer, *xs, **_: np.concatenate(xs, layer.attrs["axis"] + 1),
    "reshape": lambda layer, x, **_: x.reshape((len(x),) + tuple(layer.attrs["shape"])),
    "permute": lambda layer, x, **_: x.transpose([0] + [a + 1 for a in layer.attrs["axes"]]),
    "rescale": lambda layer, x, **_: x,
    "pad": lambda layer, x, **_: padded(x, layer.attrs["pads"]),
    "global_avg_pool": lambda layer, x, **_: x.mean((2, 3), keepdims=True),
}
