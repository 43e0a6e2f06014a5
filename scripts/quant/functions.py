"""Functions of one float that ONNX knows, and what an operator with one constant operand makes of its other operand.

unary(op, attrs, ref)            Relu, Sigmoid, ...: a Function, or None where the operator is not one
with_constant(op, c, x, left)    Add, Sub, Mul, Div, Pow, Min, Max with the scalar c on the other side
of_two(op, f, g)                 both operands are functions of the same value
"""
import math

import numpy as np

from .float_ops import sigmoid
from .graph import Function

_erf = np.frompyfunc(math.erf, 1, 1)


def erf(x):
    return np.asarray(_erf(x), np.float64)


def softplus(x):
    return np.logaddexp(0, x)


def _table(a):
    """{operator: (text, call)}; a(name, default) reads an attribute."""
    return {
        "Relu": ("relu({})", lambda x: np.maximum(x, 0)),
        "LeakyRelu": ("leaky_relu({})", lambda x: np.where(x < 0, a("alpha", 0.01) * x, x)),
        "Elu": ("elu({})", lambda x: np.where(x < 0, a("alpha", 1.0) * np.expm1(np.minimum(x, 0)), x)),
        "Selu": ("selu({})", lambda x: a("gamma", 1.05070102214813232421875)
                 * np.where(x < 0, a("alpha", 1.67326319217681884765625) * np.expm1(np.minimum(x, 0)), x)),
        "Celu": ("celu({})", lambda x: np.maximum(x, 0) + np.minimum(
            0, a("alpha", 1.0) * np.expm1(np.minimum(x, 0) / a("alpha", 1.0)))),
        "ThresholdedRelu": ("thresholded_relu({})", lambda x: np.where(x > a("alpha", 1.0), x, 0)),
        "Sigmoid": ("sigmoid({})", sigmoid),
        "Tanh": ("tanh({})", np.tanh),
        "HardSigmoid": ("hard_sigmoid({})", lambda x: np.clip(a("alpha", 0.2) * x + a("beta", 0.5), 0, 1)),
        "HardSwish": ("hard_swish({})", lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
        "Softplus": ("softplus({})", softplus),
        "Softsign": ("softsign({})", lambda x: x / (1 + np.abs(x))),
        "Mish": ("mish({})", lambda x: x * np.tanh(softplus(x))),
        "Erf": ("erf({})", erf),
        "Abs": ("abs({})", np.abs),
        "Exp": ("exp({})", np.exp),
        "Log": ("log({})", np.log),
        "Sqrt": ("sqrt({})", np.sqrt),
        "Reciprocal": ("1/{}", lambda x: 1 / x),
        "Sin": ("sin({})", np.sin),
        "Cos": ("cos({})", np.cos),
        "Atan": ("atan({})", np.arctan),
        "Sign": ("sign({})", np.sign),
        "Floor": ("floor({})", np.floor),
        "Ceil": ("ceil({})", np.ceil),
        "Round": ("round({})", np.rint),
    }


def unary(op, attrs, function):
    """The operator after `function`, or None."""
    if op == "Neg":
        return function.then("-{}", np.negative, (-1.0, 0.0))
    entry = _table(lambda name, default: attrs.get(name, default)).get(op)
    return function.then(*entry) if entry else None


def is_relu(function):
    return function.text == "relu(x)"


def clip(function, low, high):
    if low == 0 and high == math.inf:
        return unary("Relu", {}, function)
    return function.then(f"clip({{}}, {low:g}, {high:g})", lambda x: np.clip(x, low, high))


def with_constant(op, constant, function, constant_first):
    """Function of `function` and the scalar, or None."""
    c = float(constant)
    if op == "Add":
        return function.then(f"({{}} + {c:g})", lambda x: x + c, (1.0, c))
    if op == "Sub" and constant_first:
        return function.then(f"({c:g} - {{}})", lambda x: c - x, (-1.0, c))
    if op == "Sub":
        return function.then(f"({{}} - {c:g})", lambda x: x - c, (1.0, -c))
    if op == "Mul":
        return function.then(f"{c:g} {{}}", lambda x: c * x, (c, 0.0))
    if op == "Div" and constant_first:
        return function.then(f"({c:g} / {{}})", lambda x: c / x)
    if op == "Div":
        return function.then(f"{{}} / {c:g}", lambda x: x / c, (1 / c, 0.0)) if c else None
    if op == "Pow" and not constant_first:
        return function.then(f"{{}}^{c:g}", lambda x: np.power(x, c))
    if op == "Min":
        return clip(function, -math.inf, c)
    if op == "Max":
        return clip(function, c, math.inf)
    return None


def of_two(op, f, g):
    """f(x) op g(x) as one Function of x, or None."""
    call = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Min": np.minimum,
            "Max": np.maximum}.get(op)
    if call is None:
        return None
    affine = None
    if f.affine and g.affine and op in ("Add", "Sub"):
        sign = 1 if op == "Add" else -1
        affine = f.affine[0] + sign * g.affine[0], f.affine[1] + sign * g.affine[1]
    sign = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/"}.get(op, op.lower())
    return Function(f"({f.text} {sign} {g.text})", lambda x: call(f(x), g(x)), affine)
