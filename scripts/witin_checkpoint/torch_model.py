"""A torch model whose modules carry the library's configuration, as a network file. The only part that needs torch.

The model is traced with torch.fx and run once on zeros for its shapes, in eval mode. Modules are known by the name of
their class (WitinLinear, ...), so witin_nn itself need not be there; their `layer_config` gives the configuration.
"""
import importlib
import operator
import os
import sys

from witin_checkpoint import settings
from witin_checkpoint.checkpoint import State
from witin_checkpoint.errors import CheckpointError
from witin_checkpoint.layer_types import TYPES

try:
    import torch
    import torch.fx
except ImportError:
    raise CheckpointError("--model needs torch (python3-torch); a network file does without") from None

KINDS = {t.library_class: t for t in TYPES.values() if t.quantised}
BATCH = 2
IGNORED_MODULES = (torch.nn.Identity, torch.nn.Dropout, torch.nn.Dropout2d)
RELU = {torch.relu, torch.nn.functional.relu, "relu"}
SAME = {"contiguous", "clone", "detach"}
SHAPING = {torch.flatten, torch.reshape, torch.squeeze, torch.unsqueeze, "flatten", "reshape", "view", "squeeze",
           "unsqueeze"}
SIZES = {"size", "dim", getattr, operator.mul, operator.floordiv, operator.add, operator.sub}


def make(reference):
    """The model of "module:factory", in eval mode. The factory is the user's code and is executed."""
    module_name, _, factory_name = reference.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        factory = getattr(importlib.import_module(module_name), factory_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise CheckpointError(f"--model {reference}: {error}; expected MODULE:FACTORY importable from here") from None
    finally:
        sys.path.pop(0)
    model = factory()
    if not isinstance(model, torch.nn.Module):
        raise CheckpointError(f"--model {reference}: the factory made a {type(model).__name__}, expected a "
                              f"torch.nn.Module")
    return model.eval()


def state_of(model, where):
    return State({key: value.detach().cpu().numpy() for key, value in model.state_dict().items()}, where)


def describe(model, shapes, where):
    """(document, name, where) for network.check()."""
    try:
        graph = _Tracer().trace(model)
        placeholders = [node for node in graph.nodes if node.op == "placeholder"]
        if len(placeholders) != len(shapes):
            raise CheckpointError(f"{where}: the model has {len(placeholders)} inputs, --input-shape was given "
                                  f"{len(shapes)} times")
        recorder = _Recorder(torch.fx.GraphModule(model, graph))
        with torch.no_grad():
            recorder.run(*(torch.zeros((BATCH, *shape)) for shape in shapes))
    except CheckpointError:
        raise
    except Exception as error:
        raise CheckpointError(f"{where}: the model cannot be traced ({type(error).__name__}: "
                              f"{str(error).splitlines()[0]}); describe it in a network file instead") from None
    description = _Description(model, recorder.results, where)
    for node in graph.nodes:
        description.add(node)
    description.document["inputs"] = [{"name": node.name, "shape": list(shape)} for node,
                                      shape in zip(placeholders, shapes)]
    return description.document, where.partition(":")[2], where


class _Tracer(torch.fx.Tracer):
    def is_leaf_module(self, module, qualified_name):
        return _kind(module) is not None or super().is_leaf_module(module, qualified_name)


class _Recorder(torch.fx.Interpreter):
    """Keeps what every node gives."""

    def __init__(self, module):
        super().__init__(module)
        self.results = {}

    def run_node(self, node):
        self.results[node] = super().run_node(node)
        return self.results[node]


def _kind(module):
    for cls in type(module).__mro__:
        if cls.__name__ in KINDS:
            return KINDS[cls.__name__]
    return None


class _Description:
    """The document, and which layer each traced tensor is."""

    def __init__(self, model, results, where):
        self.document = {"layers": []}
        self.modules, self.results, self.where = dict(model.named_modules()), results, where
        self.layers, self.names = {}, set(self.modules)

    def refuse(self, node, message):
        raise CheckpointError(f"{self.where}: {node.target if isinstance(node.target, str) else node.name}: {message}")

    def shape(self, node):
        """Of a traced tensor, without the batch."""
        shape = tuple(self.results[node].shape)
        if not shape or shape[0] != BATCH:
            self.refuse(node, f"shape {list(shape)} of a batch of {BATCH}: the batch does not come first")
        return list(shape[1:])

    def layer(self, name, kind, inputs, **entries):
        self.document["layers"].append({"name": name, "type": kind, "inputs": inputs, **entries})
        return name

    def fresh(self, name):
        while name in self.names:
            name += "_"
        self.names.add(name)
        return name

    def source(self, node, argument):
        if not isinstance(argument, torch.fx.Node) or argument not in self.layers:
            self.refuse(node, "an input is not a tensor of the network")
        return self.layers[argument]

    def add(self, node):
        if node.op == "placeholder":
            self.layers[node] = node.name
            self.names.add(node.name)
        elif node.op == "output":
            outputs = node.args[0] if isinstance(node.args[0], (tuple, list)) else [node.args[0]]
            self.document["outputs"] = [self.source(node, output) for output in outputs]
        elif node.op == "call_module":
            self.layers[node] = self.add_module(node, self.modules[node.target])
        elif isinstance(self.results[node], torch.Tensor) and node.op in ("call_function", "call_method"):
            self.layers[node] = self.add_operation(node)
        elif node.op == "get_attr" or node.target not in SIZES | {operator.getitem}:
            self.refuse(node, f"{node.op} {getattr(node.target, '__name__', node.target)} has no counterpart")

    def add_module(self, node, module):
        inputs = [self.source(node, argument) for argument in node.args]
        if isinstance(module, IGNORED_MODULES):
            return inputs[0]
        kind = _kind(module)
        if kind is not None:
            if any(layer["name"] == node.target for layer in self.document["layers"]):
                self.refuse(node, "the module is used twice; give each use a module of its own")
            return self.layer(node.target, kind.name, inputs, config=self.config(node, module),
                              **_arguments(kind, module))
        if isinstance(module, torch.nn.ReLU):
            return self.layer(node.target, "relu", inputs)
        if isinstance(module, torch.nn.Flatten):
            return self.layer(node.target, "reshape", inputs, shape=self.shape(node))
        if isinstance(module, torch.nn.MaxPool2d):
            return self.layer(node.target, "max_pool2d", inputs, **_arguments(TYPES["max_pool2d"], module))
        self.refuse(node, f"{type(module).__name__} is neither a layer of the library nor exact on codes")

    def config(self, node, module):
        config = getattr(module, "layer_config", None)
        if config is None:
            self.refuse(node, f"the {type(module).__name__} carries no layer_config")
        found = {}
        for key in settings.DEFAULTS:
            value = config.get(key) if isinstance(config, dict) else getattr(config, key, None)
            if value is not None and key not in settings.FREE:
                found[key] = _plain(value)
        return found

    def add_operation(self, node):
        target, first = node.target, self.source(node, node.args[0])
        name = self.fresh(node.name)
        if target in RELU:
            return self.layer(name, "relu", [first])
        if target in SAME:
            return first
        if target in SHAPING:
            return self.layer(name, "reshape", [first], shape=self.shape(node))
        if target in (torch.permute, torch.transpose, "permute", "transpose"):
            return self.layer(name, "permute", [first], dims=self.permutation(node))
        if target is torch.nn.functional.max_pool2d or getattr(target, "__name__", "") in ("max_pool2d",
                                                                                           "boolean_dispatch"):
            given = dict(zip(("kernel_size", "stride", "padding", "dilation", "ceil_mode"), node.args[1:]))
            given.update({k: v for k, v in node.kwargs.items() if k != "return_indices"})
            return self.layer(name, "max_pool2d", [first], **{k: _plain(v) for k, v in given.items() if v is not None})
        if target is operator.getitem:
            return self.slices(node, name, first)
        self.refuse(node, f"{getattr(target, '__name__', target)} is not exact on codes; use the library's layer for "
                          f"it")

    def permutation(self, node):
        rank = self.results[node.args[0]].dim()
        dims = [self.results.get(a, a) if isinstance(a, torch.fx.Node) else a for a in node.args[1:]]
        dims = list(dims[0]) if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
        dims = dims or list(node.kwargs.get("dims", ())) or [node.kwargs["dim0"], node.kwargs["dim1"]]
        if node.target in (torch.transpose, "transpose"):
            order = list(range(rank))
            a, b = (d % rank for d in dims)
            order[a], order[b] = order[b], order[a]
            return order
        return [d % rank for d in dims]

    def slices(self, node, name, source):
        """x[...] as one slice layer for each cut dimension, and a reshape where an index takes a dimension away."""
        items = node.args[1] if isinstance(node.args[1], tuple) else (node.args[1],)
        rank = self.results[node.args[0]].dim()
        if Ellipsis in items:
            at = items.index(Ellipsis)
            items = items[:at] + (slice(None),) * (rank - len(items) + 1) + items[at + 1:]
        for dim, item in enumerate(items):
            if isinstance(item, int):
                item = slice(item, item + 1 or None)
            if not isinstance(item, slice) or any(isinstance(v, torch.fx.Node) for v in (item.start, item.stop,
                                                                                         item.step)):
                self.refuse(node, f"index {item} is not a constant slice")
            if item.start or item.stop is not None or item.step not in (None, 1):
                source = self.layer(self.fresh(f"{name}_{dim}"), "slice", [source], dim=dim, start=item.start,
                                    end=item.stop, step=item.step or 1)
        return self.layer(self.fresh(f"{name}_shape"), "reshape", [source], shape=self.shape(node)) \
            if any(isinstance(item, int) for item in items) else source


def _arguments(kind, module):
    """The constructor's arguments that the module remembers."""
    found = {key: _plain(getattr(module, key)) for key in kind.arguments if key != "bias" and hasattr(module, key)}
    if "bias" in kind.arguments:
        found["bias"] = getattr(module, "bias", None) is not None
    return found


def _plain(value):
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().tolist()
    if hasattr(value, "name") and hasattr(value, "value"):      # an enumeration's member
        return value.name
    return list(value) if isinstance(value, tuple) else value
