"""State dicts out of torch's zip files (torch 1.6 and later), with or without torch, executing nothing.

    state = load("model.pth")      State: {name: float32 or int64 array}, each looked up once by take()
"""
import collections.abc
import io
import os
import zipfile

import numpy as np

from witin_checkpoint.errors import CheckpointError
from witin_checkpoint.pickle_reader import TensorRef, read_pickle

WRAPPERS = ("state_dict", "model_state_dict", "model", "net")


class State:
    """A state dict that remembers which of its tensors were used."""

    def __init__(self, tensors, where):
        self.where = where
        self.tensors = {key: _plain_array(value, f"{where}: {key}") for key, value in tensors.items()}
        self.used = set()

    def __contains__(self, key):
        return key in self.tensors

    def take(self, key):
        """The tensor, or a CheckpointError that says what is missing."""
        if key not in self.tensors:
            prefix = key.rpartition(".")[0]
            near = [k for k in self.tensors if k.startswith(prefix + ".")]
            raise CheckpointError(f"{self.where}: {key} is missing"
                                  + (f"; the layer has {', '.join(near)}" if near else
                                     f"; no tensor of the checkpoint begins with {prefix}."))
        self.used.add(key)
        return self.tensors[key]

    def take_optional(self, key):
        return self.take(key) if key in self.tensors else None

    def require_all_used(self):
        left = [key for key in self.tensors if key not in self.used]
        if left:
            raise CheckpointError(f"{self.where}: {len(left)} tensors belong to no layer of the network file: "
                                  f"{', '.join(left[:5])}{', ...' if len(left) > 5 else ''}")


def load(path):
    """The State of a file written by torch.save(model.state_dict(), path)."""
    try:
        with open(path, "rb") as stream:
            raw = stream.read()
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror}") from None
    if raw[:2] != b"PK":
        raise CheckpointError(f"{path}: {_other_format(raw)}")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return State(_state_dict(_contents(archive, path), path), os.path.basename(path))
    except RecursionError:
        raise CheckpointError(f"{path}: the dictionaries in data.pkl contain themselves") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise CheckpointError(f"{path}: not a readable zip ({str(error).splitlines()[0]})") from None


def _other_format(raw):
    if raw[:1] == b"\x80":
        return ("written in torch's old format (before 1.6, or _use_new_zipfile_serialization=False); "
                "load it with torch and save it again")
    return "not a torch checkpoint (a zip with data.pkl)"


def _contents(archive, path):
    """The pickled object with its TensorRefs replaced by arrays."""
    names = archive.namelist()
    pickles = [name for name in names if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(pickles) != 1:
        raise CheckpointError(f"{path}: expected one ARCHIVE/data.pkl as torch.save writes, found {len(pickles)}")
    root = pickles[0][:-len("data.pkl")]
    if root + "byteorder" in names and _member(archive, root + "byteorder", path) != b"little":
        raise CheckpointError(f"{path}: big-endian tensors are not read; save the checkpoint on a little-endian "
                              f"machine")
    document = read_pickle(_member(archive, pickles[0], path), f"{path}: data.pkl")
    storages = {}

    def arrays(value, where):
        if isinstance(value, TensorRef):
            return _tensor(archive, root, storages, value, path, where)
        if isinstance(value, dict):
            return {key: arrays(item, f"{where}.{key}" if where else str(key)) for key, item in value.items()}
        return value

    return arrays(document, "")


def _member(archive, name, path):
    try:
        entry = archive.getinfo(name)
    except KeyError:
        raise CheckpointError(f"{path}: member {name} is missing") from None
    if entry.compress_type != zipfile.ZIP_STORED:
        raise CheckpointError(f"{path}: member {name} is compressed, which torch.save never does")
    return archive.read(entry)


def _tensor(archive, root, storages, ref, path, where):
    storage = ref.storage
    if storage.key not in storages:
        storages[storage.key] = _member(archive, f"{root}data/{storage.key}", path)
    raw = storages[storage.key]
    dtype = np.dtype("<u2") if storage.dtype == "bfloat16" else np.dtype(storage.dtype)
    if len(raw) != storage.elements * dtype.itemsize:
        raise CheckpointError(f"{path}: {where}: storage {storage.key} has {len(raw)} bytes, expected "
                              f"{storage.elements * dtype.itemsize}")
    count = 1
    for extent in ref.shape:
        count *= extent
    last = ref.offset + sum((n - 1) * s for n, s in zip(ref.shape, ref.strides)) if count else 0
    if count > storage.elements or last >= max(storage.elements, 1) or len(ref.shape) > 8:
        raise CheckpointError(f"{path}: {where}: shape {list(ref.shape)} does not fit its storage of "
                              f"{storage.elements}")
    if count == 0:
        return np.zeros(ref.shape, dtype)
    flat = np.frombuffer(raw, dtype)
    view = np.lib.stride_tricks.as_strided(flat[ref.offset:], ref.shape, [s * dtype.itemsize for s in ref.strides])
    if storage.dtype == "bfloat16":
        return (view.astype(np.uint32) << 16).view(np.float32)
    return view.copy()


def _is_state_dict(value):
    return (isinstance(value, collections.abc.Mapping) and len(value) > 0
            and all(isinstance(key, str) and isinstance(item, np.ndarray) for key, item in value.items()))


def _state_dict(document, path):
    """The tensors by name: the document itself, or what a training script wrapped around it."""
    found = document
    if not _is_state_dict(document):
        inner = [document[key] for key in WRAPPERS if isinstance(document, dict) and _is_state_dict(document.get(key))]
        if len(inner) != 1:
            raise CheckpointError(f"{path}: holds no state dict (a dictionary of named tensors, alone or under "
                                  f"{', '.join(WRAPPERS)})")
        found = inner[0]
    if all(key.startswith("module.") for key in found):     # DataParallel
        found = {key[len("module."):]: value for key, value in found.items()}
    return found


def _plain_array(value, where):
    """float32 for floats, int64 for integers; every float is finite and exactly a float32."""
    array = np.asarray(value)
    if array.dtype.kind in "iub":
        return array.astype(np.int64)
    if array.dtype.kind != "f":
        raise CheckpointError(f"{where}: dtype {array.dtype} is not used by any layer")
    bad = ~np.isfinite(array)
    if bad.any():
        index = [int(i) for i in np.argwhere(bad)[0]]
        raise CheckpointError(f"{where}: value {array[tuple(index)]} at index {index} is not finite")
    with np.errstate(over="ignore"):
        single = array.astype(np.float32)
    if not np.array_equal(single.astype(array.dtype), array):
        raise CheckpointError(f"{where}: float64 values that are no float32; the library computes in float64 with "
                              f"them, which is not reproduced: call model.float() before saving")
    return single
