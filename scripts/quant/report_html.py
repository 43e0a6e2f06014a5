"""The report as one HTML page: no scripts, no other files; pictures are inline SVG."""
from html import escape

STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 76em; padding: 0 1em; color: #1c2733; }
h1 { font-size: 1.5em; margin-bottom: 0; } h2 { font-size: 1.1em; margin-top: 2em; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; border-bottom: 2px solid #90a4b4; }
td, th { padding: .25em .7em .25em 0; vertical-align: middle; white-space: nowrap; }
tr + tr td { border-top: 1px solid #dde5ea; }
.n { text-align: right; font-variant-numeric: tabular-nums; } .quiet { color: #61727f; } .bad { color: #b3261e; }
svg { display: block; } li { margin: .2em 0; }
"""
GOOD, POOR = 40.0, 20.0      # dB


def histogram(entry, width=180, height=36):
    """The float values' distribution; the shaded part is what the codes show."""
    counts, limit = entry["histogram"]["counts"], entry["histogram"]["limit"]
    if not limit:
        return ""
    used = [k for k, c in enumerate(counts) if c]
    reach = max(abs(used[0] - len(counts) / 2), abs(used[-1] + 1 - len(counts) / 2)) / (len(counts) / 2)
    reach = min(1.0, reach * 1.05) * limit
    place = lambda v: (max(-reach, min(reach, v)) + reach) / (2 * reach) * width
    top, step = max(counts) ** 0.5, 2 * limit / len(counts)
    left, right = (place(v) for v in entry["shown"])
    parts = [f'<svg width="{width}" height="{height}" role="img" aria-label="distribution">',
             f'<rect x="{left:.1f}" y="0" width="{right - left:.1f}" height="{height}" fill="#e3f0ea"/>']
    for k in used:
        x, end = place(-limit + k * step), place(-limit + (k + 1) * step)
        tall = counts[k] ** 0.5 / top * (height - 2)
        parts.append(f'<rect x="{x:.1f}" y="{height - tall:.1f}" width="{max(end - x - 0.3, 0.5):.1f}" '
                     f'height="{tall:.1f}" fill="#3b6ea5"/>')
    parts.append(f'<line x1="{place(0):.1f}" x2="{place(0):.1f}" y1="0" y2="{height}" stroke="#90a4b4" '
                 'stroke-width=".7"/>')
    return "".join(parts) + "</svg>"


def bar(decibels, width=120):
    """SQNR from 0 to 60 dB."""
    if decibels is None:
        return '<span class="quiet">exact</span>'
    colour = "#2e7d5b" if decibels >= GOOD else "#c98a1b" if decibels >= POOR else "#b3261e"
    length = max(0.0, min(decibels, 60.0)) / 60 * width
    return (f'<svg width="{width + 60}" height="16"><rect y="3" width="{length:.1f}" height="10" fill="{colour}"/>'
            f'<text x="{length + 5:.1f}" y="12.5" font-size="12" fill="#1c2733">{decibels:.1f}</text></svg>')


def table_row(entry):
    parts, g = entry.get("array", []), entry.get("g", "")
    shown_g = " ".join(f"{v:g}" for v in g.values()) if isinstance(g, dict) else f"{g:g}" if g else ""
    saturated = entry.get("saturated")
    cells = [
        (escape(entry["name"]), ""), (escape(entry["op"]), "quiet"), (histogram(entry), ""),
        (f"{entry['low']:.4g} .. {entry['high']:.4g}", "n"), (f"{entry['scale']:g}", "n"),
        (str(entry.get("x_bits", entry["bits"])), "n"),
        (f"{entry['scale_weight']:g}" if "scale_weight" in entry else "", "n"),
        (shown_g, "n"), (escape(entry.get("neg_in", entry["codes"] if entry["op"] == "input" else "")), ""),
        ("" if entry["op"] == "input" else bar(entry["sqnr_db"]), ""),
        ("" if saturated is None else f"{100 * saturated:.2f}", "n bad" if saturated and saturated > 0.01 else "n"),
        ("<br>".join(f"{p['rows']} x {p['columns']}" for p in parts), "n"),
        (f"{100 * sum(p['share'] for p in parts):.2f}" if parts else "", "n")]
    return "<tr>" + "".join(f'<td class="{kind}">{text}</td>' for text, kind in cells) + "</tr>"


def page(doc):
    head = ("layer", "op", "values, shaded: shown by codes", "range", "scale", "bits", "weight scale", "g", "neg_in",
            "SQNR, dB", "saturated %", "rows x columns", "array %")
    options = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in doc["options"].items())
    notes = [f"{e['name']}: {note}" for e in doc["layers"] for note in e["notes"]] + doc["notes"]
    notes += [f"{s['value']} gets {s['bits']} bits: output SQNR {s['output_sqnr_db']} dB" for s in doc["bits"]["steps"]]
    total = "exact" if doc["output_sqnr_db"] is None else f"{doc['output_sqnr_db']:.1f} dB"
    facts = [f"output SQNR <b>{total}</b> over {doc['frames']} frames",
             f"{100 * doc['array']['share']:.2f} % of one array",
             f"mean width of array inputs {doc['bits']['mean']:.2f} bits"]
    if doc["accuracy"]:
        facts.append(f"accuracy: float <b>{100 * doc['accuracy']['float']:.2f} %</b>, quantised "
                     f"<b>{100 * doc['accuracy']['quantised']:.2f} %</b> of {doc['accuracy']['samples']} samples")
    rows = "\n".join(table_row(entry) for entry in doc["inputs"] + doc["layers"])
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(doc['network'])}: quantisation</title>
<style>{STYLE}</style></head>
<body>
<h1>{escape(doc['network'])}</h1>
<p class="quiet">quantised for {escape(doc['arithmetic'])} by {escape(doc['producer'])}; {escape(options)}</p>
<p>{" &middot; ".join(facts)}</p>
<table><thead><tr>{"".join(f"<th>{escape(h)}</th>" for h in head)}</tr></thead><tbody>
{rows}
</tbody></table>
{"<h2>Notes</h2><ul>" + "".join(f"<li>{escape(n)}</li>" for n in notes) + "</ul>" if notes else ""}
</body></html>
"""
