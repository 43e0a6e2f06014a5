"""Packages (.wpkg) and traces (.wtrace): the module every importer writes with. Standard library and numpy only.

Contract: sim/package/format.md and sim/trace/format.md. Both files are ZIP archives of STORED members, one JSON
document and npy tensors; numpy.load opens them. Equal content gives equal bytes.

    package = Package("speech5", "wtm2101", producer="import_onnx 1.0.0")
    package.input("in", [800])
    package.node("linear_1", "linear", ["in"], {"weight": w, "bias": b}, {"g": 1024})
    package.output("linear_1")
    package.write("speech5.wpkg")

    package = Package.read("speech5.wpkg")          # PackageError says what the file does wrong
    package.tensor(package.nodes[0], "weight")      # a numpy array
"""
import hashlib
import io
import json
import os
import re
import zipfile

import numpy as np

FORMAT, TRACE_FORMAT, VERSION = "witin.wpkg", "witin.wtrace", 1
PROFILES = ("wtm2101", "witin_nn", "nb01")
NAME = re.compile(r"[A-Za-z0-9_./:-]{1,200}")
TENSOR_ID = re.compile(r"[A-Za-z0-9_.-]{1,200}")
DESCRIPTORS = {"|u1", "|i1", "<u2", "<i2", "<i4", "<i8", "|b1", "<f4", "<f8"}
FLOAT_ROLES = {"exp_table", "alpha", "beta"}
MAX_JSON_BYTES, MAX_JSON_DEPTH, MAX_NPY_HEADER, MAX_RANK = 16 << 20, 32, 64 << 10, 8


class PackageError(ValueError):
    """What is wrong with a package, a trace or the values given for one; one line."""


# ------------------------------------------------------------------------------------------------ values
def integers(values, where):
    """`values` as int64. PackageError names the first one that is not an integer, and its index."""
    array = np.asarray(values)
    if array.dtype.kind in "biu":
        return array.astype(np.int64)
    if array.dtype.kind != "f":
        raise PackageError(f"{where}: expected numbers, found dtype {array.dtype}")
    wrong = ~(np.isfinite(array) & (array == np.rint(array)) & (np.abs(array) < 2.0**53))
    if wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise PackageError(f"{where}: value {array[index]} at index {list(index)} is not an integer")
    return array.astype(np.int64)


def _narrow(values, dtypes, where):
    """integers() in the first dtype that holds them all."""
    array = integers(values, where)
    for dtype in dtypes:
        limits = np.iinfo(dtype)
        wrong = (array < limits.min) | (array > limits.max)
        if not wrong.any():
            return array.astype(dtype)
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    raise PackageError(f"{where}: value {array[index]} at index {list(index)} does not fit {np.dtype(dtypes[-1])}")


def codes(values, where):
    """Codes as traces and outputs store them: int8, int16 above 8 bits, int32 beyond."""
    return _narrow(values, (np.int8, np.int16, np.int32), where)


def _role_tensor(role, values, where):
    if role in FLOAT_ROLES:
        array = np.asarray(values)
        array = array.astype("<f8" if array.dtype == np.float64 else "<f4")
        if not np.isfinite(array).all():
            raise PackageError(f"{where}: not finite")
        return array
    return _narrow(values, (np.int32,) if role.startswith("bias") else (np.int8, np.int16), where)


def _plain(value):
    """A JSON value without numpy types; whole floats become integers."""
    if isinstance(value, (np.bool_, bool)):
        return bool(value)
    if isinstance(value, (np.ndarray, list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (float, np.floating)):
        return int(value) if float(value).is_integer() and abs(value) < 2.0**53 else float(value)
    return int(value) if isinstance(value, np.integer) else value


# ------------------------------------------------------------------------------------------------ npy and zip
def npy_bytes(array):
    """npy 1.0, C order, little endian, data at a multiple of 64 bytes."""
    array = np.asarray(array)
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def _read_npy(data, where):
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        if version not in ((1, 0), (2, 0), (3, 0)):
            raise PackageError(f"{where}: npy version {version}, expected 1.0, 2.0 or 3.0")
        header = np.lib.format.read_array_header_1_0 if version[0] == 1 else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = header(stream, max_header_size=MAX_NPY_HEADER)
    except PackageError:
        raise
    except Exception as error:
        raise PackageError(f"{where}: not an npy file ({str(error).splitlines()[0]})") from None
    if fortran or dtype.str not in DESCRIPTORS or len(shape) > MAX_RANK:
        raise PackageError(f"{where}: dtype {dtype.str}, {'Fortran' if fortran else 'C'} order, rank {len(shape)} "
                           f"is not allowed")
    size = dtype.itemsize
    for extent in shape:
        size *= extent
    if size != len(data) - stream.tell():
        raise PackageError(f"{where}: {len(data) - stream.tell()} bytes of data, expected {size} for {list(shape)}")
    return np.frombuffer(data, dtype, offset=stream.tell()).reshape(shape)


def _write_zip(path, members):
    """members: (name, bytes) in file order. Written beside `path`, renamed when complete."""
    partial = f"{path}.{os.getpid()}.part"
    try:
        with zipfile.ZipFile(partial, "x", zipfile.ZIP_STORED) as archive:
            for name, data in members:
                entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                entry.create_system, entry.external_attr = 3, 0o100644 << 16
                archive.writestr(entry, data)
        os.replace(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.unlink(partial)
        raise


def _read_zip(path):
    """{member: bytes}; refuses whatever two readers could see differently."""
    try:
        with open(path, "rb") as stream:
            raw = stream.read()
    except OSError as error:
        raise PackageError(f"{path}: {error.strerror}") from None
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            end = len(raw) - 22 - len(archive.comment)
            if raw[end:end + 4] != b"PK\5\6" or raw[end + 20:end + 22] != len(archive.comment).to_bytes(2, "little"):
                raise PackageError(f"{path}: data after the end of the zip")
            if entries and (raw[:4] != b"PK\3\4" or min(e.header_offset for e in entries) != 0):
                raise PackageError(f"{path}: data before the first member")
            seen, members = set(), {}
            for entry in entries:
                name = entry.filename
                if entry.flag_bits & 1:
                    raise PackageError(f"{path}: member {name} is encrypted")
                if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
                    raise PackageError(f"{path}: member {name} is compressed; store it (zip -0)")
                if entry.is_dir() or (entry.external_attr >> 16) & 0o170000 not in (0, 0o100000):
                    raise PackageError(f"{path}: member {name} is not a plain file")
                if name.lower() in seen:
                    raise PackageError(f"{path}: member {name} occurs twice")
                seen.add(name.lower())
                members[name] = archive.read(entry)
            return members
    except PackageError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError) as error:
        raise PackageError(f"{path}: not a readable zip ({str(error).splitlines()[0]})") from None


def _read_json(members, name, path):
    if name not in members:
        raise PackageError(f"{path}: member {name} is missing")
    data = members.pop(name)
    if len(data) > MAX_JSON_BYTES:
        raise PackageError(f"{path}: {name} has {len(data)} bytes, at most {MAX_JSON_BYTES} are read")

    def unique(pairs):
        result = dict(pairs)
        if len(result) != len(pairs):
            keys = [key for key, _ in pairs]
            raise PackageError(f"{path}: {name}: key '{next(k for k in keys if keys.count(k) > 1)}' occurs twice")
        return result

    def refuse(constant):
        raise PackageError(f"{path}: {name}: {constant} is not a number")

    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse)
        deep = _depth(document) > MAX_JSON_DEPTH
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise PackageError(f"{path}: {name} is not JSON ({str(error).splitlines()[0]})") from None
    except RecursionError:
        deep = True
    if deep:
        raise PackageError(f"{path}: {name} is nested deeper than {MAX_JSON_DEPTH}")
    if not isinstance(document, dict):
        raise PackageError(f"{path}: {name} is not an object")
    return document


def _depth(value):
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, children), default=0) if isinstance(value, (dict, list)) else 0


def _json_text(document):
    """One entry of each list or object of the top level on a line: a text editor reads it."""
    dump = lambda value: json.dumps(value, ensure_ascii=False, allow_nan=False)
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            body = "[\n    " + ",\n    ".join(map(dump, value)) + "\n  ]"
        elif isinstance(value, dict) and value and all(isinstance(v, dict) for v in value.values()):
            body = "{\n    " + ",\n    ".join(f"{dump(k)}: {dump(v)}" for k, v in value.items()) + "\n  }"
        else:
            body = dump(value)
        lines.append(f"  {dump(key)}: {body}")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _keys(where, entry, required, optional):
    """Checks presence and types: {key: type or tuple of types}. Keys that begin with x- pass."""
    if not isinstance(entry, dict):
        raise PackageError(f"{where}: expected an object, found {type(entry).__name__}")
    for key in required:
        if key not in entry:
            raise PackageError(f"{where}: key '{key}' is missing")
    for key, value in entry.items():
        expected = required.get(key) or optional.get(key)
        if expected is None:
            if key.startswith("x-"):
                continue
            raise PackageError(f"{where}: unknown key '{key}'")
        kinds = expected if isinstance(expected, tuple) else (expected,)
        if not isinstance(value, kinds) or isinstance(value, bool) and bool not in kinds:
            raise PackageError(f"{where}/{key}: expected {' or '.join(k.__name__ for k in kinds)}, "
                               f"found {json.dumps(value)[:60]}")


def _shape(where, shape):
    if len(shape) > MAX_RANK or not all(type(n) is int and n > 0 for n in shape):
        raise PackageError(f"{where}: expected at most {MAX_RANK} positive extents, found {shape}")


# ------------------------------------------------------------------------------------------------ package
class Package:
    """A network: `inputs` and `nodes` as the manifest has them, `outputs` a list of names, `tensors` {id: array}."""

    def __init__(self, name, arithmetic, description="", producer=""):
        self.name, self.arithmetic, self.description, self.producer = name, arithmetic, description, producer
        self.inputs, self.outputs, self.nodes, self.tensors = [], [], [], {}
        self.extra = {}      # the manifest's own x- keys
        self.sha256 = None   # of the file, once read or written

    def input(self, name, shape, bits=8, signed=False, **extra):
        """extra: neg_in="pn"|"shift", scale, shift, and keys that begin with x-."""
        self.inputs.append(_plain({"name": name, "shape": list(shape), "bits": bits, "signed": signed, **extra}))
        return name

    def node(self, name, op, inputs, tensors=None, attributes=None, **extra):
        """Appends a node and returns its name. `tensors`: {role: integers}; the storage follows from the role and the
        values: biases int32, the rest int8 or int16; exp_table, alpha and beta float32, or float64 where given so.
        Tensors and attributes that are None are left out. extra: arithmetic, scale, keys that begin with x-."""
        entry = {"name": name, "op": op, "inputs": list(inputs)}
        for role, values in (tensors or {}).items():
            if values is not None:
                key = self._tensor_id(name, role)
                self.tensors[key] = _role_tensor(role, values, f"node {name}: {role}")
                entry.setdefault("tensors", {})[role] = key
        given = {k: _plain(v) for k, v in (attributes or {}).items() if v is not None}
        if given:
            entry["attributes"] = given
        entry.update({k: _plain(v) for k, v in extra.items() if v is not None})
        self.nodes.append(entry)
        return name

    def _tensor_id(self, node, role):
        base = re.sub(r"[^A-Za-z0-9_.-]", "_", node)[:150] + "." + role
        taken, key, count = {k.lower() for k in self.tensors}, base, 1
        while key.lower() in taken:
            count += 1
            key = f"{base}.{count}"
        return key

    def output(self, name):
        self.outputs.append(name)

    def find(self, name):
        return next(node for node in self.nodes if node["name"] == name)

    def tensor(self, node, role):
        """The tensor in that role, or None."""
        key = node.get("tensors", {}).get(role)
        return None if key is None else self.tensors[key]

    def input_range(self, entry):
        """(lowest, highest) code of an input."""
        high = (1 << entry.get("bits", 8)) - 1
        if entry.get("neg_in", "none") == "pn":
            return -high, high
        return (-(high + 1) // 2, high // 2) if entry.get("signed", False) else (0, high)

    def write(self, path):
        members = [(f"tensors/{key}.npy", npy_bytes(array)) for key, array in self.tensors.items()]
        entries = {key: {"dtype": array.dtype.name, "shape": list(array.shape),
                         "sha256": hashlib.sha256(data).hexdigest()}
                   for (key, array), (_, data) in zip(self.tensors.items(), members)}
        manifest = {"format": FORMAT, "version": VERSION, "name": self.name, "description": self.description,
                    "producer": self.producer, "arithmetic": self.arithmetic, "inputs": self.inputs,
                    "outputs": self.outputs, "nodes": self.nodes, "tensors": entries, **self.extra}
        self._check(path, manifest)
        _write_zip(path, [("manifest.json", _json_text(manifest))] + members)
        self.sha256 = file_sha256(path)

    @classmethod
    def read(cls, path):
        members = _read_zip(path)
        manifest = _read_json(members, "manifest.json", path)
        package = cls._check(path, manifest)
        for key, entry in manifest["tensors"].items():
            where = f"{path}: tensors/{key}.npy"
            data = members.pop(f"tensors/{key}.npy", None)
            if data is None:
                raise PackageError(f"{where} is missing")
            if hashlib.sha256(data).hexdigest() != entry["sha256"]:
                raise PackageError(f"{where}: sha256 differs from the manifest's")
            array = _read_npy(data, where)
            if array.dtype.name != entry["dtype"] or list(array.shape) != entry["shape"]:
                raise PackageError(f"{where}: {array.dtype.name} {list(array.shape)}, but the manifest says "
                                   f"{entry['dtype']} {entry['shape']}")
            package.tensors[key] = array
        if members:
            raise PackageError(f"{path}: member {next(iter(members))} is not listed in the manifest")
        package.sha256 = file_sha256(path)
        return package

    @classmethod
    def _check(cls, path, manifest):
        """The rules of format.md that need no operator; returns a Package without its tensors."""
        where = f"{path}: manifest.json"
        if manifest.get("format") != FORMAT:
            found = json.dumps(manifest.get("format"))[:60]
            raise PackageError(f'{where}/format: expected "{FORMAT}", found {found}')
        if manifest.get("version") != VERSION or manifest["version"] is True:
            raise PackageError(f"{where}/version: {json.dumps(manifest.get('version'))[:60]} is not supported, "
                               f"this reader knows {VERSION}")
        _keys(where, manifest, {"format": str, "version": int, "name": str, "arithmetic": str, "inputs": list,
                                "outputs": list, "nodes": list, "tensors": dict}, {"description": str, "producer": str})
        _profile(where, manifest)
        package = cls(manifest["name"], manifest["arithmetic"], manifest.get("description", ""),
                      manifest.get("producer", ""))
        package.extra = {k: v for k, v in manifest.items() if k.startswith("x-")}
        known, used = set(), set()
        for index, entry in enumerate(manifest["inputs"]):
            _check_input(f"{where}/inputs/{index}", entry, known)
        for index, entry in enumerate(manifest["nodes"]):
            _check_node(f"{where}/nodes/{index}", entry, known, manifest["tensors"], used)
        package.inputs, package.nodes, package.outputs = manifest["inputs"], manifest["nodes"], manifest["outputs"]
        if not package.inputs or not package.outputs:
            raise PackageError(f"{where}: a network has at least one input and one output")
        for name in package.outputs:
            if not isinstance(name, str) or name not in known:
                raise PackageError(f"{where}/outputs: {json.dumps(name)[:80]} is not the name of an input or node")
        lower = set()
        for key, entry in manifest["tensors"].items():
            _keys(f"{where}/tensors/{key}", entry, {"dtype": str, "shape": list, "sha256": str}, {})
            if not TENSOR_ID.fullmatch(key) or key.lower() in lower:
                raise PackageError(f"{where}/tensors: id '{key[:80]}' is not allowed or occurs twice")
            if key not in used:
                raise PackageError(f"{where}/tensors/{key}: no node uses it")
            lower.add(key.lower())
        return package


def _profile(where, entry):
    if "arithmetic" in entry and entry["arithmetic"] not in PROFILES:
        raise PackageError(f"{where}/arithmetic: '{entry['arithmetic']}', expected one of {', '.join(PROFILES)}")


def _new_name(where, name, known):
    if not NAME.fullmatch(name):
        raise PackageError(f"{where}/name: '{name[:80]}' is not 1 to 200 of A-Z a-z 0-9 _ . / : -")
    if name in known:
        raise PackageError(f"{where}/name: '{name}' occurs twice")
    known.add(name)


def _check_input(where, entry, known):
    _keys(where, entry, {"name": str, "shape": list},
          {"bits": int, "signed": bool, "neg_in": str, "scale": (int, float), "shift": (int, float)})
    _new_name(where, entry["name"], known)
    _shape(f"{where}/shape", entry["shape"])
    if not 1 <= entry.get("bits", 8) <= 16 or entry.get("neg_in", "none") not in ("none", "pn", "shift"):
        raise PackageError(f"{where}: expected bits 1..16 and neg_in none, pn or shift")


def _check_node(where, entry, known, tensors, used):
    _keys(where, entry, {"name": str, "op": str, "inputs": list},
          {"tensors": dict, "attributes": dict, "arithmetic": str, "scale": (int, float)})
    _profile(where, entry)
    for name in entry["inputs"]:
        if not isinstance(name, str) or name not in known:
            raise PackageError(f"{where}/inputs: {json.dumps(name)[:80]} is not declared or produced earlier")
    _new_name(where, entry["name"], known)
    for role, key in entry.get("tensors", {}).items():
        if not isinstance(key, str) or key not in tensors:
            raise PackageError(f"{where}/tensors/{role}: {json.dumps(key)[:80]} is not a tensor of the package")
        used.add(key)


def file_sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


# ------------------------------------------------------------------------------------------------ trace
def write_trace(path, header, values):
    """values: {node: {field: array [frames, *shape]}}, in execution order, npu_y among the fields of each node.

    header: the keys of trace.json beside format, version and frames; of its `nodes`, name, op and bits (the width of
    npu_y) are taken.
    """
    described, nodes = {node["name"]: node for node in header["nodes"]}, []
    for name, fields in values.items():
        known = {key: described[name][key] for key in ("op", "bits") if key in described[name]}
        nodes.append({"name": name, "op": known.pop("op"), "shape": list(fields["npu_y"].shape[1:]),
                      "fields": list(fields), **known})
    frames = len(next(iter(values.values()))["npu_y"])
    document = {"format": TRACE_FORMAT, "version": VERSION, **header, "frames": frames, "nodes": nodes}
    members = [("trace.json", _json_text(_plain(document)))]
    members += [(f"{node}/{field}.npy", npy_bytes(array)) for node, fields in values.items()
                for field, array in fields.items()]
    _write_zip(path, members)


def read_trace(path):
    """(header, {node: {field: array}}) of a trace."""
    members = _read_zip(path)
    header = _read_json(members, "trace.json", path)
    if header.get("format") != TRACE_FORMAT or header.get("version") != VERSION:
        raise PackageError(f"{path}: trace.json is not format {TRACE_FORMAT} version {VERSION}")
    values = {}
    for name, data in members.items():
        node, _, field = name.rpartition("/")
        if not node or not field.endswith(".npy"):
            raise PackageError(f"{path}: member {name} is not NODE/FIELD.npy")
        values.setdefault(node, {})[field[:-4]] = _read_npy(data, f"{path}: {name}")
    return header, values
