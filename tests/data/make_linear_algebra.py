"""Arnoldi with the trust-region boundary solution (krylov.npz), and one sampled-Tikhonov update
(tikhonov.npz).  Both in np.longdouble from dense formulas, rounded once to float64; the float64
programs of gnvpro_ref.py (GMRES, SVD formulas) are compared with them.

usage: make_linear_algebra.py
"""
import os

os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
import numpy as np

import gnvpro_ref as gn
from extended import least_squares, spd_solve
from inputs import save
from make_trajectories import here

LONG = np.longdouble
assert np.finfo(LONG).eps < 1e-18, 'needs a long double wider than float64'
def relative(a, b): return float(np.abs(a - b).max() / np.abs(b).max())
def column(*a): return np.stack(a, axis=1)


def arnoldi(A, b, m):
    """modified Gram-Schmidt, twice; beta e1 on the right: b = beta V[:, 0], A V_m = V_{m+1} Hbar"""
    n = b.size; V = np.zeros((n, m + 1), b.dtype); H = np.zeros((m + 1, m), b.dtype); beta = np.sqrt(b @ b); V[:, 0] = b / beta
    for j in range(m):
        w = A @ V[:, j]
        for _ in range(2):
            for i in range(j + 1): c = V[:, i] @ w; H[i, j] += c; w = w - c * V[:, i]
        H[j + 1, j] = np.sqrt(w @ w); V[:, j + 1] = w / H[j + 1, j]
    return beta, V, H


def damped(H, beta, l):
    """argmin |H z - beta e1|^2 + l^2 |z|^2"""
    m = H.shape[1]; b = np.zeros(2 * m + 1, H.dtype); b[0] = beta
    return least_squares(np.vstack([H, l * np.eye(m, dtype=H.dtype)]), b)


def krylov():
    rng = np.random.default_rng(201); n, m = 30, 12
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]; A = Q * np.logspace(-3, 2, n) @ Q.T; A = (A + A.T) / 2
    b = rng.standard_normal(n); beta, V, H = arnoldi(A.astype(LONG), b.astype(LONG), m)
    z = damped(H, beta, LONG(0)); nz = np.sqrt(z @ z); radii = (np.array([.9, .5, .1]) * float(nz)); lam, Z = [], []
    for radius in radii:                                          # |z(l)| falls with l: bisection to the last bit
        lo, hi = LONG(0), beta / LONG(radius)
        for _ in range(90):
            mid = (lo + hi) / 2; y = damped(H, beta, mid)
            lo, hi = (mid, hi) if np.sqrt(y @ y) > radius else (lo, mid)
        lam.append(hi); Z.append(damped(H, beta, hi))
    residual = H @ z; residual[0] -= beta
    K = dict(A=A, b=b, beta=beta, Hbar=H, z=z, s=V[:, :-1] @ z, relres=np.sqrt(residual @ residual) / beta,
             radii=radii, lambdas=np.array(lam), z_boundary=column(*Z), s_boundary=column(*(V[:, :-1] @ y for y in Z)))
    # what a float64 program gets
    s1, z1, V1, H1, err, k, _ = gn.gmres(lambda v: A @ v, b, m, 0.0); bnd = [gn.boundary(H1, np.linalg.norm(b), r) for r in radii]
    got = dict(Hbar=H1, z=z1, s=s1, relres=err, lambdas=np.array([x[0] for x in bnd]), z_boundary=column(*(x[1] for x in bnd)),
               s_boundary=column(*(V1[:, :-1] @ x[1] for x in bnd)))
    print('krylov: |z|', float(nz), 'relres', float(K['relres']), 'lambda', K['lambdas'].astype(float))
    print('   orthogonality of V: extended', float(np.abs(V.T @ V - np.eye(m + 1)).max()), 'float64', np.abs(V1.T @ V1 - np.eye(m + 1)).max())
    noise = {k: relative(np.asarray(got[k]), np.asarray(K[k])) for k in got}
    print('   float64 run: ' + ', '.join(f'{k} {x:.1e}' for k, x in noise.items()))
    save(here('krylov.npz'), **K, **{f'noise_{k}': x for k, x in noise.items()})


def tikhonov():
    rng = np.random.default_rng(202); features, batch, blocks, targets = 9, 10, 6, 3
    basis = rng.standard_normal((features - 1, features - 1)) * np.logspace(0, -3, features - 1)      # graded singular values
    M = gn.one(np.tanh(basis @ rng.standard_normal((features - 1, batch * blocks))))
    Z = M[:, -batch:].copy(); W = rng.standard_normal((targets, features))
    C = W @ Z + .3 * rng.standard_normal((targets, batch)) + rng.standard_normal((targets, features)) * .2 @ Z
    total = 1e-2; lambdas = total * np.array([-.9, -.5, -.1, -1e-3, 0., 1e-3, .1, .5, 5., 100.]); pick = [1, 4, 7]
    tau2, sigma2 = 2.0, 1e-2; N = batch * targets
    z, c, m, w = (a.astype(LONG) for a in (Z, C, M, W)); root = np.sqrt(LONG(batch)); z, c, m = z / root, c / root, m / root
    out = {k: [] for k in ('residual2', 'trace', 'gcv', 'discrepancy', 'upre', 'W_new')}
    for lam in lambdas:
        K = m @ m.T + (LONG(total) + LONG(lam)) * np.eye(features, dtype=LONG)
        new = w - spd_solve(K, ((w @ z - c) @ z.T + LONG(lam) * w).T).T
        r2 = np.sum((new @ z - c) ** 2); t = targets * np.trace(z.T @ spd_solve(K, z))
        for k, x in zip(out, (r2, t, r2 / (N - t) ** 2, (r2 - LONG(tau2) * N * LONG(sigma2)) ** 2, r2 + 2 * LONG(sigma2) * t, new)): out[k].append(x)
    print('tikhonov: singular values of M', np.linalg.svd(M / np.sqrt(batch))[1].round(4), '| gcv', np.array(out['gcv'], float).round(5))
    noise = dict.fromkeys(('residual2', 'trace', 'gcv', 'discrepancy', 'upre', 'W_new'), 0.0)
    for i, lam in enumerate(lambdas):                             # the SVD formulas in float64
        zd, cd, md = (a / np.sqrt(batch) for a in (Z, C, M)); U, S, _ = np.linalg.svd(md, full_matrices=False); E = W @ zd - cd; ZU = zd.T @ U
        sig = S ** 2 + total + lam; res = ((E @ ZU + lam * (W @ U)) / sig) @ ZU.T - E; t = targets * np.sum(ZU ** 2 / sig); r2 = np.sum(res ** 2)
        new = gn.slim_solve(zd, cd, md, W, total, 'constant', lam)[1]
        for k, x in zip(noise, (r2, t, r2 / (N - t) ** 2, (r2 - tau2 * N * sigma2) ** 2, r2 + 2 * sigma2 * t, new)):
            noise[k] = max(noise[k], relative(np.asarray(x), np.asarray(out[k][i])))
    print('   float64 run: ' + ', '.join(f'{k} {x:.1e}' for k, x in noise.items()))
    new = out.pop('W_new')
    save(here('tikhonov.npz'), Z=Z, C=C, M=M, W=W, sum_lambda=total, lambdas=lambdas, tau2=tau2, sigma2=sigma2,
         **{k: np.array(x) for k, x in out.items()}, W_new_index=np.array(pick, np.int32),
         **{f'W_new_{i}': new[p] for i, p in enumerate(pick)}, **{f'noise_{k}': x for k, x in noise.items()})


if __name__ == '__main__':
    krylov()
    tikhonov()
