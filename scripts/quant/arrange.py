"""Puts the folded network into the form the chip runs: averages as array layers, and a change of scale where values
that would share one cannot: where a recurrent layer's codes, whose scale is fixed, meet others, and in loops of
residual sums."""
import numpy as np

from .graph import RECURRENT, SAME_CODES, Layer, QuantError
from .plan import Plan, Tied


def averages_to_array(graph):
    """Average pools as depthwise convolutions of constant weights: the sum is exact, the result has its own scale."""
    for layer in graph.layers:
        if layer.op not in ("avg_pool", "global_avg_pool"):
            continue
        channels, height, width = graph.shape(layer.inputs[0])
        kernel = layer.attrs.get("kernel", [height, width])
        pads = layer.attrs.get("pads", [0, 0, 0, 0])
        if any(pads) and not layer.attrs["count_pad"]:
            raise QuantError(f"node {layer.name} (AveragePool): a mean that leaves its padding out is not supported")
        layer.params = {"weight": np.full([channels, 1] + kernel, 1 / (kernel[0] * kernel[1])),
                        "bias": np.zeros(channels)}
        layer.attrs = {"strides": layer.attrs.get("strides", [1, 1]), "pads": pads, "dilations": [1, 1],
                       "groups": channels}
        layer.op = "conv2d"


def check_averages(graph):
    """What the digital average can do."""
    for layer in graph.layers:
        if layer.op == "avg_pool" and any(layer.attrs["pads"]) and not layer.attrs["count_pad"]:
            raise QuantError(f"node {layer.name} (AveragePool): a mean that leaves its padding out is not supported")


def free_recurrent_codes(graph):
    """A rescale layer on every way from a recurrent layer into an addition or concatenation."""
    def from_recurrent(name):
        layer = graph.find(name)
        return layer is not None and (layer.op in RECURRENT or layer.op in SAME_CODES
                                      and from_recurrent(layer.inputs[0]))

    for layer in list(graph.layers):
        if layer.op in ("add", "concat"):
            for position, name in enumerate(layer.inputs):
                if from_recurrent(name):
                    insert_rescale(graph, layer, position)


def insert_rescale(graph, layer, position):
    name = layer.inputs[position]
    made = Layer(f"{layer.name}.in{position}", "rescale", [name], graph.shape(name))
    graph.layers.insert(graph.layers.index(layer), made)
    layer.inputs[position] = made.name
    return made


def untie(graph, stats, options):
    """Inserts rescale layers until every value finds a scale: where sums go round in a loop, g may not follow."""
    while True:
        try:
            Plan(graph, stats, options)
            return
        except Tied as tied:
            made = []
            for layer in [entry for entry in graph.layers if entry.op in ("add", "concat")
                          and entry.name in tied.members]:
                for position, name in enumerate(layer.inputs):
                    maker = graph.find(name)
                    if maker is None or maker.op != "rescale":
                        made.append(insert_rescale(graph, layer, position))
                        stats[made[-1].name] = stats[name]
            if not made:
                names = ", ".join(sorted(tied.members))
                raise QuantError(f"values {names} need a smaller g than the chip has") from None
