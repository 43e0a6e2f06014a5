"""Folds what the array can carry into its weights: batch normalisation and other affine layers, and zero padding.

    affine after an array layer       weight_c' = gain_c weight_c,  bias_c' = gain_c bias_c + offset_c
    affine before one                 weight' = weight gain,  bias' = bias + weight offset; before padding only with
                                      offset = 0
    two affine layers                 one
    anything left                     a table where all channels are alike, else an array layer of its own: a 1 x 1
                                      depthwise convolution, a diagonal matrix
    padding before a convolution      its pads
"""
import numpy as np

from .graph import ARRAY, RECURRENT, Function, QuantError


def fold(graph):
    while _fold_once(graph):
        pass
    for layer in graph.layers:
        if layer.op == "affine":
            _stand_alone(graph, layer)
        if layer.op == "pad":
            raise QuantError(f"node {layer.name} (Pad): padding that no convolution follows is not supported")
    return graph


def _fold_once(graph):
    for layer in graph.layers:
        maker, reader = graph.find(layer.inputs[0]), graph.only_user(layer.name)
        if layer.op == "pad" and reader is not None and reader.op == "conv2d":
            reader.attrs["pads"] = [a + b for a, b in zip(reader.attrs["pads"], layer.attrs["pads"])]
            graph.remove(layer)
            return True
        if layer.op != "affine":
            continue
        if maker is not None and graph.only_user(maker.name) is layer and _into_maker(maker, layer):
            _take_over(graph, maker, layer)
            return True
        if reader is not None and _into_reader(graph, reader, layer):
            graph.remove(layer)
            return True
    return False


def _take_over(graph, maker, layer):
    graph.remove(layer)
    graph.notes.append(f"{layer.name} is folded into {maker.name}")


def _into_maker(maker, layer):
    gain, offset = layer.params["gain"], layer.params["offset"]
    if maker.op == "affine":
        maker.params.update(gain=maker.params["gain"] * gain, offset=maker.params["offset"] * gain + offset)
        return True
    if maker.op not in ARRAY:
        return False
    gain, offset = (np.broadcast_to(v, maker.shape[:1]) for v in (gain, offset))
    scale_outputs(maker, gain)
    maker.params["bias"] = maker.params["bias"] + offset
    return True


def scale_outputs(layer, gain):
    """Multiplies every output channel of an array layer by its gain, bias included."""
    weight = layer.params["weight"]
    if layer.op == "conv2d":
        layer.params["weight"] = weight * gain[:, None, None, None]
    elif layer.op == "conv_transpose2d":
        per_group = gain.reshape(layer.attrs["groups"], -1)
        group = np.repeat(np.arange(layer.attrs["groups"]), weight.shape[0] // layer.attrs["groups"])
        layer.params["weight"] = weight * per_group[group][:, :, None, None]
    else:
        layer.params["weight"] = weight * gain
    layer.params["bias"] = layer.params["bias"] * gain


def scale_inputs(layer, gain):
    """Multiplies what an array or recurrent layer does with every input channel by its gain; bias stays."""
    if layer.op in RECURRENT:
        layer.params["wx"] = layer.params["wx"] * gain[:, None]
        return
    weight = layer.params["weight"]
    if layer.op == "conv2d":
        per_group = gain.reshape(layer.attrs["groups"], -1)
        group = np.repeat(np.arange(layer.attrs["groups"]), weight.shape[0] // layer.attrs["groups"])
        layer.params["weight"] = weight * per_group[group][:, :, None, None]
    elif layer.op == "conv_transpose2d":
        layer.params["weight"] = weight * gain[:, None, None, None]
    else:
        layer.params["weight"] = weight * np.tile(gain, weight.shape[0] // len(gain))[:, None]


def _offset_outputs(layer, offset):
    """What a constant on every input channel adds to the outputs; None where padding makes it uneven."""
    if layer.op == "gru" or layer.op == "lstm":
        return offset @ layer.params["wx"]
    weight = layer.params["weight"]
    if layer.op == "conv2d" and not any(layer.attrs["pads"]):
        groups = layer.attrs["groups"]
        per_group = offset.reshape(groups, -1)
        group = np.repeat(np.arange(groups), weight.shape[0] // groups)
        return (weight.sum((2, 3)) * per_group[group]).sum(1)
    if layer.op == "linear" or layer.op == "tdnn" and not layer.attrs["zero_history"]:
        return np.tile(offset, weight.shape[0] // len(offset)) @ weight
    return None


def _into_reader(graph, reader, layer):
    if reader.op not in ARRAY + RECURRENT:
        return False
    channels = graph.shape(layer.inputs[0])[0]
    gain, offset = (np.broadcast_to(layer.params[k], (channels,)) for k in ("gain", "offset"))
    if offset.any():
        added = _offset_outputs(reader, offset)
        if added is None:
            return False
        key = {"gru": "bx", "lstm": "b"}.get(reader.op, "bias")
        reader.params[key] = reader.params[key] + added
    scale_inputs(reader, gain)
    graph.notes.append(f"{layer.name} is folded into {reader.name}")
    return True


def _stand_alone(graph, layer):
    if layer.params["gain"].size == 1 == layer.params["offset"].size:
        a, b = float(layer.params["gain"][0]), float(layer.params["offset"][0])
        layer.op, layer.params = "unary", {}
        layer.attrs = {"function": Function(f"{a:g} x + {b:g}", lambda x: a * x + b, (a, b))}
        return
    gain, offset = (np.broadcast_to(layer.params[k], layer.shape[:1]).copy() for k in ("gain", "offset"))
    if len(layer.shape) == 3:
        layer.op, layer.params = "conv2d", {"weight": gain[:, None, None, None], "bias": offset}
        layer.attrs = {"strides": [1, 1], "pads": [0, 0, 0, 0], "dilations": [1, 1], "groups": len(gain)}
    elif len(layer.shape) == 1:
        layer.op, layer.params = "linear", {"weight": np.diag(gain), "bias": offset}
    else:
        raise QuantError(f"node {layer.name}: constants over frames of shape {list(layer.shape)} are not supported")
    graph.notes.append(f"{layer.name} could not be folded and is an array layer of its own")
