"""A checked network and its state dict to a package on profile witin_nn, with a report of every node.

    result = build(network, state)      Result: package, lines (one a layer), warnings, notes
"""
import dataclasses

import wpkg
from witin_checkpoint import layers_array, layers_digital
from witin_checkpoint.errors import CheckpointError
from witin_checkpoint.graph import FloatInput, Graph, Plan, Tensor
from witin_checkpoint.layers_movement import MOVES

PRODUCER = "import_witin_nn 1.0.0"
QUANTISED = {**layers_array.LAYERS, **layers_digital.LAYERS}


@dataclasses.dataclass
class Result:
    package: wpkg.Package
    lines: list
    warnings: list
    notes: list


def build(network, state, accept_initial=False):
    """CheckpointError names what cannot be mapped. accept_initial: import although every io_max is an initial value."""
    layers, plan = _read_layers(network, state)
    state.require_all_used()
    result = Result(wpkg.Package(network.name, "witin_nn", network.description, PRODUCER), [], [], [])
    _check_statistics(layers, state, result, accept_initial)
    graph = Graph(result.package, [*network.inputs, *(layer.name for layer in layers)], plan)
    values = {}
    for name, shape in network.inputs.items():
        if not plan.wanted[name]:
            raise CheckpointError(f"input {name}: no quantised layer reads it")
        graph.add_input(name, shape)
        values[name] = FloatInput(name, shape)
    for layer in layers:
        _emit(layer, graph, values, result)
    for name in network.outputs:
        if not isinstance(values[name], Tensor):
            raise CheckpointError(f"output {name} is the float input itself: no quantised layer made it")
        result.package.output(values[name].node)
    if any(len(wanted) > 1 for wanted in plan.wanted.values()):
        result.notes.append("layers quantise one network input differently: each quantisation is a package input of "
                            "its own, "
                            "and x-quantises names the network input; run --quantize-input gives all of them the same "
                            "floats")
    return result


def _read_layers(network, state):
    """The layers with their parameters as integers, and what they want of the network's inputs."""
    shapes, sources = dict(network.inputs), {name: name for name in network.inputs}
    layers, plan = [], Plan(network.inputs)
    for description in network.layers:
        inputs = [shapes[name] for name in description.inputs]
        if description.kind in MOVES:
            layer = MOVES[description.kind](description, inputs[0])
            source = sources[description.inputs[0]]
        else:
            layer, source = QUANTISED[description.kind](description, state, inputs), None
            for name, quantiser in zip(description.inputs, layer.quantisers):
                if sources[name] is not None:
                    plan.want(sources[name], quantiser, layer.name)
        shapes[layer.name], sources[layer.name] = tuple(layer.shape), source
        layers.append(layer)
    return layers, plan


def _check_statistics(layers, state, result, accept_initial):
    quantised = [layer for layer in layers if layer.layer.kind in QUANTISED]
    lost = [layer.name for layer in quantised if layer.scales.untouched and not layer.scales.trained]
    if lost and not any(layer.scales.trained for layer in quantised) and not accept_initial:
        raise CheckpointError(f"{state.where}: every io_max still has its initial value: the checkpoint lost its "
                              f"statistics "
                              f"(.train() resets them; save in eval mode after a forward pass in train mode), or pass "
                              f"--accept-initial-io-max")
    for layer in quantised:
        result.warnings += [f"{layer.name}: {text}" for text in layer.warnings]
        result.notes += [f"{layer.name}: {text}" for text in layer.notes]


def _emit(layer, graph, values, result):
    inputs = [values[name] for name in layer.layer.inputs]
    head = f"{layer.name}: {layer.layer.kind} of {', '.join(layer.layer.inputs)}"
    if layer.layer.kind in MOVES:
        values[layer.name] = _moved(layer, inputs[0], graph)
        result.lines.append(f"{head}: {list(layer.shape)}")
        return
    roles = ["x"] if len(inputs) == 1 else ["x1", "x2"]
    codes = [graph.quantised(value, quantiser, layer.name, role)
             for value, quantiser, role in zip(inputs, layer.quantisers, roles)]
    values[layer.name] = layer.emit(graph, codes)
    between = [c.node for c, value in zip(codes, inputs) if isinstance(value, Tensor) and c.node != value.node]
    result.lines.append(f"{head}: {layer.summary}" + (f"; requantised in {', '.join(between)}" if between else ""))


def _moved(move, value, graph):
    if isinstance(value, FloatInput):
        return FloatInput(value.source, move.shape, value.moves + (move,))
    return move.on_codes(graph, value, 0, move.name)
