"""Known answer for tests/krylov.rs, in 40 digits: python3 known_krylov_step.py (needs mpmath).

H = G'G / 16 + diag(1, ..., 7) / 8 with G[i][j] = (5 i + 3 j + i j) mod 7 - 3 (7 x 7), b[i] = i + 1; Arnoldi to dimension 4 and the minimizer of
|Hbar z - beta e1| in it, free and of length 1/2, whose lambda is found by bisection on the normal equations.
"""
from mpmath import mp, mpf, matrix, lu_solve, norm, sqrt, eye

mp.dps = 40
n, k = 7, 4
G = matrix(n, n)
for i in range(n):
    for j in range(n):
        G[i, j] = (5 * i + 3 * j + i * j) % 7 - 3
H = G.T * G / 16 + mp.diag([mpf(i + 1) / 8 for i in range(n)])
b = matrix([i + 1 for i in range(n)])
beta = norm(b)
V, Hbar = [b / beta], matrix(k + 1, k)
for j in range(k):
    w = H * V[j]
    for i in range(j + 1):
        Hbar[i, j] = (V[i].T * w)[0]
        w -= Hbar[i, j] * V[i]
    Hbar[j + 1, j] = norm(w)
    V.append(w / norm(w))
e1 = matrix(k + 1, 1)
e1[0] = beta


def z_of(mu):
    return lu_solve(Hbar.T * Hbar + mu * eye(k), Hbar.T * e1)


def report(z, lam):
    s = sum((V[i] * z[i] for i in range(1, k)), V[0] * z[0])
    print('lambda', mp.nstr(lam, 20), 'norm', mp.nstr(norm(z), 20), 'decrease', mp.nstr((b.T * s)[0] - (s.T * H * s)[0] / 2, 20))
    print('step', [mp.nstr(x, 20) for x in s])


z = z_of(mpf(0))
print('residual', mp.nstr(norm(Hbar * z - e1) / beta, 20))
report(z, mpf(0))
lo, hi = mpf(0), mpf(10) ** 6
for _ in range(200):
    mid = (lo + hi) / 2
    if norm(z_of(mid)) > mpf(1) / 2:
        lo = mid
    else:
        hi = mid
report(z_of(lo), sqrt(lo))
