"""Known answers of tests/tikhonov.rs: lambda by GCV, UPRE (noise 0.2) and discrepancy (residual norm 0.6), from the dense
formulas with the influence matrix A (A^T A + l^2 I)^-1 A^T; no SVD.  usage: known_tikhonov.py (needs mpmath)"""
from mpmath import mp, matrix, diag, eye, norm, sqrt, diff, findroot, exp, log, mpf

mp.dps = 40
m, n = 6, 4
A = matrix(m, n); b = matrix(m, 1)
for i in range(m):
    b[i] = (mpf(1) / (i + 1) if i % 2 == 0 else -mpf(1) / (2 * i + 1)) + mpf(1) / 2
    for j in range(n): A[i, j] = mpf(1) / (i + j + 1)


def parts(l):
    inverse = (A.T * A + l ** 2 * eye(n)) ** -1
    x = inverse * (A.T * b); influence = A * inverse * A.T
    return norm(b - A * x), sum(influence[i, i] for i in range(m)), x


def gcv(t): r, trace, _ = parts(exp(t)); return r ** 2 / (m - trace) ** 2
def upre(t): r, trace, _ = parts(exp(t)); return r ** 2 + 2 * mpf('0.2') ** 2 * trace


for name, f in (('gcv', gcv), ('upre', upre)):
    grid = [mpf(k) / 20 for k in range(-240, 100)]
    start = min(grid, key=f)
    t = findroot(lambda t: diff(f, t), (start - mpf('0.01'), start + mpf('0.01')), solver='secant')
    print(name, mp.nstr(exp(t), 17), mp.nstr(f(t), 17), [mp.nstr(v, 17) for v in parts(exp(t))[2]])
low = parts(mpf(10) ** -12)[0]; print('least residual', mp.nstr(low, 10), 'norm of b', mp.nstr(norm(b), 10))
t = findroot(lambda t: parts(exp(t))[0] - mpf('0.6'), (mpf(-3), mpf(-1)), solver='anderson')
print('discrepancy', mp.nstr(exp(t), 17), [mp.nstr(v, 17) for v in parts(exp(t))[2]])
