"""Independent NumPy integer reference of the WTM2101 (BB04P1) functional semantics.

Written from the public vendor documents and from black-box comparison only.
Every rule says how it was checked:
  [SIM]  identical to the vendor's chip simulator on random/adversarial data
  [GOLD] identical to vendor golden traces
  [DOC]  vendor text / test script only, nothing to compare with
  [EVT]  identical to the vendor's MCU event library executed on all or random inputs
  [GUESS] no evidence, a choice that had to be made
All tensors are np.int64.  Feature maps are NCHW here; the chip's memory order is N,W,H,C.
"""
import json
import os
import re
import numpy as np

I64 = np.int64


# --------------------------------------------------------------------------- array (Gemm) core
def clip8(a):
    return np.clip(a, -128, 127)


def adc(acc, G):
    """[SIM] 8-bit-scale x4 value: truncation toward zero of acc / (G/4). Unclipped."""
    acc = np.asarray(acc, I64)
    q = int(G) // 4
    return np.where(acc >= 0, acc // q, -((-acc) // q))


def array_out(acc, G):
    """[SIM][GOLD] int8 output of one array operation (before ReLU / LUT)."""
    return clip8((adc(acc, G) + 2) >> 2)


def acc_gemm(x, W, bias_units=None, bias=None):
    """x (..,K) any integers (uint8 or signed: PN split is exact), W (K,N) in [-275,275].
    bias_units: sum of the bias rows (each row is driven with 128); bias: already x128."""
    a = np.asarray(x, I64) @ np.asarray(W, I64)
    if bias_units is not None:
        a = a + 128 * np.asarray(bias_units, I64)
    if bias is not None:
        a = a + np.asarray(bias, I64)
    return a


def gemm(x, W, bias_units, G, relu=False):
    y = array_out(acc_gemm(x, W, bias_units), G)
    return np.maximum(y, 0) if relu else y


def clip_weights(W):
    return np.clip(W, -275, 275)          # [DOC] README v0.9.0R1 item 4


# --------------------------------------------------------------------------- digital helpers
def shift(a, n, mode="half_up"):
    """n<0 right, n>0 left. half_up = (a + 2^(k-1)) >> k  [GOLD for LSTM / Gru2Array], floor = a >> k."""
    a = np.asarray(a, I64)
    if n >= 0:
        return a << n
    k = -n
    return ((a + (1 << (k - 1))) >> k) if mode == "half_up" else (a >> k)


def relu(x):
    return np.maximum(x, 0)


def lut256(x, table):
    """[DOC] + [GOLD for tanh2 of the LSTM]: index = value & 255."""
    return np.asarray(table, I64).reshape(-1)[np.asarray(x, I64) & 255]


def lut1024(idx, table):
    """10-bit index, saturated to [-512,511], then & 1023 (two's complement order like the 256 table)."""
    return np.asarray(table, I64).reshape(-1)[np.clip(idx, -512, 511) & 1023]


def gate(g8, table):
    """activation of an int8-scale gate value g8 (may be a 9-bit sum).
    256-entry table: index g8 ; 1024-entry table: index 2*g8  [GOLD: dccrn + enc2101; statistics: yxp_testC]."""
    t = np.asarray(table).reshape(-1)
    return lut1024(2 * g8, t) if t.size == 1024 else lut256(clip8(g8), t)


def scale_post(x, s, mode="half_up"):
    """Scale that is not a G: |s|<1 -> 2^-n by shift, else integer multiply; then int8 clip. [DOC], rounding
    [GUESS]."""
    if abs(s) >= 1:
        return clip8(np.asarray(x, I64) * int(round(s)))
    n = int(round(-np.log2(abs(s))))
    return clip8(shift(x if s > 0 else -np.asarray(x, I64), -n, mode))


def add(a, b, sh=0, mode="floor"):
    """[EVT] the MCU's add event: right shift is floor. The hardware adder's rounding is unknown: a switch."""
    return clip8(shift(np.asarray(a, I64) + np.asarray(b, I64), sh, mode))


def mul(a, b, sh=0, mode="half_up"):
    """[EVT] the MCU's mul event: right shift rounds half up."""
    return clip8(shift(np.asarray(a, I64) * np.asarray(b, I64), sh, mode))


def float_scale(x, s, bits):
    """[DOC] out=(int)(in*s+0.5) (C truncation), clip [-2^bits, 2^bits-1]."""
    return np.clip(np.trunc(np.asarray(x, np.float32) * np.float32(s) + np.float32(0.5)).astype(I64), -2 ** bits,
                   2 ** bits - 1)


def clear_low_bits(x, bits):
    """[DOC] round half away from zero to a multiple of 2^bits (no clip stated)."""
    v = 1 << (bits - 1)
    x = np.asarray(x, I64)
    t = np.where(x > 0, x + v, x - v)
    return (np.sign(t) * (np.abs(t) >> bits)) << bits


def _rnd(v):
    return np.floor(np.asarray(v, np.float64) + 0.5)


F32 = np.float32


def wrap8(v):
    return (np.asarray(v).astype(I64) + 128) % 256 - 128


def pool(x, kh, kw, sh, sw, pads, kind, s_in=1.0, s_out=1.0):
    """[EVT for stride == kernel, no pads] avg: a = sum / count truncated toward zero;
    y = int8(int(f32(a) * s_in / s_out + 0.5)), truncated, wrapping. Other windows: the same arithmetic on ONNX
    windows, padding counted as zero [GUESS].
    Max with equal scales is exact (hardware maximum) [DOC]."""
    t, l, b, r = pads
    fill = 0 if kind == "avg" else -10 ** 6
    x = np.pad(np.asarray(x, I64), ((0, 0), (0, 0), (t, b), (l, r)), constant_values=fill)
    H = (x.shape[2] - kh) // sh + 1
    W = (x.shape[3] - kw) // sw + 1
    win = np.stack([x[:, :, i:i + sh * (H - 1) + 1:sh, j:j + sw * (W - 1) + 1:sw] for i in range(kh)
                    for j in range(kw)])
    if kind == "max" and s_in == s_out:
        return win.max(0)
    total = win.sum(0)
    a = win.max(0) if kind == "max" else np.sign(total) * (np.abs(total) // (kh * kw))
    return wrap8(np.trunc((a.astype(F32) * F32(s_in)) / F32(s_out) + F32(.5)))


def batch_norm(x, g, b, m, v, eps, s_in, s_out):
    """[DOC] float event on the MCU: gamma/beta are folded per channel; rounding [GUESS]."""
    k = g / np.sqrt(v + eps)
    sh = [1, -1] + [1] * (np.ndim(x) - 2)
    y = (np.asarray(x, np.float64) * s_in * k.reshape(sh) + (b - m * k).reshape(sh)) / s_out
    return clip8(_rnd(y).astype(I64))


def _sequential_sum(x):
    """float32 sum along the last axis, left to right, one rounding a step."""
    total = np.zeros(x.shape[:-1] + (1,), F32)
    for k in range(x.shape[-1]):
        total[..., 0] = total[..., 0] + x[..., k]
    return total


def softmax(x, axis, s_in, s_out, sum_only=False, signed=False):
    """[EVT] float32 throughout: e = exp((x - max) * s_in), y = clip(trunc(e * ((1/s_out) / sum e))), sum left to right
    along the axis. sum_only (SumNorm): xs = x * s_in, y = clip(trunc(xs * ((1/s_out) / (sum xs + 1e-7))))."""
    x = np.moveaxis(np.asarray(x, I64), axis, -1)
    with np.errstate(all="ignore"):
        if sum_only:
            e = x.astype(F32) * F32(s_in)
            y = e * ((F32(1) / F32(s_out)) / (_sequential_sum(e) + F32(1e-7)))
        else:
            z = (x - x.max(-1, keepdims=True)).astype(F32) * F32(s_in)
            e = np.exp(z.astype(np.float64)).astype(F32)
            y = e * ((F32(1) / F32(s_out)) / _sequential_sum(e))
    y = np.trunc(np.nan_to_num(y, nan=0, posinf=1e9, neginf=-1e9))
    return np.moveaxis(np.clip(y, *((-128, 127) if signed else (0, 255))).astype(I64), -1, axis)


def _fma(a, b, c):
    return (np.asarray(a, np.float64) * np.asarray(b, np.float64) + np.asarray(c, np.float64)).astype(F32)


def group_norm(x, alpha, beta, groups, s_out):
    """[EVT] x (N,C,H,W), float32; sums in memory order W, H, C of the group; eps 1e-7; truncates and wraps."""
    x = np.asarray(x, I64)
    n, c, h, w = x.shape
    cg = c // groups
    y = np.zeros_like(x)
    for b in range(n):
        for g in range(groups):
            s = slice(g * cg, (g + 1) * cg)
            v = x[b, s].transpose(2, 1, 0)                       # W, H, C
            count = F32(v.size)
            d = (v.astype(F32) - F32(F32(int(v.sum())) / count)).astype(F32)
            ss = F32(0)
            for k in d.ravel():
                ss = _fma(k, k, ss)
            inv = F32(F32(1) / np.sqrt(F32(F32(ss / count) + F32(1e-7))))
            out = np.trunc(_fma((d * inv).astype(F32), alpha[s].astype(F32), beta[s].astype(F32)) / F32(s_out))
            y[b, s] = wrap8(out).transpose(2, 1, 0)
    return y


# --------------------------------------------------------------------------- convolution
def im2col(x, kh, kw, sh, sw, pads, dil=(1, 1)):
    """-> (N, Ho, Wo, KW*KH*C) with the chip's kernel order [W,H,I] (C fastest)."""
    t, l, b, r = pads
    x = np.pad(np.asarray(x, I64), ((0, 0), (0, 0), (t, b), (l, r)))
    dh, dw = dil
    H = (x.shape[2] - (kh - 1) * dh - 1) // sh + 1
    W = (x.shape[3] - (kw - 1) * dw - 1) // sw + 1
    cols = [x[:, :, i * dh:i * dh + sh * (H - 1) + 1:sh, j * dw:j * dw + sw * (W - 1) + 1:sw] for j in range(kw)
            for i in range(kh)]
    return np.concatenate([c.transpose(0, 2, 3, 1) for c in cols], axis=3)


def conv_weight_rows(w):
    """[O,I,KH,KW] -> array matrix (K=KW*KH*I, O)."""
    return np.asarray(w, I64).transpose(3, 2, 1, 0).reshape(-1, w.shape[0])


def norm_pads(pads, kh, kw):
    if isinstance(pads, (bytes, str)):                       # one vendor model has pads="SAME"
        return ((kh - 1) // 2, (kw - 1) // 2, kh // 2, kw // 2)
    return tuple(pads) if len(pads) == 4 else (pads[0], pads[1], pads[0], pads[1])


def conv_acc(x, w, bias, strides, pads, dil=(1, 1)):
    """[GOLD] pads = ONNX order [top(H begin), left(W begin), bottom, right]. Returns NCHW accumulators."""
    kh, kw = w.shape[2:]
    a = im2col(x, kh, kw, strides[0], strides[1], norm_pads(pads, kh, kw), dil) @ conv_weight_rows(w)
    a = a + np.asarray(bias, I64)
    return a.transpose(0, 3, 1, 2)


def deconv_acc(x, w, bias, strides, pads, outpad):
    """[GOLD] w [I,O,KH,KW]; equal to a stride-1 conv with the flipped kernel over the zero-stuffed input."""
    n, ci, h, wd = x.shape
    sh, sw = strides
    kh, kw = w.shape[2:]
    z = np.zeros((n, ci, (h - 1) * sh + 1, (wd - 1) * sw + 1), I64)
    z[:, :, ::sh, ::sw] = x
    t, l, b, r = kh - 1 - pads[0], kw - 1 - pads[1], kh - 1 - pads[2] + outpad[0], kw - 1 - pads[3] + outpad[1]
    return conv_acc(z, np.ascontiguousarray(np.asarray(w, I64).transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]), bias, (1, 1),
                    (t, l, b, r))


# --------------------------------------------------------------------------- sequence operators
def tdnn(x, W, bias, G, offsets):
    """x (T,C). Causal delay line of (max-min+1) zero frames; oldest offset first (rows of W: offset-major, C fastest).
    Output row t is emitted when frame t arrives, i.e. it is centred on t - max(offsets)."""
    offs = [int(o) for o in offsets]
    hi, lo = max(offs), min(offs)
    T, C = x.shape
    pad = np.vstack([np.zeros((hi - lo, C), I64), np.asarray(x, I64)])
    X = np.concatenate([pad[o - lo:o - lo + T] for o in offs], axis=1)
    return array_out(X @ np.asarray(W, I64) + np.asarray(bias, I64), G)


def lstm(x, w_ifo, w_c, b_ifo, b_c, g_ifo, g_c, tables, shift_bits=(-7, -7), clean=0, trace=None):
    """[GOLD dccrn_connect_model, 501 frames, every intermediate]  rows of W: [x_t, h_(t-1)], columns i,f,o."""
    sb = list(shift_bits)
    if len(sb) == 2:
        sb = [0, 0] + sb
    H = w_c.shape[1]
    h = np.zeros(H, I64)
    c = np.zeros(H, I64)
    out = []
    for t in range(len(x)):
        if clean and t and t % clean == 0:
            h, c = h * 0, c * 0
        u = np.concatenate([x[t], h])
        gi = array_out(u @ w_ifo + b_ifo, g_ifo)
        gc = array_out(u @ w_c + b_c, g_c)
        s = gate(gi, tables[0])
        i, f, o = s[:H], s[H:2 * H], s[2 * H:]
        ctl = gate(gc, tables[1])
        fc, ic = f * c, i * ctl
        cin, hin = c, h
        c = clip8(shift(shift(fc, sb[0]) + shift(ic, sb[1]), sb[2]))
        tc = gate(c, tables[2]) if np.size(tables[2]) == 1024 else lut256(c, tables[2])
        h = clip8(shift(o * tc, sb[3]))
        out.append(h)
        if trace is not None:
            for k, v in dict(inp=u, h_in=hin, c_in=cin, gates_ifo=gi, gates_c=gc, fc=fc, ic=ic, cx=c, cy_tanh=tc,
                             output=h).items():
                trace.setdefault(k, []).append(v)
    return np.array(out)


def gru2array(x, w_in, w_h, b_in, b_h, g_in, g_h, tables, shift_bits=(-7, -7, 0, 0), hidden_shift=0, ones=128, clean=0,
              h_min=-128):
    """[GOLD enc2101 (shift_bits[2:]=0, hidden_shift=0, ones=128, h_min=-127): 515x232 values]
    columns z,r,n.  h' = n - round((z*(n-h)) >> 7)  ( == ((ones-z)*n + z*h + 63) >> 7 )."""
    N = w_h.shape[0]
    gx = array_out(np.asarray(x, I64) @ w_in + b_in, g_in)
    h = np.zeros(N, I64)
    out = []
    for t in range(len(x)):
        if clean and t and t % clean == 0:
            h = h * 0
        gh = shift(array_out(h @ w_h + b_h, g_h), hidden_shift)
        z = gate(gx[t, :N] + gh[:N], tables[0])
        r = gate(gx[t, N:2 * N] + gh[N:2 * N], tables[0])
        n = gate(gx[t, 2 * N:] + shift(r * gh[2 * N:], shift_bits[0]), tables[1])
        if ones == 128 and shift_bits[1] == -7 and not any(shift_bits[2:4]):
            h = n - shift(z * (n - h), -7)
        else:                                                     # [GUESS]
            n_bits, h_bits = (shift_bits[i] if len(shift_bits) > i else 0 for i in (2, 3))
            h = shift(shift((ones - z) * n, n_bits) + shift(z * h, h_bits), shift_bits[1])
        h = np.clip(h, h_min, 127)
        out.append(h)
    return np.array(out)


def gru(x, ws, bs, gs, tables, shift_bits=(-7, -7), ones=127, clean=0):
    """Gru. 5 inputs [DOC]: zr = LUT([h,x]Wzr), n = LUT([r*h,x]Wht).
    7 inputs [DOC]: n = LUT(x Win + (r*(h Whn)>>7)), zr on [x,h].
    h' = ((ones-z)*h + z*n) >> 7 as the manual prints it (5 inputs); ((ones-z)*n + z*h) for 7 inputs by analogy with
    Gru2Array [GUESS]."""
    seven = len(ws) == 3
    H = ws[1].shape[1]
    h = np.zeros(H, I64)
    out = []
    for t in range(len(x)):
        if clean and t and t % clean == 0:
            h = h * 0
        u = np.concatenate([x[t], h]) if seven else np.concatenate([h, x[t]])
        g = gate(array_out(u @ ws[0] + bs[0], gs[0]), tables[0])
        z, r = g[:H], g[H:]
        if seven:
            n = gate(array_out(x[t] @ ws[2] + bs[2], gs[2]) + shift(r * array_out(h @ ws[1] + bs[1], gs[1]),
                                                                    shift_bits[0]), tables[1])
            h = clip8(shift((ones - z) * n + z * h, shift_bits[1]))
        else:
            rh = clip8(shift(r * h, shift_bits[0]))
            n = gate(array_out(np.concatenate([rh, x[t]]) @ ws[1] + bs[1], gs[1]), tables[1])
            h = clip8(shift((ones - z) * h + z * n, shift_bits[1]))
        out.append(h)
    return np.array(out)


# --------------------------------------------------------------------------- optimisation options (exact rewrites)
def pn_split(x, N=None):
    """signed_input=N>0: [max(x[:N],0), x[N:]+128, max(-x[:N],0)]; N=-1: x+128 everywhere."""
    x = np.asarray(x, I64)
    if N == -1:
        return x + 128
    N = x.shape[-1] if N is None else N
    a, b = x[..., :N], x[..., N:]
    return np.concatenate([np.maximum(a, 0), b + 128, np.maximum(-a, 0)], axis=-1)


def pn_weights(W, bias_units, N=None):
    """matching weights: [W[:N]; W[N:]; -W[:N]], bias units - sum(W[N:]) (N=-1: - sum(W)).
    Accumulators are unchanged."""
    W = np.asarray(W, I64)
    if N == -1:
        return W, np.asarray(bias_units, I64) - W.sum(0)
    N = W.shape[0] if N is None else N
    return np.concatenate([W, -W[:N]], axis=0), np.asarray(bias_units, I64) - W[N:].sum(0)


def split_bias(units, rows):
    """[GOLD attention net] rows-1 times round-half-away(units/rows), the rest in the last row."""
    u = np.asarray(units, I64)
    q = (np.sign(u) * ((2 * np.abs(u) + rows) // (2 * rows))).astype(I64)
    return np.vstack([np.repeat(q[None], rows - 1, 0), (u - q * (rows - 1))[None]])


# --------------------------------------------------------------------------- vendor folders
def rd2(p):
    with open(p) as f:
        return np.array([[int(v) for v in l.split()] for l in f if l.strip()], I64)


def read_layers_txt(p):
    with open(p) as f:
        return [[int(v) for v in l.split(",")] for l in f if l.strip()]


def read_expected(folder, layers=None, complete=False):
    """-> list of (X (F,K), Y (F,N)) per line of layers.txt; Y is before ReLU."""
    layers = layers or read_layers_txt(folder + "/layers.txt")
    s = "_complete" if complete else ""
    i = np.fromfile(folder + f"/expected_in{s}.bin", "<i2").astype(I64)
    o = np.fromfile(folder + f"/expected_out{s}.bin", "<i2").astype(I64)
    n, p, q, r = int(i[0]), 1, 0, []
    for x0, x1, y0, y1, z0, z1, G in layers:
        K, N = y1 - y0 + 1, x1 - x0 + 1
        r.append((i[p:p + n * K].reshape(n, K), o[q:q + n * N].reshape(n, N)))
        p += n * K
        q += n * N
    assert p == len(i) and q == len(o)
    return r


def expected_bytes(pairs):
    n = len(pairs[0][0])
    i = np.concatenate([np.array([n])] + [x.reshape(-1) for x, _ in pairs]).astype("<i2").tobytes()
    o = np.concatenate([y.reshape(-1) for _, y in pairs]).astype("<i2").tobytes()
    return i, o


def expected_text(pairs, nets):
    """nets: list of (net, layer index inside the net) per pair."""
    row = lambda v: ",".join(map(str, v)) + ",\n"
    i = f"num = {len(pairs[0][0])}\n" + "".join(f"net {n} layer {l} input 0\n" + "".join(row(v) for v in x.tolist())
                                                for (x, _), (n, l) in zip(pairs, nets))
    o = "".join(f"net {n} layer {l} output 0\n" + "".join(row(v) for v in y.tolist())
                for (_, y), (n, l) in zip(pairs, nets))
    return i, o


def map_csv(layers, mats):
    """layers.txt rows + [(W, bias_rows)] -> text of map.csv (col,row,value; weights then bias rows, layer after
    layer)."""
    out = []
    for (x0, x1, y0, y1, z0, z1, G), (W, B) in zip(layers, mats):
        for k in range(y1 - y0 + 1):
            out += [f"{x0 + j},{y0 + k},{v}\n" for j, v in enumerate(W[k].tolist())]
        for k in range(z1 - z0 + 1):
            out += [f"{x0 + j},{2049 + 2 * (z0 + k)},{v}\n" for j, v in enumerate(B[k].tolist())]
    return "".join(out)


def layers_txt(layers):
    return "".join(", ".join(map(str, l)) + "\n" for l in layers)


def array_image(layers, mats):
    """2080 x 1024 image for the chip simulator's map.txt."""
    M = np.zeros((2080, 1024), I64)
    for (x0, x1, y0, y1, z0, z1, G), (W, B) in zip(layers, mats):
        M[y0:y1 + 1, x0:x1 + 1] = W
        for k in range(z1 - z0 + 1):
            M[2049 + 2 * (z0 + k), x0:x1 + 1] = B[k]
    return M


# --------------------------------------------------------------------------- ONNX importer / executor
def _mem(x):
    """value -> flat chip memory order per frame: 4-D N,W,H,C ; 2-D as is."""
    return (x.transpose(0, 3, 2, 1) if x.ndim == 4 else x).reshape(-1)


def reshape(x, shp):
    """4-D -> 2-D with one row per frame (target [1,F] or [1,-1]): plain ONNX C,H,W order [checked on the MNIST model].
    4-D [1,C,H,T] -> [T,H*C] and back (streaming dccrn models): chip memory order, row = time, then H, then C
    [GOLD dccrn]."""
    shp = list(shp)
    if x.ndim == 4 and len(shp) == 2:
        if shp[0] == x.shape[3] and shp[0] != 1 and x.shape[0] == 1:
            return _from_mem(_mem(x), [x.shape[3], x.shape[1] * x.shape[2]])
        return x.reshape(x.shape[0], -1)
    if x.ndim == 2 and len(shp) == 4:
        if shp[0] == 1 and shp[3] == x.shape[0] and shp[3] != 1:
            return _from_mem(_mem(x), shp)
        return x.reshape([x.shape[0]] + shp[1:])
    if -1 not in shp and x.size != np.prod(shp):
        shp[0] = x.size // int(np.prod(shp[1:]))
    return x.reshape(shp)


def _from_mem(f, shape):
    if len(shape) == 4:
        n, c, h, w = shape
        return f.reshape(n, w, h, c).transpose(0, 3, 2, 1)
    return f.reshape(shape)


class Graph:
    """Runs a model of the vendor's ONNX dialect on integers. crop_time: keep W equal to the input W after
    ConvTranspose (dccrn streams)."""

    def __init__(self, path, mode="half_up", crop_time=True, h_min=-128, default_G=1024):
        import onnx
        from onnx import numpy_helper as nh
        self.m = onnx.load(path)
        self.mode, self.crop_time, self.h_min, self.default_G = mode, crop_time, h_min, default_G
        self.init = {i.name: nh.to_array(i) for i in self.m.graph.initializer}
        self.nodes = []
        for n in self.m.graph.node:
            at = {}
            for a in n.attribute:
                v = onnx.helper.get_attribute_value(a)
                if isinstance(v, onnx.TensorProto):
                    v = nh.to_array(v)
                elif isinstance(v, list) and v and isinstance(v[0], onnx.TensorProto):
                    v = [nh.to_array(t) for t in v]
                at[a.name] = v
            self.nodes.append((n.op_type, n.name, list(n.input), list(n.output), at))
        self.users = {}
        for k, nd in enumerate(self.nodes):
            for i in nd[2]:
                self.users.setdefault(i, []).append(k)

    def layers(self):
        """array layers in order: (name, op, W (K,N), bias units or None if a bias is no multiple of 128, G)."""
        r = []
        for op, name, ins, outs, at in self.nodes:
            if op not in ("Gemm", "Conv", "ConvTranspose", "Tdnn"):
                continue
            w = self.init[ins[1]]
            G = at.get("scale_params")
            if G is None:
                sc = [self.nodes[k] for k in self.users.get(outs[0], []) if self.nodes[k][0] == "Scale"]
                G = round(1 / sc[0][4]["scale"]) if sc else self.default_G
            if op == "Conv":
                w = conv_weight_rows(w)
            elif op == "ConvTranspose":
                w = conv_weight_rows(np.ascontiguousarray(w.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]))
            b = np.asarray(at["bias_params"] if op == "Tdnn" else self.init[ins[2]]).reshape(-1)
            r.append((name, op, w.astype(I64), (b / 128).astype(I64) if (b % 128 == 0).all() else None, int(G)))
        return r

    def run(self, feeds, keep=None):
        v = {k: np.asarray(a, I64) for k, a in feeds.items()}
        acc = {}
        g64 = lambda n: np.rint(self.init[n]).astype(I64)
        for op, name, ins, outs, at in self.nodes:
            o = outs[0]
            x = v.get(ins[0])
            if op in ("Gemm", "Conv", "ConvTranspose", "MatMul"):
                if op == "MatMul":
                    a = x @ (g64(ins[1]) if ins[1] in self.init else v[ins[1]])
                elif op == "Gemm":
                    a = x @ g64(ins[1]) + g64(ins[2]).reshape(-1)
                elif op == "Conv":
                    w = g64(ins[1])
                    a = conv_acc(x, w, g64(ins[2]).reshape(-1), at.get("strides", [1, 1]), at.get("pads", [0] * 4),
                                 at.get("dilations", [1, 1]))
                else:
                    w = g64(ins[1])
                    op_ = at.get("output_padding", [0, 0])
                    a = deconv_acc(x, w, g64(ins[2]).reshape(-1), at["strides"], at["pads"], op_[:2])
                    if self.crop_time:
                        a = a[..., :x.shape[3]]
                acc[o] = a
                if not any(self.nodes[k][0] == "Scale" for k in self.users.get(o, [])):
                    v[o] = array_out(a, self.default_G)
            elif op == "Scale":
                s = float(at["scale"])
                if ins[0] in acc:
                    v[o] = array_out(acc[ins[0]], round(1 / s))
                else:
                    v[o] = scale_post(x, s, self.mode)
            elif op == "Scalar":
                s, sb = at["scale"], int(at.get("shift_bit", 0))
                is_mul = at.get("op_types", b"mul") in (b"mul", "mul")
                v[o] = clip8(shift(x * int(s), sb, "half_up") if is_mul else shift(x + int(s), sb, "floor"))
            elif op == "FloatScale":
                v[o] = float_scale(x, at["scale"], at["clip_bits"])
            elif op == "ClearLowBits":
                v[o] = clear_low_bits(x, at["bits"])
            elif op == "Relu":
                v[o] = relu(x)
            elif op == "ActLut":
                v[o] = lut256(x, at["table_params"])
            elif op in ("Add", "Added", "Mul", "Multi"):
                y = v[ins[1]] if ins[1] in v else g64(ins[1])
                v[o] = (add if op in ("Add", "Added") else mul)(x, y, int(at.get("shift_bit", 0)))
            elif op == "Tdnn":
                v[o] = tdnn(x, g64(ins[1]), np.rint(at["bias_params"]).astype(I64).reshape(-1), at["scale_params"],
                            np.asarray(at["time_offsets"]).reshape(-1))
            elif op == "Lstm":
                v[o] = lstm(x, g64(ins[1]), g64(ins[2]), g64(ins[3]).reshape(-1), g64(ins[4]).reshape(-1),
                            at["scale_ioft"], at["scale_ct"], [np.rint(t).astype(I64) for t in at["activate_table"]],
                            at.get("shift_bits", [-7, -7]), at.get("clean_ctht", 0),
                            None if keep is None else keep.setdefault("trace:" + name, {}))
            elif op == "Gru2Array":
                v[o] = gru2array(x, g64(ins[1]), g64(ins[2]), g64(ins[3]).reshape(-1), g64(ins[4]).reshape(-1),
                                 at["scale_input"], at["scale_hidden"], np.rint(at["activate_table"]).astype(I64),
                                 at.get("shift_bits", [-7, -7, -7, -7]), at.get("hidden_shift_bit", 0),
                                 at.get("scale_ones", 127), at.get("clean_ht", 0), self.h_min)
            elif op == "Gru":
                k = (len(ins) - 1) // 2
                v[o] = gru(x, [g64(n) for n in ins[1:1 + k]], [g64(n).reshape(-1) for n in ins[1 + k:]],
                           [at["scale_zr"], at["scale_ht"], at.get("scale_in", 0)],
                           np.rint(at["activate_table"]).astype(I64), at.get("shift_bits", [-7, -7]),
                           at.get("scale_ones", 127), at.get("clean_ht", 0))
            elif op in ("AveragePool", "MaxPool", "GlobalAveragePool"):
                kh, kw = at.get("kernel_shape", x.shape[2:])
                sh, sw = at.get("strides", [1, 1])
                v[o] = pool(x, kh, kw, sh, sw, at.get("pads", [0] * 4), "max" if op == "MaxPool" else "avg",
                            at.get("scale_in", 1.0), at.get("scale_out", 1.0))
            elif op == "BatchNormalization":
                v[o] = batch_norm(x, *[self.init[n].astype(np.float64) for n in ins[1:5]], at["epsilon"],
                                  at["scale_in"], at["scale_out"])
            elif op in ("Softmax", "SumNorm"):
                v[o] = softmax(x, at.get("axis", 1), at.get("scale_in", 1.0), at.get("scale_out", 1.0), op == "SumNorm")
            elif op == "GroupNorm":
                v[o] = group_norm(x, self.init[ins[1]], self.init[ins[2]], at["num_groups"], at["scale_out"])
            elif op == "ReduceMean":
                v[o] = clip8(_rnd(x.mean(tuple(at["axes"]), keepdims=bool(at.get("keepdims", 1)))).astype(I64))
            elif op == "Concat":
                v[o] = np.concatenate([v[i] for i in ins], axis=at.get("axis", 1))
            elif op == "Slice":
                st, en = g64(ins[1]), g64(ins[2])
                ax = g64(ins[3]) if len(ins) > 3 else np.arange(len(st))
                sp = g64(ins[4]) if len(ins) > 4 else np.ones(len(st), I64)
                sl = [slice(None)] * x.ndim
                for a_, s_, e_, p_ in zip(ax, st, en, sp):
                    sl[int(a_)] = slice(int(s_), int(e_), int(p_))
                v[o] = x[tuple(sl)]
            elif op == "Split":
                parts = at.get("split")
                idx = np.cumsum(parts)[:-1] if parts else len(outs)
                for k, p in zip(outs, np.split(x, idx, axis=at.get("axis", 0))):
                    v[k] = p
            elif op in ("Permute", "Transpose"):
                v[o] = x.transpose(at.get("dims", at.get("perm")))
            elif op == "Reshape":
                v[o] = reshape(x, [int(s) for s in g64(ins[1])])
            else:
                raise NotImplementedError(op)
            if keep is not None:
                for k in outs:
                    if k in v:
                        keep[k] = v[k]
        return [v[o.name] for o in self.m.graph.output]


# --------------------------------------------------------------------------- BoardConfigDebug / trace reading
def read_trace(root):
    """layer_debug/netN/<i>_<name>/roundR/{input,output}K.txt -> list of dicts in execution order."""
    r = []
    base = root + "/layer_debug"
    for net in sorted(os.listdir(base)):
        for d in sorted(os.listdir(f"{base}/{net}"), key=lambda s: int(s.split("_")[0])):
            for rd in sorted(os.listdir(f"{base}/{net}/{d}"), key=lambda s: int(re.findall(r"\d+", s)[0])):
                p = f"{base}/{net}/{d}/{rd}/"
                r.append(dict(net=net, layer=d, round=rd,
                              inputs=[rd2(p + f) for f in sorted(os.listdir(p)) if f.startswith("input")],
                              outputs=[rd2(p + f) for f in sorted(os.listdir(p)) if f.startswith("output")]))
    return r


def read_folder(root):
    """-> list of layers: dict(net,name,x0..G,W,B(bias rows),bh) from layers.txt + params/."""
    L = read_layers_txt(root + "/map/layers.txt")
    out = []
    for t, (x0, x1, y0, y1, z0, z1, G) in zip(read_trace(root), L):
        k = int(t["layer"].split("_")[0])
        p = f"{root}/params/{t['net']}/layer{k}/"
        out.append(dict(net=int(t["net"][3:]), name=t["layer"], loc=(x0, x1, y0, y1, z0, z1, G), G=G,
                        W=rd2(p + "weight.txt"), B=rd2(p + "bias.txt"), bh=rd2(p + "bias_high.txt"),
                        x=t["inputs"][0], y=t["outputs"][0]))
    return out
