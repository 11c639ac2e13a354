"""Known answers for tests/cdr.rs: the first sample of seed 0, by dense linear algebra and a second writing-down of the problem.

Needs numpy. Prints the first three inputs and the observations of the last time."""

import numpy as np

MASK = 2**64 - 1


def uniform_draws(seed, count):
    """xoshiro256++ (Blackman, Vigna), its state filled by SplitMix64."""
    state = []
    for _ in range(4):
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        state.append(z ^ (z >> 31))
    rotate = lambda x, k: ((x << k) | (x >> (64 - k))) & MASK
    draws = []
    for _ in range(count):
        s0, s1, s2, s3 = state
        draws.append(((rotate((s0 + s3) & MASK, 23) + s0) & MASK) >> 11)
        s2 ^= s0
        s3 ^= s1
        state = [s0 ^ s3, s1 ^ s2, s2 ^ ((s1 << 17) & MASK), rotate(s3, 45)]
    return np.array(draws) * 2.0**-53


y = uniform_draws(0, 55)
y /= y.sum()

n, dt = 16, 0.15
h = 1 / n
x, z = np.tile((np.arange(n) + 0.5) * h, n), np.repeat((np.arange(n) + 0.5) * h, n)
psi = lambda i, j: 0.045 / np.pi * np.sin(np.pi * i * h) * np.sin(np.pi * j * h)
a = np.zeros((n * n, n * n))
for j in range(n):
    for i in range(n):
        here = i + n * j
        for there, inside, q in (
            (here + 1, i + 1 < n, psi(i + 1, j + 1) - psi(i + 1, j)),
            (here + n, j + 1 < n, psi(i, j + 1) - psi(i + 1, j + 1)),
        ):
            if inside:
                out, back = (0.007 + max(q, 0)) / h**2, (0.007 + max(-q, 0)) / h**2
                a[[here, there], here] += out, -out
                a[[there, here], there] += back, -back
inverse = np.linalg.inv(np.eye(n * n) + dt * a)

rate = 2 * sum(y_ij * x**j * z**i for y_ij, (i, j) in zip(y, ((i, j) for i in range(10) for j in range(10 - i))))
source = np.exp(-((x - 0.25) ** 2 + (z - 0.7) ** 2) / (2 * 0.18**2))
u = np.zeros(n * n)
for step in range(1, 116):
    u *= (1 + dt * rate * u**2 / (64 + u**2)) / (1 + dt * u / 80)
    u = inverse @ (u + dt * 25 * np.exp(-step * dt / 2) * source)

print("inputs", *(f"{v:.17e}" for v in y[:3]))
for xs, zs in ((0.3, 0.25), (0.5, 0.25), (0.8, 0.25), (0.3, 0.75), (0.5, 0.75), (0.8, 0.75)):
    weights = np.maximum(0, 1 - np.abs(x - xs) / h) * np.maximum(0, 1 - np.abs(z - zs) / h)
    print(f"{weights @ u:.15e}")
