#!/usr/bin/env python3
"""NumPy and Python's zipfile as second opinions on files.

second_opinion.py write DIR    writes npy, npz and zip files for our readers: element i of every array is i * 7 % 120
second_opinion.py read DIR     reads every .npy, .npz and .wtrace that our writers left there, and checks the same
"""
import io
import pathlib
import sys
import zipfile

import numpy as np

DTYPES = ("|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8")


def ramp(shape, dtype):
    return (np.arange(int(np.prod(shape))) * 7 % 120).reshape(shape).astype(dtype)


class Pipe(io.RawIOBase):
    """A stream that cannot seek: zipfile then writes data descriptors."""

    def __init__(self, path):
        self.stream = open(path, "wb")

    def writable(self):
        return True

    def write(self, data):
        return self.stream.write(data)

    def close(self):
        self.stream.close()
        super().close()


def write(root):
    for dtype in DTYPES:
        for shape in ((5,), (4, 5), (3, 1, 2)):
            for version in ((1, 0), (2, 0), (3, 0)):
                rank = "x".join(map(str, shape))
                with open(root / f"{dtype[1:]}_{rank}_{version[0]}.npy", "wb") as stream:
                    np.lib.format.write_array(stream, ramp(shape, dtype), version=version)
    arrays = {"in": ramp((4, 2), "|u1"), "b/c": ramp((4,), "<i4")}
    np.savez(root / "savez.npz", **arrays)
    with Pipe(root / "pipe.npz") as stream:
        np.savez(stream, **arrays)
    np.savez_compressed(root / "compressed.npz", **arrays)
    for mode, name in (("w", "in"), ("a", "b/c")):
        with zipfile.ZipFile(root / "appended.npz", mode) as archive:
            stream = io.BytesIO()
            np.save(stream, arrays[name])
            archive.writestr(f"{name}.npy", stream.getvalue())
            archive.comment = b"appended to"
    with zipfile.ZipFile(root / "crowded.zip", "w") as archive:
        for i in range(66000):
            archive.writestr(f"m{i}", b"")


def check(values, where):
    assert np.array_equal(values, ramp(values.shape, values.dtype)), where


def read(root):
    count = 0
    for path in sorted(root.iterdir()):
        if path.suffix == ".npy":
            check(np.load(path), path)
            count += 1
        elif path.suffix in (".npz", ".wtrace"):
            with zipfile.ZipFile(path) as archive:
                assert archive.testzip() is None, path
                for entry in archive.infolist():
                    assert entry.date_time == (1980, 1, 1, 0, 0, 0) and entry.external_attr >> 16 == 0o100644, entry
            for name, values in np.load(path).items():
                if not name.endswith(".json"):
                    check(values, f"{path} {name}")
                    count += 1
    print(count)


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](pathlib.Path(sys.argv[2]))
