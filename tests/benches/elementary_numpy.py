"""Median nanoseconds a number of NumPy's elementary functions, over the intervals of `elementary.rs`, 4096 numbers a call.

OPENBLAS_NUM_THREADS=1 python3 tests/benches/elementary_numpy.py      (needs numpy; run it in the same minute)
"""
import time

import numpy as np

LEN = 4096
SIGNED, POSITIVE = (-10, 10), (1e-3, 100)


def sigmoid(x, out):
    np.negative(x, out=out)
    np.exp(out, out=out)
    np.add(out, 1, out=out)
    np.reciprocal(out, out=out)


def softplus(x, out):
    np.exp(x, out=out)
    np.log1p(out, out=out)


print('library\toperation\ttype\tmedian ns a number')
rng = np.random.default_rng(3)
for scalar in (np.float64, np.float32):
    for name, f, (low, high) in [
            ('exp', np.exp, SIGNED), ('expm1', np.expm1, SIGNED), ('log', np.log, POSITIVE), ('log1p', np.log1p, POSITIVE),
            ('tanh', np.tanh, SIGNED), ('sin', np.sin, SIGNED), ('cos', np.cos, SIGNED),
            ('sigmoid', sigmoid, SIGNED), ('log1p(exp)', softplus, SIGNED)]:
        x = rng.uniform(low, high, LEN).astype(scalar)
        y, times = np.empty_like(x), []
        for _ in range(406):
            start = time.perf_counter()
            f(x, out=y)
            times.append(time.perf_counter() - start)
        kind = 'f64' if scalar is np.float64 else 'f32'
        print(f'NumPy {np.__version__}\t{name}\t{kind}\t{np.median(times[5:]) * 1e9 / LEN:.3f}')
