"""A golden case: a folder with a package, its input and what must come out. golden/README.md is its contract.

    write_case(...)   computes or takes the expected values, writes the folder
    problems(folder)  [] if every digest holds and the NumPy oracle reproduces every expected value

The oracle is scripts/reference/run_package.py, which shares no code with the simulator.
"""
import json
import os
import shutil
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "reference")]

import run_package  # noqa: E402
import wpkg  # noqa: E402

FORMAT, VERSION = "witin.case", 1


def accuracy(scores, labels):
    """Share of frames whose largest score (the first of equals) is the label's."""
    return float((scores.reshape(len(scores), -1).argmax(1) == labels).mean())


def input_files(names):
    """{input name: file name}."""
    return {name: "input.npy" if len(names) == 1 else f"input_{name}.npy" for name in names}


def smallest(values):
    """`values` in the first of uint8, int8, int16, uint16 that holds them, C order."""
    for dtype in (np.uint8, np.int8, np.int16, np.uint16):
        if np.iinfo(dtype).min <= values.min() and values.max() <= np.iinfo(dtype).max:
            return np.ascontiguousarray(values, dtype)
    raise ValueError(f"codes {values.min()}..{values.max()} do not fit 16 bits")


def write_case(folder, package, inputs, description, regenerate, labels=None, expected=None, tools=None):
    """Writes the case in place of `folder`.

    inputs: {name: codes [frames, *shape]}. expected: measured codes of the only output; the oracle must agree. Without
    them the oracle's values of every node are the expectation (expected.wtrace). tools: {name: version} of what beside
    numpy made the package.
    """
    parent = os.path.dirname(os.path.abspath(folder))
    os.makedirs(parent, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as scratch:
        place = lambda name: os.path.join(scratch, name)
        package.write(place("model.wpkg"))
        results = run_package.run(package, inputs)
        output = results[package.outputs[0]]["npu_y"]
        files = input_files(list(inputs))
        for name, values in inputs.items():
            np.save(place(files[name]), smallest(np.asarray(values)))
        case = {"format": FORMAT, "version": VERSION, "name": package.name, "description": description,
                "regenerate": regenerate, "producer": {**versions(package.producer), **(tools or {})},
                "arithmetic": package.arithmetic, "model": "model.wpkg", "inputs": files, "frames": len(output)}
        if labels is not None:
            np.save(place("labels.npy"), np.asarray(labels, np.uint8))
            case.update(labels="labels.npy", accuracy=accuracy(output, labels))
        if expected is None:
            run_package.write_trace(place("expected.wtrace"), package, results)
            case["expected"] = "expected.wtrace"
        else:
            if not np.array_equal(output, expected):
                wrong = int((output != expected).sum())
                raise ValueError(f"{package.name}: {wrong} of {expected.size} measured values differ from the oracle's")
            np.save(place("expected.npy"), np.ascontiguousarray(wpkg.codes(expected, "expected")))
            case["expected"] = "expected.npy"
        case["files"] = {name: {"bytes": os.path.getsize(place(name)), "sha256": wpkg.file_sha256(place(name))}
                         for name in sorted(os.listdir(scratch))}
        with open(place("case.json"), "w", encoding="utf-8") as stream:
            json.dump(case, stream, indent=2)
            stream.write("\n")
        if os.path.isdir(folder):
            shutil.rmtree(folder)
        os.makedirs(folder)
        for name in os.listdir(scratch):
            shutil.move(place(name), os.path.join(folder, name))
    return case


def versions(producer):
    return {"program": producer, "python": ".".join(map(str, sys.version_info[:3])), "numpy": np.__version__}


def load_case(folder):
    """(case, package, {input name: codes}, labels or None)."""
    place = lambda name: os.path.join(folder, name)
    with open(place("case.json"), encoding="utf-8") as stream:
        case = json.load(stream)
    package = wpkg.Package.read(place(case["model"]))
    inputs = {name: np.load(place(file), allow_pickle=False) for name, file in case["inputs"].items()}
    labels = np.load(place(case["labels"]), allow_pickle=False) if "labels" in case else None
    return case, package, inputs, labels


def problems(folder):
    """What is wrong with the case, one line each."""
    place = lambda name: os.path.join(folder, name)
    with open(place("case.json"), encoding="utf-8") as stream:
        listed = json.load(stream)["files"]
    found = [f"{name}: sha256 differs from case.json's" for name, entry in listed.items()
             if not os.path.isfile(place(name)) or wpkg.file_sha256(place(name)) != entry["sha256"]]
    found += [f"{name}: not in case.json" for name in os.listdir(folder) if name not in listed and name != "case.json"]
    try:
        return found + value_problems(folder)
    except (ValueError, OSError) as error:
        return found + [str(error).splitlines()[0]]


def value_problems(folder):
    """Expected values, frames and accuracy against the oracle, whatever the digests say."""
    case, package, inputs, labels = load_case(folder)
    results = run_package.run(package, inputs)
    output = results[package.outputs[0]]["npu_y"]
    found = []
    if case["frames"] != len(output):
        found.append(f"case.json says {case['frames']} frames, the oracle computes {len(output)}")
    if labels is not None and case["accuracy"] != accuracy(output, labels):
        found.append(f"case.json says accuracy {case['accuracy']}, the oracle has {accuracy(output, labels)}")
    if case["expected"] == "expected.npy":
        pairs = {package.outputs[0]: (output, np.load(os.path.join(folder, "expected.npy"), allow_pickle=False))}
    else:
        header, values = wpkg.read_trace(os.path.join(folder, case["expected"]))
        if header["package"]["sha256"] != package.sha256:
            found.append(f"{case['expected']}: made from another package ({header['package']['sha256']})")
        names = [node["name"] for node in package.nodes]
        if sorted(values) != sorted(names):
            found.append(f"{case['expected']}: nodes {sorted(values)}, expected {sorted(names)}")
        pairs = {name: (results[name]["npu_y"], values[name]["npu_y"]) for name in names if name in values}
    for name, (computed, expected) in pairs.items():
        if computed.shape != expected.shape:
            found.append(f"{name}: expected shape {list(expected.shape)}, the oracle computes {list(computed.shape)}")
        elif not np.array_equal(computed, expected):
            wrong = computed != expected
            index = tuple(int(i) for i in np.argwhere(wrong)[0])
            found.append(f"{name}: {int(wrong.sum())} of {wrong.size} values differ, the first at {list(index)}: "
                         f"expected {expected[index]}, the oracle computes {computed[index]}")
    return found
