"""The layers a network file may name: how many inputs, and the arguments of their torch constructors.

An argument is (check, default); REQUIRED has none. Arguments that the tensors of the checkpoint already say
(in_features, kernel_size, ...) default to None and must agree with the tensors when given.
"""
import dataclasses

from witin_checkpoint.errors import CheckpointError
from witin_checkpoint.settings import is_number

REQUIRED = object()


def count(value):
    return type(value) is int and value >= 1


def integer(value):
    return type(value) is int


def natural(value):
    return type(value) is int and value >= 0


def flag(value):
    return isinstance(value, bool)


def pair_of(check):
    return lambda value: check(value) or (isinstance(value, list) and len(value) == 2 and all(map(check, value)))


def list_of(check):
    return lambda value: isinstance(value, list) and len(value) > 0 and all(map(check, value))


def one_of(*names):
    return lambda value: value in names and not isinstance(value, (bool, int))


def either(*checks):
    return lambda value: value is None or any(check(value) for check in checks)


@dataclasses.dataclass(frozen=True)
class LayerType:
    name: str
    library_class: str      # None: torch, between the library's layers
    inputs: int
    arguments: dict

    @property
    def quantised(self):
        return self.library_class is not None


_CONV = {"in_channels": (either(count), None), "out_channels": (either(count), None),
         "kernel_size": (either(pair_of(count)), None), "stride": (pair_of(count), 1), "dilation": (pair_of(count), 1),
         "groups": (count, 1), "bias": (flag, True),
         "padding_mode": (one_of("zeros", "reflect", "replicate", "circular"), "zeros")}
_TYPES = [
    LayerType("linear", "WitinLinear", 1,
              {"in_features": (either(count), None), "out_features": (either(count), None), "bias": (flag, True)}),
    LayerType("conv2d", "WitinConv2d", 1,
              {**_CONV, "padding": (lambda v: pair_of(natural)(v) or one_of("same", "valid")(v), 0)}),
    LayerType("conv_transpose2d", "WitinConvTranspose2d", 1,
              {**_CONV, "padding": (pair_of(natural), 0), "output_padding": (pair_of(natural), 0)}),
    LayerType("gelu", "WitinGELU", 1, {"approximate": (one_of("none", "tanh"), "none")}),
    LayerType("sigmoid", "WitinSigmoid", 1, {}),
    LayerType("tanh", "WitinTanh", 1, {}),
    LayerType("prelu", "WitinPReLU", 1, {"num_parameters": (either(count), None), "init": (is_number, 0.25)}),
    LayerType("element_add", "WitinElementAdd", 2, {}),
    LayerType("element_mul", "WitinElementMul", 2, {}),
    LayerType("element_divide", "WitinElementDivide", 2, {}),
    LayerType("cat", "WitinCat", 2, {"dim": (integer, 1)}),
    LayerType("sqrt", "WitinSqrt", 1, {}),
    LayerType("inv_sqrt", "WitinInvSqrt", 1, {}),
    LayerType("hypot", "WitinHypot", 2, {}),
    LayerType("mean", "WitinMean", 1, {"dim": (either(integer), None), "keepdim": (flag, False)}),
    LayerType("batch_norm2d", "WitinBatchNorm2d", 1,
              {"num_features": (either(count), None), "eps": (is_number, 1e-5), "affine": (flag, True),
               "momentum": (either(is_number), 0.1), "track_running_stats": (flag, True)}),
    LayerType("cln_bn2d", "WitinClnBn2d", 1, {}),
    LayerType("mat_mul", "WitinMatMul", 2, {}),
    LayerType("relu", None, 1, {}),
    LayerType("flatten", None, 1, {"start_dim": (integer, 1), "end_dim": (integer, -1)}),
    LayerType("reshape", None, 1, {"shape": (list_of(integer), REQUIRED)}),
    LayerType("permute", None, 1, {"dims": (list_of(integer), REQUIRED)}),
    LayerType("slice", None, 1, {"dim": (integer, REQUIRED), "start": (either(integer), None),
                                 "end": (either(integer), None), "step": (count, 1)}),
    LayerType("max_pool2d", None, 1, {"kernel_size": (pair_of(count), REQUIRED),
                                      "stride": (either(pair_of(count)), None),
                                      "padding": (pair_of(natural), 0), "dilation": (pair_of(count), 1),
                                      "ceil_mode": (flag, False)}),
]
TYPES = {layer_type.name: layer_type for layer_type in _TYPES}
ALIASES = {"max_pool2d": {"kernel": "kernel_size"}}     # as published network files write it


def check_arguments(layer_type, given, where):
    """The arguments with defaults filled in."""
    aliases = ALIASES.get(layer_type.name, {})
    given = {aliases.get(key, key): value for key, value in given.items()}
    for key, value in given.items():
        if key not in layer_type.arguments:
            known = ", ".join(layer_type.arguments) or "none"
            raise CheckpointError(f"{where}: {layer_type.name} has no argument '{key}'; its arguments are: {known}")
        if not layer_type.arguments[key][0](value):
            raise CheckpointError(f"{where}/{key}: {value!r} is not a value {layer_type.name} takes")
    filled = {key: given.get(key, default) for key, (_, default) in layer_type.arguments.items()}
    missing = [key for key, value in filled.items() if value is REQUIRED]
    if missing:
        raise CheckpointError(f"{where}: {layer_type.name} needs the argument '{missing[0]}'")
    return filled
