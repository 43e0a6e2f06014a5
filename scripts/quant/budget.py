"""Chooses which values get more than 8 bits.

The cost is the mean width of the codes that array layers read, each layer weighted by its multiplications; the budget
is an upper bound of it, 8 to 12. Step by step the value whose extra bit raises the network's output SQNR most per cost
gets it.

What can be wide: inputs of the network on both profiles, outputs of linear and tdnn layers on the training library's
only (the chip's converter gives 8 bits); read by array layers alone, without groups on the training library.
"""
import numpy as np

from .graph import ARRAY
from .plan import Plan, Tied, rows_of

HIGHEST = 12


def multiplications(graph, layer):
    return rows_of(layer) * int(np.prod(layer.shape))


def readers(graph, name):
    """Array layers that read the value's codes, through movement, pools and ReLU."""
    found = []
    for user in graph.users(name):
        if user.op in ARRAY:
            found.append(user)
        elif user.op in ("relu", "max_pool", "reshape", "permute", "slice"):
            found += readers(graph, user.name) or [None]
        else:
            found.append(None)
    return found


def candidates(graph, options):
    names = list(graph.inputs)
    if options.arithmetic == "witin_nn":
        names += [layer.name for layer in graph.layers if layer.op in ("linear", "tdnn")]
    found = []
    for name in names:
        users = readers(graph, name)
        if not users or None in users or name in graph.outputs:
            continue
        if options.arithmetic == "witin_nn" and any(u.attrs.get("groups", 1) != 1 for u in users):
            continue
        found.append(name)
    return found


def mean_width(graph, widths):
    """The cost of {value: bits}."""
    total = weighted = 0
    by_reader = {}
    for name, bits in widths.items():
        for layer in readers(graph, name):
            by_reader[layer.name] = max(bits, by_reader.get(layer.name, 8))
    for layer in graph.layers:
        if layer.op in ARRAY:
            work = multiplications(graph, layer)
            total += work
            weighted += work * by_reader.get(layer.name, 8)
    return weighted / total if total else 8.0


def choose(graph, stats, options, measure):
    """({value: bits}, [(value, bits, dB, mean width) of every step]). measure(plan): output SQNR in dB."""
    widths, steps = {}, []
    names = candidates(graph, options)
    if options.bits_budget <= 8 or not names:
        return widths, steps
    best = measure(Plan(graph, stats, options, widths))
    while True:
        tries = []
        for name in names:
            for bits in range(widths.get(name, 8) + 1, HIGHEST + 1):
                wider = {**widths, name: bits}
                cost = mean_width(graph, wider)
                if cost <= options.bits_budget + 1e-9:
                    try:
                        gain = measure(Plan(graph, stats, options, wider)) - best
                    except Tied:
                        continue
                    tries.append((gain / max(cost - mean_width(graph, widths), 1e-9), gain, name, bits))
        tries = [t for t in tries if t[1] > 0.01]
        if not tries:
            return widths, steps
        _, gain, name, bits = max(tries)
        widths[name], best = bits, best + gain
        steps.append((name, bits, best, mean_width(graph, widths)))
