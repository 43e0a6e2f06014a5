"""A package as bytes, right until it is told to be wrong. Standard library and numpy only.

Archive keeps the two headers of every member and the end record as values; archive() of a manifest and its tensors
gives one with the digests filled in. Every field can be changed before bytes() puts them into a file.
"""
import dataclasses
import hashlib
import io
import json
import struct
import zlib

import numpy as np

LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
END64, LOCATOR64 = b"PK\6\6", b"PK\6\7"


@dataclasses.dataclass
class Header:
    """The fields that the local header and the directory's entry share, in their order."""
    name: bytes
    needed: int = 20
    flags: int = 0
    method: int = 0
    time: int = 0x00210000
    crc: int = 0
    stored: int = 0
    size: int = 0
    extra: bytes = b""

    def common(self):
        return struct.pack("<HHHIIIIHH", self.needed, self.flags, self.method, self.time, self.crc, self.stored,
                           self.size, len(self.name), len(self.extra))


class Member:
    def __init__(self, name, data):
        self.data = data
        fields = dict(name=name.encode(), crc=zlib.crc32(data), stored=len(data), size=len(data))
        self.local, self.central = Header(**fields), Header(**fields)
        self.made_by, self.disk, self.attributes = 3 << 8 | 20, 0, 0o100644 << 16
        self.before = b""        # bytes in front of the local header
        self.descriptor = b""    # bytes behind the data
        self.offset = None       # what the directory says, where it is not the truth

    def both(self, **fields):
        """Changes a field of both headers."""
        for name, value in fields.items():
            setattr(self.local, name, value)
            setattr(self.central, name, value)


class Archive:
    def __init__(self, members):
        self.members = [Member(name, data) for name, data in members]
        self.comment = b""
        self.in_directory = b""  # bytes behind the last entry
        self.entries = self.directory_size = self.directory_offset = None
        self.disk, self.zip64_entries = 0, None

    def __getitem__(self, name):
        return next(m for m in self.members if m.central.name == name.encode())

    def bytes(self):
        out, directory = bytearray(), bytearray()
        for member in self.members:
            out += member.before
            offset = len(out) if member.offset is None else member.offset
            out += LOCAL + member.local.common() + member.local.name + member.local.extra + member.data
            out += member.descriptor
            entry = member.central
            directory += CENTRAL + struct.pack("<H", member.made_by) + entry.common()
            directory += struct.pack("<HHHII", 0, member.disk, 0, member.attributes, offset) + entry.name + entry.extra
        directory += self.in_directory
        place, count = len(out), len(self.members) if self.entries is None else self.entries
        out += directory
        if self.zip64_entries is not None:
            end = len(out)
            out += END64 + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, self.zip64_entries, self.zip64_entries,
                                       len(directory), place)
            out += LOCATOR64 + struct.pack("<IQI", 0, end, 1)
            count = 0xffff
        size = len(directory) if self.directory_size is None else self.directory_size
        start = place if self.directory_offset is None else self.directory_offset
        out += END + struct.pack("<HHHHIIH", self.disk, self.disk, count, count, size, start, len(self.comment))
        return bytes(out + self.comment)


def npy(array):
    """npy 1.0 as NumPy writes it."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def npy_header(text, version=(1, 0), length=None):
    """An npy header around the text of a dictionary; `length` is what it says of itself."""
    body = text.encode("latin-1") + b"\n"
    count = len(body) if length is None else length
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version[0] == 1 else "<I", count) + body


def dictionary(descr="'|i1'", order="False", shape="(4, 2)"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


def network(nodes=None, inputs=None, outputs=None, **keys):
    """A manifest without its tensors: by default one linear layer on an input of four codes."""
    inputs = inputs or [{"name": "x", "shape": [4]}]
    nodes = nodes or [{"name": "fc", "op": "linear", "inputs": ["x"], "tensors": {"weight": "w", "bias": "b"},
                       "attributes": {"g": 1024}}]
    manifest = {"format": "witin.wpkg", "version": 1, "name": "hostile", "arithmetic": "wtm2101", "inputs": inputs,
                "outputs": outputs or [nodes[-1]["name"]], "nodes": nodes, "tensors": {}}
    manifest.update(keys)
    return manifest


def tensors():
    """The tensors of network()."""
    return {"w": np.arange(8, dtype=np.int8).reshape(4, 2), "b": np.array([128, -256], np.int32)}


def describe(manifest, arrays):
    """Adds the entries of arrays to the manifest; returns its members."""
    members = [(f"tensors/{name}.npy", npy(array)) for name, array in arrays.items()]
    for (name, array), (_, data) in zip(arrays.items(), members):
        manifest["tensors"][name] = {"dtype": array.dtype.name, "shape": list(array.shape),
                                     "sha256": hashlib.sha256(data).hexdigest()}
    return members


def archive(manifest=None, arrays=None):
    """The Archive of a network and its tensors."""
    if manifest is None:
        manifest, arrays = network(), tensors()
    members = describe(manifest, arrays or {})
    return Archive([("manifest.json", json.dumps(manifest).encode())] + members)


def with_manifest(text):
    """network()'s archive with another manifest: text, or bytes."""
    data = text if isinstance(text, bytes) else text.encode()
    return Archive([("manifest.json", data)] + describe(network(), tensors()))


def with_tensor(data, dtype="int8", shape=(4, 2)):
    """network()'s archive with other bytes for the weight; the digest in the manifest is theirs."""
    manifest = network()
    members = describe(manifest, tensors())
    manifest["tensors"]["w"] = {"dtype": dtype, "shape": list(shape), "sha256": hashlib.sha256(data).hexdigest()}
    return Archive([("manifest.json", json.dumps(manifest).encode()), ("tensors/w.npy", data)] + members[1:])
