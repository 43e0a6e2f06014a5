"""The pickle of a torch file, read as data: an interpreter for the opcodes torch writes that calls nothing.

Names in the pickle are looked up in a fixed list of what tensors are made of; any other name is an error before
anything could be called. A tensor comes out as TensorRef: which storage, which dtype, where in it.
"""
import collections
import dataclasses
import pickletools

from witin_checkpoint.errors import CheckpointError

STORAGES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "BFloat16Storage": "bfloat16",
            "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "|i1",
            "ByteStorage": "|u1", "BoolStorage": "|b1"}
HINT = "save model.state_dict() alone with torch.save, nothing else is read from a checkpoint"


@dataclasses.dataclass(frozen=True)
class Name:
    """A name that occurred in the pickle and is allowed there."""
    module: str
    name: str


@dataclasses.dataclass(frozen=True)
class Storage:
    key: str
    dtype: str
    elements: int


@dataclasses.dataclass(frozen=True)
class TensorRef:
    storage: Storage
    offset: int
    shape: tuple
    strides: tuple


ALLOWED = {Name("collections", "OrderedDict"), Name("torch._utils", "_rebuild_tensor"),
           Name("torch._utils", "_rebuild_tensor_v2"), Name("torch._utils", "_rebuild_parameter"),
           Name("torch", "Size")} | {Name("torch", storage) for storage in STORAGES}
LITERALS = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
            "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES"}
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_MARK = object()


def read_pickle(data, where):
    """What `data` describes: dict, list, tuple, numbers, strings and TensorRef. CheckpointError otherwise."""
    try:
        return _Reader(where).run(data)
    except CheckpointError:
        raise
    except Exception as error:
        raise CheckpointError(f"{where}: not a pickle this importer reads ({type(error).__name__}: "
                              f"{str(error).splitlines()[0] if str(error) else 'damaged'}); {HINT}") from None


class _Reader:
    def __init__(self, where):
        self.where, self.stack, self.memo = where, [], {}

    def run(self, data):
        for opcode, argument, _ in pickletools.genops(data):
            name = opcode.name
            if name == "STOP":
                return self.stack.pop()
            if name in LITERALS:
                self.stack.append(argument)
            elif name in CONSTANTS:
                self.stack.append(CONSTANTS[name])
            else:
                handler = getattr(self, "op_" + name.lower(), None)
                if handler is None:
                    raise CheckpointError(f"{self.where}: pickle opcode {name} is not one torch writes for tensors; "
                                          f"{HINT}")
                handler(argument)
        raise CheckpointError(f"{self.where}: the pickle has no end")

    def marked(self):
        """Pops everything above the last mark, and the mark."""
        items = []
        while (item := self.stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def op_proto(self, _):
        pass

    op_frame = op_proto

    def op_mark(self, _):
        self.stack.append(_MARK)

    def op_pop(self, _):
        self.stack.pop()

    def op_pop_mark(self, _):
        self.marked()

    def op_dup(self, _):
        self.stack.append(self.stack[-1])

    def op_empty_dict(self, _):
        self.stack.append({})

    def op_empty_list(self, _):
        self.stack.append([])

    def op_empty_tuple(self, _):
        self.stack.append(())

    def op_tuple(self, _):
        self.stack.append(tuple(self.marked()))

    def op_tuple1(self, _):
        self._tuple(1)

    def op_tuple2(self, _):
        self._tuple(2)

    def op_tuple3(self, _):
        self._tuple(3)

    def _tuple(self, count):
        items = tuple(self.stack[-count:])
        del self.stack[-count:]
        self.stack.append(items)

    def op_list(self, _):
        self.stack.append(self.marked())

    def op_dict(self, _):
        self.stack.append(_pairs(self.marked()))

    def op_append(self, _):
        item = self.stack.pop()
        self._top(list).append(item)

    def op_appends(self, _):
        items = self.marked()
        self._top(list).extend(items)

    def op_setitem(self, _):
        value, key = self.stack.pop(), self.stack.pop()
        self._top(dict)[key] = value

    def op_setitems(self, _):
        items = self.marked()
        self._top(dict).update(_pairs(items))

    def _top(self, kind):
        if not isinstance(self.stack[-1], kind):
            raise CheckpointError(f"{self.where}: the pickle fills a {type(self.stack[-1]).__name__} as a "
                                  f"{kind.__name__}")
        return self.stack[-1]

    def op_put(self, index):
        self.memo[int(index)] = self.stack[-1]

    op_binput = op_long_binput = op_put

    def op_memoize(self, _):
        self.memo[len(self.memo)] = self.stack[-1]

    def op_get(self, index):
        self.stack.append(self.memo[int(index)])

    op_binget = op_long_binget = op_get

    def op_global(self, argument):
        module, _, name = argument.partition(" ")
        self._name(module, name)

    def op_stack_global(self, _):
        name, module = self.stack.pop(), self.stack.pop()
        self._name(module, name)

    def _name(self, module, name):
        if Name(module, name) not in ALLOWED:
            raise CheckpointError(f"{self.where}: the file wants {module}.{name}, which is not part of a state dict; "
                                  f"nothing was executed; {HINT}")
        self.stack.append(Name(module, name))

    def op_binpersid(self, _):
        identity = self.stack.pop()
        if (not isinstance(identity, tuple) or len(identity) not in (5, 6) or identity[0] != "storage"
                or not isinstance(identity[1], Name) or identity[1].name not in STORAGES
                or not isinstance(identity[2], str) or type(identity[4]) is not int
                or (len(identity) == 6 and identity[5] is not None)):
            raise CheckpointError(f"{self.where}: a storage is described in a way torch does not write")
        self.stack.append(Storage(identity[2], STORAGES[identity[1].name], identity[4]))

    def op_reduce(self, _):
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise CheckpointError(f"{self.where}: the pickle calls something that has no name; nothing was executed")
        self.stack.append(self._build(function, arguments))

    def _build(self, function, arguments):
        if function.name == "OrderedDict" and len(arguments) <= 1:
            return collections.OrderedDict(_items(arguments[0]) if arguments else [])
        if function.name == "Size" and len(arguments) == 1:
            return tuple(arguments[0])
        if function.name == "_rebuild_parameter" and arguments and isinstance(arguments[0], TensorRef):
            return arguments[0]
        if function.name.startswith("_rebuild_tensor") and len(arguments) >= 4 and isinstance(arguments[0], Storage):
            storage, offset, shape, strides = arguments[:4]
            if all(_counts(v) for v in (shape, strides)) and len(shape) == len(strides) and _counts((offset,)):
                return TensorRef(storage, offset, tuple(shape), tuple(strides))
        raise CheckpointError(f"{self.where}: {function.module}.{function.name} is given arguments torch does not "
                              f"write")

    def op_build(self, _):
        """The attributes of an OrderedDict (torch's _metadata): no value of the state dict is among them."""
        self.stack.pop()
        self._top(dict)


def _counts(values):
    return isinstance(values, tuple) and all(type(v) is int and v >= 0 for v in values)


def _pairs(items):
    if len(items) % 2:
        raise CheckpointError("a dictionary of the pickle has a key without a value")
    return dict(zip(items[::2], items[1::2]))


def _items(argument):
    """The pairs an OrderedDict was made from, in either of the two forms pickles have."""
    return list(argument.items()) if isinstance(argument, dict) else [(key, value) for key, value in argument]
