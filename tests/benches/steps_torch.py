"""Median microseconds of the steps of a network of `steps.rs` by PyTorch, one thread.

python3 tests/benches/steps_torch.py      (needs torch; run it in the same minute)

CurveBall: value, gradient and J z by one reverse and one forward pass through `torch.func.linearize`-like calls, then J delta; the products
and the 2 x 2 system as in `core/src/optim/curveball.rs`, lambda adapted every fifth step. Adam: `torch.optim.Adam`, both the loop over tensors and the
fused kernel; the faster one is what counts. Small network: `loss.backward()`, and the same gradient by hand in six products.
"""
import time

import numpy as np
import torch
from torch.func import functional_call, jvp, vjp

torch.set_num_threads(1)
PEER = f'PyTorch {torch.__version__}'


def timed(name, scalar, call, times=401):
    stamps = []
    for _ in range(times):
        stamps.append(time.perf_counter())
        call()
    print(f'{PEER}\t{name}\t{scalar}\t{np.median(np.diff(stamps[5:])) * 1e6:.1f}', flush=True)


def mlp(sizes, dtype):
    layers = []
    for a, b in zip(sizes[:-1], sizes[1:]):
        layers += [torch.nn.Linear(a, b, dtype=dtype), torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


def curveball(net, x, labels):
    """The step on flat lists of weights; p is softmax(s), E'' v = (p v - p (p.v))/N."""
    names, w = zip(*[(n, p.detach().clone()) for n, p in net.named_parameters()])
    state = {'w': w, 'z': tuple(torch.zeros_like(p) for p in w), 'lambda': 1.0, 'steps': 0}
    rows = torch.arange(len(labels))
    count = len(labels)

    def scores(*w):
        return functional_call(net, dict(zip(names, w)), (x,))

    def product(p, v):
        pv = p * v
        return (pv - p * pv.sum(1, keepdim=True)) / count

    def dot(a, b):
        return sum(torch.dot(u.flatten(), v.flatten()) for u, v in zip(a, b))

    def step():
        w, z, lam = state['w'], state['z'], state['lambda']
        with torch.no_grad():
            s, backward = vjp(scores, *w)
            _, jz = jvp(scores, w, z)
            log_p = torch.log_softmax(s, 1)
            value, p = -log_p[rows, labels].mean(), log_p.exp()
            g = p.clone()
            g[rows, labels] -= 1
            g /= count
            hjz = product(p, jz)
            delta = tuple(torch.add(d, u, alpha=lam) for d, u in zip(backward(g + hjz), z))
            _, jd = jvp(scores, w, delta)
            hjd = product(p, jd)
            dd = (jd * hjd).sum() + lam * dot(delta, delta)
            dz = (jz * hjd).sum() + lam * dot(delta, z)
            zz = (jz * hjz).sum() + lam * dot(z, z)
            gd, gz = (g * jd).sum(), (g * jz).sum()
            dd, dz, zz, gd, gz = torch.stack([dd, dz, zz, gd, gz]).tolist()
            det = dd * zz - dz * dz
            if det > 1e-14 * dd * zz:
                beta, rho = (zz * gd - dz * gz) / det, (dz * gd - dd * gz) / det
            else:
                beta, rho = gd / dd, 0.0
            z = tuple(torch.add(u * rho, d, alpha=-beta) for u, d in zip(z, delta))
            w = tuple(torch.add(a, u) for a, u in zip(w, z))
            if state['steps'] % 5 == 0:
                new = torch.nn.functional.cross_entropy(scores(*w), labels)
                ratio = (new - value).item() / (-0.5 * (beta * gd - rho * gz))
                factor = 0.999**5
                state['lambda'] = lam / factor if ratio < 0.5 else lam * factor if ratio > 1.5 else lam
            state.update(w=w, z=z, steps=state['steps'] + 1)
        return value

    return step


def adam(net, x, labels, **options):
    optimizer = torch.optim.Adam(net.parameters(), 1e-3, **options)

    def step():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x), labels).backward()
        optimizer.step()

    return step


def small(dtype):
    net, x, c = mlp([8, 16, 4], dtype), torch.randn(32, 8, dtype=dtype), torch.randn(32, 4, dtype=dtype)

    def automatic():
        net.zero_grad()
        (0.5 * (net(x) - c).square().sum() / 32).backward()

    w1, b1, w2, b2 = (p.detach() for p in net.parameters())

    def by_hand():
        y = torch.tanh(torch.addmm(b1, x, w1.T))
        g = (torch.addmm(b2, y, w2.T) - c) / 32
        h = (g @ w2) * (1 - y * y)
        return g.T @ y, g.sum(0), h.T @ x, h.sum(0)

    return automatic, by_hand


if __name__ == '__main__':
    print('peer\toperation\ttype\tmedian us')
    torch.manual_seed(0)
    for scalar, dtype in [('f64', torch.float64), ('f32', torch.float32)]:
        automatic, by_hand = small(dtype)
        timed('gradient MLP 8-16-4 batch 32, backward()', scalar, automatic)
        with torch.no_grad():
            timed('gradient MLP 8-16-4 batch 32, by hand', scalar, by_hand)
        sizes, labels = [784, 128, 64, 32, 10], torch.arange(64) % 10
        x = torch.rand(64, 784, dtype=dtype)
        step = curveball(mlp(sizes, dtype), x, labels)
        values = [step().item() for _ in range(30)]
        assert values[-1] < 0.5 * values[0], values
        timed('CurveBall MLP 784-128-64-32-10 batch 64', scalar, step)
        for options in [{'foreach': True}, {'fused': True}]:
            timed(f'Adam MLP 784-128-64-32-10 batch 64, {next(iter(options))}', scalar, adam(mlp(sizes, dtype), x, labels, **options))
