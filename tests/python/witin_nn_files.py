"""Checkpoints and network files for the tests: a small valid pair, and torch's zip format written by hand."""
import collections
import copy
import io
import json
import os
import pickle
import zipfile

import numpy as np

DOCUMENT = {
    "input": {"name": "in", "shape": [2, 4, 4]},
    "defaults": {"use_quantization": True, "handle_neg_in": "PN"},
    "layers": [
        {"name": "conv", "type": "conv2d", "inputs": ["in"], "in_channels": 2, "out_channels": 3, "kernel_size": [3, 3],
         "padding": [1, 1]},
        {"name": "relu", "type": "relu", "inputs": ["conv"]},
        {"name": "flat", "type": "flatten", "inputs": ["relu"]},
        {"name": "fc", "type": "linear", "inputs": ["flat"], "in_features": 48, "config": {"x_quant_bits": 10}}],
    "output": "fc"}


def document():
    return copy.deepcopy(DOCUMENT)


def tensors(seed=0):
    """A state dict for DOCUMENT, io_max taken."""
    rng = np.random.default_rng(seed)
    state = {"conv.weight": rng.standard_normal((3, 2, 3, 3)), "conv.bias": rng.standard_normal(3),
             "fc.weight": rng.standard_normal((5, 48)), "fc.bias": rng.standard_normal(5)}
    for layer in ("conv", "fc"):
        for statistic, value in (("x", 3.1), ("weight", 2.7), ("y", 6.5)):
            state[f"{layer}.autoscale_{statistic}_obj.io_max"] = np.array(value)
    return {key: value.astype(np.float32) for key, value in state.items()}


class _Persistent:
    """Becomes a storage reference in the pickle."""

    def __init__(self, key, storage, elements):
        self.id = ("storage", storage, key, "cpu", elements)


class _Global:
    """A name of torch's modules, pickled as a reference without importing it."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class _Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments


class _Pickler(pickle._Pickler):
    def persistent_id(self, value):
        return value.id if isinstance(value, _Persistent) else None

    def save(self, value, save_persistent_id=True):
        if isinstance(value, _Global):
            self.write(pickle.GLOBAL + f"{value.module}\n{value.name}\n".encode())
        elif isinstance(value, _Call):
            self.save(value.function)
            self.save(value.arguments)
            self.write(pickle.REDUCE)
        else:
            super().save(value, save_persistent_id)


def archive(document, storages, path, compression=zipfile.ZIP_STORED, extra=None):
    """A torch zip file holding the pickled document and raw storages {key: bytes}."""
    stream = io.BytesIO()
    _Pickler(stream, 2).dump(document)
    with zipfile.ZipFile(path, "w", compression) as out:
        out.writestr("checkpoint/data.pkl", stream.getvalue())
        for key, raw in storages.items():
            out.writestr(f"checkpoint/data/{key}", raw)
        out.writestr("checkpoint/version", "3\n")
        for name, raw in (extra or {}).items():
            out.writestr(f"checkpoint/{name}", raw)
    return path


def tensor(key, array, storage="FloatStorage", shape=None, strides=None, offset=0, elements=None):
    """What torch pickles for a tensor over storage `key`."""
    array = np.asarray(array)
    shape = array.shape if shape is None else shape
    if strides is None:
        strides = tuple(s // array.itemsize for s in np.ascontiguousarray(array).strides) if array.ndim else ()
    return _Call(_Global("torch._utils", "_rebuild_tensor_v2"),
                 _Persistent(key, _Global("torch", storage), array.size if elements is None else elements), offset,
                 tuple(shape),
                 tuple(strides), False, collections.OrderedDict())


def write_checkpoint(path, state, **options):
    """A state dict as torch.save writes it, without torch."""
    document, storages = collections.OrderedDict(), {}
    for index, (name, array) in enumerate(state.items()):
        storage = "LongStorage" if np.asarray(array).dtype == np.int64 else "FloatStorage"
        document[name] = tensor(str(index), array, storage)
        storages[str(index)] = np.ascontiguousarray(array).tobytes()
    return archive(document, storages, path, **options)


def write_network(path, content):
    with open(path, "w") as stream:
        json.dump(content, stream)
    return path


def call(module, name, *arguments):
    """A pickle that calls module.name: what a malicious file does."""
    return _Call(_Global(module, name), *arguments)


class System:
    """What pickle.dumps makes of this calls os.system."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)
