"""lstm, gru, gru_single, gru2array: one step a frame, state from zero, every intermediate a field of the trace.

Formulas: sim/arith/numerics.md and the vendor's traces; `gate` and `shift` are those of wtm2101.py. Fields carry the
names of the published traces.
"""
import numpy as np

from noise import Matrix, NoisyRule
from rules import I64, OutputRule, clip, dot, shifted, signed
from wtm2101 import clip8, gate, lut256

INT8 = signed(8)


class Cell:
    """What the four operators share: matrices with their output rule, tables, and the walk over the frames."""

    def __init__(self, node):
        self.node = node
        self.rounding = node.get("rounding", "half_up")
        self.x = node.x.reshape(len(node.x), -1)
        self._acc, self._v, self._frame = [], [], 0

    def matrices(self, *names):
        """Of each name: codes -> array(codes, weight_NAME, bias_NAME, g_NAME), 8 bits; accumulators are kept for the
        trace, in this order."""
        if self.node.noise is not None:
            return self._noisy_matrices(names)
        return [self._matrix(name) for name in names]

    def _noisy_matrices(self, names):
        """Blocks on the diagonal of one matrix; a pass is frame * matrices + matrix."""
        noise = self.node.noise
        if noise.model.mbs:
            self.node.refuse("mbs has no law for the signed state of a recurrent cell")
        weights = [self.node.tensor(f"weight_{name}") for name in names]
        rows, columns = (np.cumsum([0] + [weight.shape[i] for weight in weights]) for i in (0, 1))

        def make(i, name):
            weight = weights[i]
            bias = np.broadcast_to(self.node.tensor(f"bias_{name}", np.zeros(1, I64)), weight.shape[1])
            matrix = Matrix(noise, weight, bias, rows[i] + np.arange(len(weight)), rows[-1], columns[-1], columns[i],
                            first_bias_row=8 * i)
            rule = NoisyRule(OutputRule(self.node, f"g_{name}"))

            def apply(u):
                acc, v, y = rule(*matrix.accumulate(u[None], np.array([self._frame * len(names) + i]), rule.g))
                self._acc.append(acc[0])
                self._v.append(None if v is None else v[0])
                return y[0]

            return apply

        return [make(i, name) for i, name in enumerate(names)]

    def _matrix(self, name):
        weight, bias = self.node.tensor(f"weight_{name}"), self.node.tensor(f"bias_{name}", np.zeros(1, I64))
        rule = OutputRule(self.node, f"g_{name}")

        def apply(u):
            acc = dot(u, weight) + bias
            self._acc.append(acc)
            self._v.append(rule.v(acc))
            return rule(acc)

        return apply

    def shift(self, values, bits):
        return shifted(values, bits, self.rounding)

    def gate(self, values, table):
        """T(values); a sum of two gates goes to int8 first where saturate_sums says so."""
        return gate(clip8(values) if self.node.get("saturate_sums", False) else values, table)

    def zr(self, gates, table):
        """(z, r) of gates whose columns stand in attribute `order`."""
        first, second = np.split(gate(gates, table), 2)
        return (first, second) if self.node.get("order", "zr") == "zr" else (second, first)

    def run(self, step, units, states):
        """step(x, *states) -> (states, {field: values}); the last state is the output."""
        reset, frames = self.node.get("reset_every", 0), {}
        zero = [np.zeros(units, I64) for _ in range(states)]
        state = zero
        for t, x in enumerate(self.x):
            if reset and t % reset == 0:
                state = zero
            self._acc, self._v, self._frame = [], [], t
            state, fields = step(x, *state)
            fields["npu_acc"] = np.concatenate(self._acc)
            if self._v[0] is not None:
                fields["npu_v"] = np.concatenate(self._v)
            for name, values in {**fields, "npu_y": state[-1]}.items():
                frames.setdefault(name, []).append(values)
        return {name: np.array(values) for name, values in frames.items()}


def lstm(node):
    cell = Cell(node)
    ifo, candidate = cell.matrices("ifo", "c")
    table_gate, table_cell, table_output = (node.tensor(f"table_{t}") for t in ("gate", "cell", "output"))
    shifts = node.get("shifts", [0, 0, -7, -7])

    def step(x, c, h):
        u = np.concatenate([x, h])
        gates_ifo, gates_c = ifo(u), candidate(u)
        i, f, o = np.split(gate(gates_ifo, table_gate), 3)
        ctl = gate(gates_c, table_cell)
        fc, ic = f * c, i * ctl
        new_c = clip8(cell.shift(cell.shift(fc, shifts[0]) + cell.shift(ic, shifts[1]), shifts[2]))
        tanh = gate(new_c, table_output) if table_output.size == 1024 else lut256(new_c, table_output)
        new_h = clip8(cell.shift(o * tanh, shifts[3]))
        return (new_c, new_h), {"inp": u, "h_in": h, "c_in": c, "gates_ifo": gates_ifo, "gates_c": gates_c, "i": i,
                                "f": f, "o": o, "ctl": ctl, "fc": fc, "ic": ic, "cx": new_c, "cy_tanh": tanh}

    return cell.run(step, node.tensor("weight_c").shape[1], 2), INT8


def gru(node):
    """n = T1(in + (r * hn >> 7)); h' = (ones - z) n + z h"""
    cell = Cell(node)
    zr, hn, inn = cell.matrices("zr", "hn", "in")
    sigmoid, tanh = node.tensor("table_sigmoid"), node.tensor("table_tanh")
    shifts, ones = node.get("shifts", [-7, -7]), node.get("ones", 128)

    def step(x, h):
        u = np.concatenate([x, h])
        gates_zr, from_h, from_x = zr(u), hn(h), inn(x)
        z, r = cell.zr(gates_zr, sigmoid)
        n = cell.gate(from_x + cell.shift(r * from_h, shifts[0]), tanh)
        return (clip8(cell.shift((ones - z) * n + z * h, shifts[1])),), {
            "inp": u, "h_in": h, "gates_zr": gates_zr, "hn": from_h, "in": from_x, "z": z, "r": r, "n": n}

    return cell.run(step, node.tensor("weight_hn").shape[1], 1), INT8


def gru_single(node):
    """n = T1([r * h >> 7, x] W); h' = (ones - z) h + z n; rows of both matrices: h first, then x"""
    cell = Cell(node)
    zr, candidate = cell.matrices("zr", "h")
    sigmoid, tanh = node.tensor("table_sigmoid"), node.tensor("table_tanh")
    shifts, ones = node.get("shifts", [-7, -7]), node.get("ones", 128)

    def step(x, h):
        u = np.concatenate([h, x])
        gates_zr = zr(u)
        z, r = cell.zr(gates_zr, sigmoid)
        inp_h = np.concatenate([clip8(cell.shift(r * h, shifts[0])), x])
        gates_h = candidate(inp_h)
        n = gate(gates_h, tanh)
        return (clip8(cell.shift((ones - z) * h + z * n, shifts[1])),), {
            "inp": u, "h_in": h, "gates_zr": gates_zr, "z": z, "r": r, "inp_h": inp_h, "gates_h": gates_h, "n": n}

    return cell.run(step, node.tensor("weight_h").shape[1], 1), INT8


def gru2array(node):
    """gx and gh apart, columns z, r, n; z = T0(gx_z + gh_z) on the 9-bit sum; h' = n - (z (n - h) >> 7)"""
    cell = Cell(node)
    from_x, from_h = cell.matrices("x", "h")
    sigmoid, tanh = node.tensor("table_sigmoid"), node.tensor("table_tanh")
    shifts, ones = node.get("shifts", [-7, -7, 0, 0]), node.get("ones", 128)
    limits = node.get("state_min", -127), 127

    def step(x, h):
        gx, gh = from_x(x), cell.shift(from_h(h), node.get("hidden_shift", 0))
        (xz, xr, xn), (hz, hr, hn) = np.split(gx, 3), np.split(gh, 3)
        z, r = cell.gate(xz + hz, sigmoid), cell.gate(xr + hr, sigmoid)
        n = cell.gate(xn + cell.shift(r * hn, shifts[0]), tanh)
        if ones == 128 and shifts[1:] == [-7, 0, 0]:
            new_h = n - cell.shift(z * (n - h), -7)
        else:
            new_h = cell.shift(cell.shift((ones - z) * n, shifts[2]) + cell.shift(z * h, shifts[3]), shifts[1])
        return (clip(new_h, limits),), {"inp": x, "h_in": h, "gx": gx, "gh": gh, "z": z, "r": r, "n": n}

    return cell.run(step, node.tensor("weight_h").shape[0], 1), limits


OPERATORS = {"lstm": lstm, "gru": gru, "gru_single": gru_single, "gru2array": gru2array}
