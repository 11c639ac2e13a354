"""Median microseconds of a step by the NumPy references in `tests/data`, on the problems of `steps.rs`.

OPENBLAS_NUM_THREADS=1 python3 tests/benches/steps_numpy.py      (needs numpy and scipy; run it in the same minute)
"""
import os
import sys
import time

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'data'))
import curveball_ref as C  # noqa: E402
import gnvpro_ref as G  # noqa: E402


def median(name, stamps):
    print(f'NumPy {np.__version__}\t{name}\tf64\t{np.median(np.diff(stamps)) * 1e6:.1f}', flush=True)


def timed(name, call, times=41):
    stamps = []
    for _ in range(times):
        stamps.append(time.perf_counter())
        call()
    median(name, stamps[5:])


class Stamps(list):
    """A log that keeps the time of each entry in place of it."""

    def append(self, _):
        list.append(self, time.perf_counter())


def antisymmetric(width, inputs, end, nodes):
    return G.Net(G.Layer(width, inputs), G.RK4(G.Layer(width, width, anti=True, bias=True), np.linspace(0, end, nodes)))


rng = np.random.default_rng(20)
print('peer\toperation\ttype\tmedian us')
for name, net, inputs, outputs in [
        ('peaks slimTrain batch 10 memory 5', antisymmetric(8, 2, 5, 8), 2, 1),
        ('CDR slimTrain batch 10 memory 5', antisymmetric(16, 55, 5, 8), 55, 72)]:
    width = 8 if inputs == 2 else 16
    x, c = rng.uniform(-3, 3, (inputs, 2000)), rng.standard_normal((outputs, 2000))
    theta, w = 0.5 * rng.standard_normal(net.n), rng.standard_normal((outputs, width + 1))
    stamps = Stamps()
    order = rng.permutation(2000)[None]
    G.train(net, G.Blocks(G.Ridge(net.n, 5e-6)), x, c, theta, w, order, 10, 1e-3, 'trialPoints', 5, 1e-10, max_it=150, log=stamps)
    median(name, stamps)
for name, net, inputs, outputs, samples, alpha in [
        ('peaks GNvpro', G.peaks_net('resnn'), 2, 1, 2000, 1e-6),
        ('CDR GNvpro', antisymmetric(8, 55, 1, 2), 55, 72, 400, 1e-10)]:
    x, c = rng.uniform(-3, 3, (inputs, samples)) / inputs, rng.standard_normal((outputs, samples))
    theta, objective = 0.5 * rng.standard_normal(net.n), G.VarProLS(net, alpha, alpha, x, c)
    timed(f'{name} objective and gradient', lambda: objective.full(theta))
    _, gradient, product = objective.full(theta)
    timed(f'{name} Gauss-Newton product', lambda: product(gradient))
net = C.MLP([784, 128, 64, 32, 10])
x, labels = rng.random((784, 64)), rng.integers(0, 10, 64)
method = C.CurveBall(net, C.SoftmaxCE(), 0.05 * rng.standard_normal(784 * 128 + 128 * 64 + 64 * 32 + 32 * 10 + 234))
timed('CurveBall MLP 784-128-64-32-10 batch 64', lambda: method.step(x, labels))
