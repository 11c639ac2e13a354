"""The example of O'Leary and Rust (2013), solved in 40-digit arithmetic; `tests/tests/nist.rs` has the digits printed.

    y ~ c1 exp(-a2 t) cos(a3 t) + c2 exp(-a1 t) cos(a2 t),      residuals times w

The answer published with their program has about six digits of the minimum. Needs mpmath.
"""
import mpmath as mp

mp.mp.dps = 40
read = lambda text: [mp.mpf(x) for x in text.split()]
T = read("0 .1 .22 .31 .46 .50 .63 .78 .85 .97")
Y = read("6.9842 5.1851 2.8907 1.4199 -0.2473 -0.5243 -1.0156 -1.0260 -0.9165 -0.6805")
W = read("1 1 1 .5 .5 1 .5 1 .5 .5")


def residuals(p):
    a1, a2, a3, c1, c2 = p
    value = lambda t: c1 * mp.exp(-a2 * t) * mp.cos(a3 * t) + c2 * mp.exp(-a1 * t) * mp.cos(a2 * t)
    return mp.matrix([w * (value(t) - y) for t, y, w in zip(T, Y, W)])


def jacobian(p):
    h, columns = mp.mpf(10) ** -13, []
    for i in range(5):
        up, down = ([*p[:i], p[i] + s * h, *p[i + 1 :]] for s in (1, -1))
        columns.append((residuals(up) - residuals(down)) / (2 * h))
    return mp.matrix([[column[k] for column in columns] for k in range(len(T))])


p = read("1.0132255 2.4968675 4.0625148 5.8416357 1.1436854")  # published
step = mp.inf
while mp.norm(step) > mp.mpf(10) ** -22:
    j = jacobian(p)
    step = mp.lu_solve(j.T * j, -(j.T * residuals(p)))
    p = [x + s for x, s in zip(p, step)]
r, j = residuals(p), jacobian(p)
squares = mp.fdot(r, r)
inverse = (j.T * j) ** -1
print("a, c      ", *(mp.nstr(x, 12) for x in p))
print("deviations", *(mp.nstr(mp.sqrt(squares / 5 * inverse[i, i]), 12) for i in range(5)))
print("squares   ", mp.nstr(squares, 12))
