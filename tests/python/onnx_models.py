"""Small models of the mapper's dialect, and their comparison with the reference's own executor of ONNX files."""
import os
import subprocess
import tempfile
import unittest

import numpy as np

import run_package
import wpkg
import wtm2101
from onnx_dialect.importer import Options, build


def node(op, inputs, outputs, name="", **attributes):
    return op, inputs, outputs, name, attributes


def write_model(path, nodes, inputs, outputs, constants):
    """inputs, outputs: {name: shape}. constants: {name: array}, stored as float32 as the dialect does."""
    import onnx
    from onnx import helper, numpy_helper
    protos = []
    for op, reads, writes, name, attributes in nodes:
        proto = helper.make_node(op, reads, writes, name=name)
        for key, value in attributes.items():
            if isinstance(value, np.ndarray):
                value = numpy_helper.from_array(value.astype(np.float32), key)
            elif isinstance(value, list) and value and isinstance(value[0], np.ndarray):
                value = [numpy_helper.from_array(v.astype(np.float32), f"{key}{i}") for i, v in enumerate(value)]
            proto.attribute.append(helper.make_attribute(key, value))
        protos.append(proto)
    info = lambda values: [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in values.items()]
    graph = helper.make_graph(protos, "graph", info(inputs), info(outputs), [
        numpy_helper.from_array(np.asarray(v, np.float32), n) for n, v in constants.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)]), path)


def frames(package, rng, count):
    """Random codes over the whole declared range of every input."""
    return {entry["name"]: rng.integers(package.input_range(entry)[0], package.input_range(entry)[1] + 1,
                                        [count] + entry["shape"]) for entry in package.inputs}


def is_stream(package):
    return any(n.get("attributes", {}).get("streaming") for n in package.nodes)


def set_time(graph, frames):
    """The model's Reshapes name its number of time steps; fewer frames make the same network faster to run."""
    time = graph.m.graph.input[0].type.tensor_type.shape.dim[3].dim_value
    for op, _, inputs, _, _ in graph.nodes:
        if op == "Reshape":
            target = graph.init[inputs[1]]
            graph.init[inputs[1]] = np.where(target == time, frames, target)


class ModelTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "model.onnx")
        self.rng = np.random.default_rng(7)

    def imported(self, path=None, **options):
        """The package as another tool reads it."""
        target = os.path.join(self.folder, "model.wpkg")
        build(path or self.path, Options(**options)).write(target)
        return wpkg.Package.read(target)

    def assert_like_simulator(self, package, inputs, results):
        """Every field of the full trace that the simulator $WITIN_SIM writes equals the oracle's, types included."""
        if not os.environ.get("WITIN_SIM"):
            return
        place = lambda name: os.path.join(self.folder, name)
        command = [os.environ["WITIN_SIM"], "run", place("model.wpkg"), "--trace", place("found"), "--trace-level",
                   "full"]
        for name, values in inputs.items():
            np.save(place(f"{name}.npy"), wpkg.codes(values, name))
            command += ["--input", f"{name}={place(name + '.npy')}"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        run_package.write_trace(place("expected"), package, results, "full")
        (expected_header, expected), (found_header, found) = (wpkg.read_trace(place(f)) for f in ("expected", "found"))
        nodes = [{key: value for key, value in node.items() if not key.startswith("x-")}
                 for node in found_header["nodes"]]
        self.assertEqual(nodes, expected_header["nodes"])
        for name, fields in expected.items():
            for field, values in fields.items():
                self.assertEqual(found[name][field].dtype, values.dtype, f"{name}/{field}")
                self.assertTrue(np.array_equal(found[name][field], values), f"{name}/{field}")

    def assert_like_reference(self, path=None, count=12, crop_time=True, expected_nodes=None, inputs=None, **options):
        """Every value of the ONNX graph that the package computes equals the reference's.

        Returns (package, results)."""
        path = path or self.path
        package = self.imported(path, **options)
        stream = is_stream(package)
        inputs = inputs or frames(package, self.rng, count)
        feeds = {name: values.transpose(3, 1, 2, 0) if stream and values.ndim == 4 else values
                 for name, values in inputs.items()}
        kept = {}
        graph = wtm2101.Graph(path, crop_time=crop_time, h_min=options.get("state_min", -127))
        if stream:
            set_time(graph, count)
        graph.run(feeds, kept)
        results, compared = run_package.run(package, inputs), 0
        for entry in package.nodes:
            if "x-onnx" not in entry:
                continue
            expected, found = kept[entry["x-onnx"]], results[entry["name"]]["npu_y"]
            if stream and expected.ndim == 4:
                expected = expected.transpose(3, 1, 2, 0)
            self.assertEqual(found.shape, expected.shape, entry["name"])
            self.assertEqual(list(found.shape[1:]), list(results[entry["name"]]["npu_y"].shape[1:]))
            self.assertEqual(int((found != expected).sum()), 0, entry["name"])
            compared += 1
        self.assertGreater(compared, 0)
        self.assert_like_simulator(package, inputs, results)
        values = {name for name in kept if not name.startswith("trace:")}
        self.assertEqual(values - {entry.get("x-onnx") for entry in package.nodes}, set())
        if expected_nodes is not None:
            self.assertEqual([(n["name"], n["op"]) for n in package.nodes], expected_nodes)
        return package, results
