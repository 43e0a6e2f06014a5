"""The network file: inputs, layers with the library's configuration, outputs. Format: README.md beside this file.

    network = read("network.json")     Network, every name, type, argument and field checked
"""
import dataclasses
import json
import os
import re

from witin_checkpoint import settings
from witin_checkpoint.errors import CheckpointError
from witin_checkpoint.layer_types import TYPES, check_arguments

NAME = re.compile(r"[A-Za-z0-9_./-]{1,90}")     # two of them and a colon are a name of a package
MAX_BYTES = 16 << 20


@dataclasses.dataclass(frozen=True)
class Layer:
    name: str
    kind: str           # a key of layer_types.TYPES
    inputs: tuple
    arguments: dict     # of the torch constructor, defaults filled in
    config: dict        # the library's fields, defaults filled in; empty for torch operations


@dataclasses.dataclass(frozen=True)
class Network:
    name: str
    description: str
    inputs: dict        # {name: shape without the batch axis}
    layers: tuple
    outputs: tuple


def read(path):
    """CheckpointError says where the file is wrong, by JSON pointer."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise CheckpointError(f"{path}: more than {MAX_BYTES} bytes")
    try:
        document = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_not_a_number)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, ValueError) as error:
        raise CheckpointError(f"{path}: {str(error).splitlines()[0]}") from None
    return check(document, os.path.splitext(os.path.basename(path))[0], os.path.basename(path))


def _unique(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key '{next(k for k in keys if keys.count(k) > 1)}' occurs twice")
    return result


def _not_a_number(constant):
    raise ValueError(f"{constant} is not a JSON number")


def check(document, name, where):
    """The Network that a parsed network file describes."""
    _expect(document, dict, where)
    known = {"input", "inputs", "defaults", "layers", "output", "outputs", "name", "description"}
    _no_others(document, known, where)
    inputs = _inputs(document, where)
    defaults = settings.check(_expect(document.get("defaults", {}), dict, f"{where}/defaults"), f"{where}/defaults")
    layers, names = [], set(inputs)
    for index, entry in enumerate(_expect(_required(document, "layers", where), list, f"{where}/layers")):
        layers.append(_layer(entry, f"{where}/layers/{index}", defaults, "defaults" in document, names))
    if not layers:
        raise CheckpointError(f"{where}/layers: a network has at least one layer")
    outputs = _outputs(document, where, names)
    texts = [_expect(document.get(key, other), str, f"{where}/{key}") for key, other in (("name", name),
                                                                                       ("description", ""))]
    return Network(*texts, inputs, tuple(layers), outputs)


def _required(entry, key, where):
    if key not in entry:
        raise CheckpointError(f"{where}: key '{key}' is missing")
    return entry[key]


def _expect(value, kind, where):
    if not isinstance(value, kind) or isinstance(value, bool):
        raise CheckpointError(f"{where}: expected "
                              f"{'an object' if kind is dict else 'a list' if kind is list else 'a string'}, "
                              f"found {json.dumps(value)[:60]}")
    return value


def _no_others(entry, known, where):
    for key in entry:
        if key not in known and not key.startswith("x-"):
            raise CheckpointError(f"{where}: unknown key '{key}'; known are {', '.join(sorted(known))}")


def _new_name(entry, where, names):
    name = _expect(_required(entry, "name", where), str, f"{where}/name")
    if not NAME.fullmatch(name) or {".", ".."} & set(name.split("/")):
        raise CheckpointError(f"{where}/name: '{name[:80]}' is not 1 to 90 of A-Z a-z 0-9 _ . / -, no part . or ..")
    if name in names:
        raise CheckpointError(f"{where}/name: '{name}' occurs twice")
    names.add(name)
    return name


def _inputs(document, where):
    if ("input" in document) == ("inputs" in document):
        raise CheckpointError(f"{where}: expected either 'input' or 'inputs'")
    entries = _expect(document["inputs"], list, f"{where}/inputs") if "inputs" in document else [document["input"]]
    inputs, names = {}, set()
    for index, entry in enumerate(entries):
        place = f"{where}/inputs/{index}" if "inputs" in document else f"{where}/input"
        _expect(entry, dict, place)
        _no_others(entry, {"name", "shape"}, place)
        name = _new_name(entry, place, names)
        shape = _expect(_required(entry, "shape", place), list, f"{place}/shape")
        if not 1 <= len(shape) <= 7 or not all(type(n) is int and n > 0 for n in shape):
            raise CheckpointError(f"{place}/shape: expected 1 to 7 positive extents without the batch axis, found "
                                  f"{shape}")
        inputs[name] = tuple(shape)
    if not inputs:
        raise CheckpointError(f"{where}/inputs: a network has at least one input")
    return inputs


def _layer(entry, where, defaults, has_defaults, names):
    _expect(entry, dict, where)
    kind = _expect(_required(entry, "type", where), str, f"{where}/type")
    if kind not in TYPES:
        raise CheckpointError(f"{where}/type: unknown layer type '{kind}'; known are {', '.join(TYPES)}")
    layer_type = TYPES[kind]
    sources = _expect(_required(entry, "inputs", where), list, f"{where}/inputs")
    for source in sources:
        if not isinstance(source, str) or source not in names:
            raise CheckpointError(f"{where}/inputs: {json.dumps(source)[:80]} is no input and no earlier layer")
    name = _new_name(entry, where, names)
    where = f"{where} ({name})"
    if len(sources) != layer_type.inputs:
        raise CheckpointError(f"{where}/inputs: {kind} has {layer_type.inputs} inputs, found {len(sources)}")
    given = {key: value for key, value in entry.items()
             if key not in ("name", "type", "inputs", "config") and not key.startswith("x-")}
    arguments = check_arguments(layer_type, given, where)
    config = {}
    if layer_type.quantised:
        if not has_defaults and "config" not in entry:
            raise CheckpointError(f"{where}: the layer has no config, and the file has no defaults; the checkpoint "
                                  f"does not hold widths, handle_neg_in or scales, so the network file must")
        own = settings.check(_expect(entry.get("config", {}), dict, f"{where}/config"), f"{where}/config")
        config = settings.merge(defaults, own)
        if not config["use_quantization"]:
            state = "false" if "use_quantization" in {**defaults, **own} else "not given, so false in the library"
            raise CheckpointError(f"{where}/config: use_quantization is {state}; a float layer has no integers to "
                                  f"import: set it to true")
    elif entry.get("config"):
        raise CheckpointError(f"{where}/config: {kind} is a torch operation and has no config")
    return Layer(name, kind, tuple(sources), arguments, config)


def _outputs(document, where, names):
    if ("output" in document) == ("outputs" in document):
        raise CheckpointError(f"{where}: expected either 'output' or 'outputs'")
    outputs = document["outputs"] if "outputs" in document else [document["output"]]
    if not isinstance(outputs, list) or not outputs or not all(isinstance(o, str) and o in names for o in outputs):
        raise CheckpointError(f"{where}/output: {json.dumps(outputs)[:80]} does not name layers")
    return tuple(outputs)
