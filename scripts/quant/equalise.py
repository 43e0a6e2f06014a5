"""Cross-layer equalisation: ReLU lets a positive factor through, s f(x) = f(s x), so a channel's factor can move from
one layer's weights to the next one's until both use the code range alike:

    s_c = sqrt(r1_c / r2_c),   weight1_c / s_c,  bias1_c / s_c,   weight2_c * s_c         r: largest absolute weight

Pairs run through ReLU, PReLU, pools and flattening; a depthwise layer is the second of one pair and the first of the
next.
"""
import numpy as np

from .fold import scale_inputs, scale_outputs
from .graph import ARRAY, RECURRENT

THROUGH = ("relu", "prelu", "max_pool", "avg_pool", "global_avg_pool", "reshape")
PASSES, SETTLED = 40, 0.01


def pairs(graph):
    """[(first, second, values of the second per channel of the first)]"""
    found = []
    for first in graph.layers:
        if first.op not in ARRAY:
            continue
        name = first.name
        reader = graph.only_user(name)
        while reader is not None and reader.op in THROUGH:
            name, reader = reader.name, graph.only_user(reader.name)
        if reader is None or reader.op not in ARRAY + RECURRENT:
            continue
        channels, seen = first.shape[0], graph.shape(name)[0]
        if seen % channels == 0 and (seen == channels or len(graph.shape(name)) == 1):
            found.append((first, reader, seen // channels))
    return found


def output_ranges(layer):
    weight = np.abs(layer.params["weight"])
    if layer.op == "conv2d":
        return weight.max((1, 2, 3))
    if layer.op == "conv_transpose2d":
        groups = layer.attrs["groups"]
        return weight.reshape((groups, -1) + weight.shape[1:]).max((1, 3, 4)).ravel()
    return weight.max(0)


def input_ranges(layer, channels):
    """Largest absolute weight on each of `channels` inputs."""
    if layer.op in RECURRENT:
        return np.abs(layer.params["wx"]).max(1)
    weight = np.abs(layer.params["weight"])
    if layer.op == "conv2d":
        groups = layer.attrs["groups"]
        return weight.reshape((groups, -1) + weight.shape[1:]).max((1, 3, 4)).ravel()
    if layer.op == "conv_transpose2d":
        return weight.max((1, 2, 3))
    return weight.max(1).reshape(-1, channels).max(0)


def equalise(graph):
    """Returns the number of pairs."""
    found = pairs(graph)
    for _ in range(PASSES):
        moved = 0.0
        for first, second, repeat in found:
            r1 = output_ranges(first)
            r2 = input_ranges(second, len(r1) * repeat).reshape(len(r1), repeat).max(1)
            usable = (r1 > 0) & (r2 > 0)
            s = np.ones(len(r1))
            s[usable] = np.sqrt(r1[usable] / r2[usable])
            scale_outputs(first, 1 / s)
            scale_inputs(second, np.repeat(s, repeat))
            moved = max(moved, float(np.abs(np.log(s)).max()))
        if moved < SETTLED:
            break
    return len(found)
