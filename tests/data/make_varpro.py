"""Reduced objectives at one point: value, gradient and Gauss-Newton products of VarPro for a
five-class softmax, a logistic and a least-squares problem.

Everything is computed in np.longdouble (80-bit on x86) and rounded once to float64, so the only
error a float64 program meets is its own; its size is measured by running the same program in
float64.  Checked here by finite differences, and by a Jacobian of [S; W] made of differences.

usage: make_varpro.py            writes varpro_softmax.npz, varpro_logistic.npz, varpro_regression.npz
"""
import os

os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
import numpy as np

import gnvpro_ref as gn
from extended import spd_solve
from inputs import circle, peaks, peaks_classes, save
from make_trajectories import here

LONG = np.longdouble
assert np.finfo(LONG).eps < 1e-18, 'needs a long double wider than float64'


class VarProLSDirect(gn.VarProLS):
    """the formulas of VarProLS with Zt Zt^T + a2 I factorised instead of an SVD of Zt"""

    def _w(self, th):
        root = np.sqrt(th.dtype.type(self.Y.shape[1])); Z, cs = self.net.fwd(th, self.Y)
        Zt, C = gn.one(Z) / root, self.C / root; M = Zt @ Zt.T + self.a2 * np.eye(len(Zt))
        W = spd_solve(M, Zt @ C.T).T
        return root, cs, Zt, M, W, W @ Zt - C

    def scores(self, th):
        root, _, Zt, _, W, _ = self._w(th)
        return root * W @ Zt, W

    def value(self, th):
        *_, W, r = self._w(th)
        return (np.sum(r * r) + self.a1 * th @ th + self.a2 * np.sum(W * W)) / 2

    def full(self, th):
        root, cs, Zt, M, W, r = self._w(th); Wz = W[:, :-1]; right = lambda R: spd_solve(M, R.T).T    # R M^-1

        def J(v):
            dZ = self.net.jvp(v, cs) / root; A = Wz @ dZ
            dW = -right(A @ Zt.T + np.hstack([r @ dZ.T, np.zeros((len(W), 1), Zt.dtype)]))
            return A + dW @ Zt, dW

        def JT(X, P):
            p = right(X @ Zt.T + P)
            return self.net.vjp(Wz.T @ (X - p @ Zt) - p[:, :-1].T @ r, cs) / root

        def H(v):
            dS, dW = J(v)
            return JT(dS, self.a2 * dW) + self.a1 * v
        F = np.sum(r * r) / 2; g = self.net.vjp(Wz.T @ r, cs) / root + self.a1 * th
        self.inner_gradient_norm = np.linalg.norm(r @ Zt.T + self.a2 * W); self.info = dict(F=F, W=W)
        return self.value(th), g, H


def answers(make, th, v1, v2, dtype):
    o = make(dtype); J, g, H = o.full(th.astype(dtype)); v1, v2 = v1.astype(dtype), v2.astype(dtype)
    return o, dict(Phi=J, F=o.info['F'], W=o.info['W'], g=g, Hv1=H(v1), Hv2=H(v2))


def jacobian(o, th, h=LONG(1e-6)):
    """central differences of (S, W), both column-major"""
    cols = []
    for i in range(th.size):
        e = np.zeros_like(th); e[i] = h
        (Sp, Wp), (Sm, Wm) = o.scores(th + e), o.scores(th - e)
        cols.append(((Sp - Sm) / (2 * h), (Wp - Wm) / (2 * h)))
    return np.array([c[0] for c in cols]), np.array([c[1] for c in cols])


def relative(a, b): return float(np.abs(a - b).max() / np.abs(b).max())


def check(name, make, K, th, v1, v2, a1, a2, extra=None):
    o, X = answers(make, th, v1, v2, LONG)
    t, h = th.astype(LONG), LONG(1e-7)
    fd = max(abs((o.value(t + h * v) - o.value(t - h * v)) / (2 * h) - X['g'] @ v) / abs(X['g'] @ v) for v in (v1, v2))
    print(f'{name}: n = {th.size}, Phi = {X["Phi"]:.6f}, F = {X["F"]:.6f}, |g| = {np.linalg.norm(X["g"]):.3e}, gradient vs differences {fd:.1e}')
    S, W = o.scores(t); dS, dW = jacobian(o, t)
    hess = (lambda U: U / U.shape[1]) if extra is None else o.loss.f(S, o.C)[2]
    for key, v in (('Hv1', v1), ('Hv2', v2)):
        JS = np.tensordot(v, dS, 1); JW = np.tensordot(v, dW, 1)
        reference = np.tensordot(dS, hess(JS), 2) + a1 * v; complete = reference + a2 * np.tensordot(dW, JW, 2)
        print(f'   {key}: against differenced Jacobian {relative(X[key], complete):.1e}', end='')
        if extra is not None: print(f', without the dW term {relative(extra[1][key], reference):.1e}; share of the dW term {relative(reference, complete):.1e}', end='')
        print()
    double = answers(make, th, v1, v2, np.float64)
    print('   float64 run: ' + ', '.join(f'{k} {relative(double[1][k], X[k]):.1e}' for k in X),
          f'| inner gradient norm {float(o.inner_gradient_norm):.1e} (float64 run {double[0].inner_gradient_norm:.1e})')
    # sensitivity to the inputs, the floor for any float64 program
    noise = dict.fromkeys(X, 0.0)
    for seed in range(5):
        q = answers(make, th * (1 + 1e-14 * np.random.default_rng(seed).standard_normal(th.size)), v1, v2, LONG)[1]
        noise = {k: max(noise[k], relative(q[k], X[k])) for k in X}
    print('   theta0 * (1 + 1e-14 randn): ' + ', '.join(f'{k} {x:.1e}' for k, x in noise.items()))
    if extra is not None: X |= {k + '_without_dW': extra[1][k] for k in ('Hv1', 'Hv2')}
    save(here(f'{name}.npz'), **K, theta0=th, alpha1=a1, alpha2=a2, v1=v1, v2=v2, **X,
         inner_gradient_norm=float(o.inner_gradient_norm), **{f'noise_{k}': max(relative(double[1][k], X[k]), noise[k]) for k in noise})


def convex(name, net, loss, Y, C, th, a1, a2, seed):
    rng = np.random.default_rng(seed); v1, v2 = rng.standard_normal((2, th.size))
    def make(consistent):
        return lambda dtype: gn.VarProConvex(net, loss, gn.Blocks(gn.Ridge(net.n, a1)), a2, Y.astype(dtype), C.astype(dtype), consistent)
    check(name, make(True), dict(Y=Y, C=C), th, v1, v2, a1, a2, answers(make(False), th, v1, v2, LONG))


def kernels(rng, net):
    """Gaussian kernels with deviation sqrt(2 / inputs), biases with deviation 0.1, all sets different"""
    out = []
    for part in net.p:
        layer = getattr(part, 'l', part)
        for _ in range(part.n // layer.n):
            out += [np.sqrt(2 / layer.nin) * rng.standard_normal(layer.nk), .1 * rng.standard_normal(layer.nout)]
    return np.concatenate(out)


if __name__ == '__main__':
    Y, C, th = peaks_classes()
    convex('varpro_softmax', gn.classes_net(), gn.Softmax(), Y, C, th, 5e-6, 5e-6, 101)
    Y, C = circle(); net = gn.circle_net()
    convex('varpro_logistic', net, gn.Logistic(), Y, C, kernels(np.random.default_rng(102), net), 1e-6, 1e-8, 103)
    rng = np.random.default_rng(104); net = gn.small_net(); th = kernels(rng, net)
    Y = -1 + 2 * rng.random((2, 60)); C = np.stack([peaks(2 * Y[0], 2 * Y[1]) / 4, Y[0] * Y[1], np.sin(3 * Y[0]) + Y[1]])
    v1, v2 = rng.standard_normal((2, th.size))
    check('varpro_regression', lambda dtype: VarProLSDirect(net, 1e-3, 1e-2, Y.astype(dtype), C.astype(dtype)), dict(Y=Y, C=C), th, v1, v2, 1e-3, 1e-2)
    a = answers(lambda dtype: VarProLSDirect(net, 1e-3, 1e-2, Y, C), th, v1, v2, np.float64)[1]
    b = answers(lambda dtype: gn.VarProLS(net, 1e-3, 1e-2, Y, C), th, v1, v2, np.float64)[1]
    print('   SVD formulas in float64: ' + ', '.join(f'{k} {relative(b[k], a[k]):.1e}' for k in a))
