"""A folder the chip vendor's mapper wrote, as data: layers, parameters, recorded frames, look-up tables.

Formats: map/layers.txt (x_start, x_end, y_start, y_end, z_start, z_end, G),
params/netN/layerL/{weight,bias,bias_high}.txt, layer_debug/netN/<L>_<name>/roundR/{input,output}<k>.txt,
BoardConfigDebug.json. Lines end with LF or CR LF.
"""
import json
import os
import re
from dataclasses import dataclass

import numpy as np

BIAS_UNIT = 128
RELU_MAP = np.concatenate([np.arange(128), np.zeros(128, np.int64)])
IDENTITY = np.concatenate([np.arange(128), np.arange(-128, 0)])


class FolderError(ValueError):
    """What is missing or contradictory in a mapper folder; one line."""


@dataclass
class Layer:
    name: str
    g: int
    weight: np.ndarray     # [K, N], K rows as driven
    bias_rows: np.ndarray  # [rows, N], each row is driven with 128
    inputs: np.ndarray     # recorded frames as driven [F, K], or None
    outputs: np.ndarray    # recorded frames after the table [F, N], or None

    @property
    def bias(self):
        return BIAS_UNIT * self.bias_rows.sum(0)


@dataclass
class Net:
    layers: list
    tables: list      # 256-entry tables, two's complement order
    input_names: list
    nets: int         # in the folder


def _integers(path, columns=None):
    """Rows of integers; every row as long as the first."""
    try:
        with open(path, encoding="ascii") as stream:
            lines = [line.replace(",", " ").split() for line in stream]
        rows = [[int(word) for word in line] for line in lines if line]
    except OSError as error:
        raise FolderError(f"{path}: {error.strerror}") from None
    except (ValueError, UnicodeDecodeError):
        raise FolderError(f"{path}: holds something else than integers") from None
    width = columns or (len(rows[0]) if rows else 0)
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise FolderError(f"{path}: row {number} has {len(row)} integers, expected {width}")
    return np.array(rows, np.int64).reshape(len(rows), width)


def _numbered(folder, pattern):
    """[(number, entry name)] of the entries that match, by number."""
    found = []
    for entry in os.listdir(folder) if os.path.isdir(folder) else ():
        match = re.fullmatch(pattern, entry)
        if match:
            found.append((int(match.group(1)), entry))
    return sorted(found)


def read(root, net):
    """The Net with that number."""
    places = _integers(os.path.join(root, "map", "layers.txt"), 7)
    nets = _numbered(os.path.join(root, "params"), r"net(\d+)")
    if not nets:
        raise FolderError(f"{root}: has no params/netN")
    if net not in dict(nets):
        raise FolderError(f"{root}: has no net {net}, but {', '.join(str(n) for n, _ in nets)}")
    counts = {number: _numbered(os.path.join(root, "params", entry), r"layer(\d+)") for number, entry in nets}
    total = sum(len(layers) for layers in counts.values())
    if total != len(places):
        raise FolderError(f"{root}: map/layers.txt has {len(places)} layers, params has {total}")
    first = sum(len(layers) for number, layers in counts.items() if number < net)
    names = _layer_names(root, net)
    layers = [_layer(root, net, number, names.get(number, f"layer{number}"), places[first + k].tolist())
              for k, (number, _) in enumerate(counts[net])]
    config = _config(root, net)
    inputs = [str(entry.get("comment", "")) for entry in config.get("net_inputs", [])]
    return Net(layers, _tables(root, config), inputs, len(nets))


def _layer_names(root, net):
    """{layer number: name} of the recorded layers."""
    return {number: entry.split("_", 1)[1]
            for number, entry in _numbered(os.path.join(root, "layer_debug", f"net{net}"), r"(\d+)_.+")}


def _layer(root, net, number, name, place):
    x_start, x_end, y_start, y_end, z_start, z_end, g = place
    folder = os.path.join(root, "params", f"net{net}", f"layer{number}")
    columns = x_end - x_start + 1
    weight, bias_rows, high = (_integers(os.path.join(folder, f"{what}.txt"), columns)
                               for what in ("weight", "bias", "bias_high"))
    for what, found, expected in (("weight", weight, y_end - y_start + 1), ("bias", bias_rows, z_end - z_start + 1)):
        if len(found) != expected:
            raise FolderError(f"{folder}/{what}.txt: {len(found)} rows, map/layers.txt says {expected}")
    if high.any():
        raise FolderError(f"{folder}/bias_high.txt: a digital high part is not mapped; its rounding is not known")
    if g < 4 or g % 4:
        raise FolderError(f"{root}: map/layers.txt: G = {g} of layer {number} is no positive multiple of 4")
    recorded = os.path.join(root, "layer_debug", f"net{net}", f"{number}_{name}")
    inputs, outputs = (_frames(recorded, what) for what in ("input0", "output0"))
    for what, frames, width in (("input0", inputs, len(weight)), ("output0", outputs, columns)):
        if frames is not None and frames.shape[1] != width:
            raise FolderError(f"{recorded}: {what} has {frames.shape[1]} values a frame, the layer {width}")
    return Layer(name, g, weight, bias_rows, inputs, outputs)


def _frames(folder, what):
    """All rounds of a layer, one after the other; None where nothing was recorded."""
    paths = [os.path.join(folder, entry, f"{what}.txt") for _, entry in _numbered(folder, r"round(\d+)")]
    rounds = [_integers(path) for path in paths if os.path.exists(path)]
    if len({frames.shape[1] for frames in rounds}) > 1:
        raise FolderError(f"{folder}: rounds of different width")
    return np.concatenate(rounds) if rounds else None


def _config(root, net):
    """The net's part of BoardConfigDebug.json; {} where the file is missing."""
    path = os.path.join(root, "BoardConfigDebug.json")
    try:
        with open(path, encoding="utf-8") as stream:
            nets = json.load(stream)["nets"]
        return nets[net] if net < len(nets) else {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FolderError(f"{path}: not readable ({str(error).splitlines()[0]})") from None


def _tables(root, config):
    table = config.get("diff_lookup_table") or {}
    try:
        words = [int(word, 16) for word in str(table.get("data", "")).replace(" ", "").split(",") if word]
        codes = np.array(words, "<u4").view(np.int8).astype(np.int64)
    except (ValueError, OverflowError):
        raise FolderError(f"{root}: BoardConfigDebug.json: diff_lookup_table is not a list of 32-bit words") from None
    if codes.size % 256:
        raise FolderError(f"{root}: BoardConfigDebug.json: diff_lookup_table has {codes.size} bytes, no tables of 256")
    return list(codes.reshape(-1, 256))
