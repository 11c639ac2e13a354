"""CurveBall reference (Henriques et al., arXiv:1805.08095) in plain NumPy, float64.

Origin: the project's own reference program, written from Algorithm 1 of the paper and its
published hyper-parameter rules, and compared with the authors' PyTorch version (agreement 3e-11
on Rosenbrock, 1e-15 on the other two problems); here without the set-up of those problems, which
`curveball.npz` holds.

model:  f(w, batch) -> predictions and exact products J v, J^T u
loss :  value, gradient dL/df and Gauss-Newton product H_L x (least squares or softmax)

one step, with H = J^T H_L J + lam I and g = J^T dL/df:
    dz = H z + g
    [ dz'H dz  z'H dz ] [ beta ]   [ g'dz ]
    [ z'H dz   z'H z  ] [ -rho ] = [ g'z  ]     (pseudo-inverse; z = 0 at the start)
    z <- rho z - beta dz ;  w <- w + lr z
    every T steps: ratio = (L(w+) - L(w)) / M with M = -1/2 [beta,-rho] . rhs ;
        lam /= k if ratio < 1/2 ; lam *= k if ratio > 3/2 ; k = 0.999^T, T = 5
Self-test: python curveball_ref.py
"""
import numpy as np


# ------------------------------------------------------------------ losses
class SumSq:
    """mean over samples of the squared residual norm"""
    def __call__(s, F, T, full=True):
        n = F.shape[1]; R = F - T; L = np.sum(R * R) / n
        return (L, 2 / n * R, lambda X: 2 / n * X) if full else L


class SoftmaxCE:
    """mean cross entropy; T = integer labels"""
    def __call__(s, F, T, full=True):
        n = F.shape[1]; Z = F - F.max(0); E = np.exp(Z); t = E.sum(0); L = np.mean(np.log(t) - Z[T, np.arange(n)])
        if not full: return L
        P = E / t; G = P.copy(); G[T, np.arange(n)] -= 1
        return L, G / n, lambda X: (P * X - P * np.sum(P * X, 0)) / n


# ------------------------------------------------------------------ models
class Rosenbrock:
    """residuals (1-u, sqrt(100 eps) (v-u^2)); eps is the 'batch'"""
    n = 2

    def lin(s, w, eps):
        c = np.sqrt(100 * eps); J = np.array([[-1, 0], [-2 * c * w[0], c]])
        F = np.array([[1 - w[0]], [c * (w[1] - w[0] ** 2)]])
        return F, lambda v: (J @ v)[:, None], lambda U: J.T @ U[:, 0]

    def f(s, w, eps): return s.lin(w, eps)[0]


class MLP:
    """layers y <- act(W y + b); act on all but the last; bias optional; column-major W then b"""

    def __init__(self, sizes, act='tanh', bias=True):
        self.sz, self.act, self.bias = sizes, act, bias; self.n = sum(a * b + (b if bias else 0) for a, b in zip(sizes, sizes[1:]))

    def split(self, w):
        out, i = [], 0
        for a, b in zip(self.sz, self.sz[1:]):
            W = w[i:i + a * b].reshape(a, b).T; i += a * b
            c = w[i:i + b] if self.bias else None; i += b if self.bias else 0
            out.append((W, c))
        return out

    def lin(self, w, X):
        P = self.split(w); ys, ds = [X], []
        for k, (W, b) in enumerate(P):
            Z = W @ ys[-1] + (b[:, None] if b is not None else 0)
            if k == len(P) - 1 or self.act == 'linear': ys.append(Z); ds.append(None)
            elif self.act == 'tanh': A = np.tanh(Z); ys.append(A); ds.append(1 - A * A)
            else: ys.append(np.maximum(Z, 0)); ds.append((Z > 0) * 1.0)

        def Jv(v):
            d = None
            for (W, _), (V, c), y, s in zip(P, self.split(v), ys, ds):
                t = V @ y
                if c is not None: t = t + c[:, None]
                if d is not None: t = t + W @ d
                d = t if s is None else s * t
            return d

        def JT(U):
            g = []
            for (W, b), y, s in zip(P[::-1], ys[-2::-1], ds[::-1]):
                if s is not None: U = s * U
                if b is not None: g.append(U.sum(1))
                g.append((U @ y.T).T.ravel()); U = W.T @ U
            return np.concatenate(g[::-1])
        return ys[-1], Jv, JT

    def f(self, w, X): return self.lin(w, X)[0]


# ------------------------------------------------------------------ optimiser
class CurveBall:
    def __init__(self, model, loss, w, lam=1.0, lr=1.0, factor=0.999, every=5, lo=0.5, hi=1.5, auto_lambda=True, rho=None, beta=None):
        self.m, self.loss, self.w = model, loss, w.astype(float).copy(); self.z = np.zeros_like(self.w)
        self.lam, self.lr, self.k, self.T, self.lo, self.hi, self.auto = lam, lr, factor ** every, every, lo, hi, auto_lambda
        self.fix = None if rho is None else (beta, rho); self.t = 0

    def step(self, X, T):
        F, Jv, JT = self.m.lin(self.w, X); L, G, HL = self.loss(F, T); z, lam = self.z, self.lam
        Jz = Jv(z); HJz = HL(Jz); dz = JT(HJz + G) + lam * z
        if self.fix is None:
            Jd = Jv(dz); HJd = HL(Jd)
            a11 = np.sum(Jd * HJd) + lam * dz @ dz; a12 = np.sum(Jz * HJd) + lam * dz @ z; a22 = np.sum(Jz * HJz) + lam * z @ z
            A = np.array([[a11, a12], [a12, a22]]); b = np.array([np.sum(G * Jd), np.sum(G * Jz)])
            m = np.linalg.pinv(A) @ b; beta, rho = m[0], -m[1]
        else: beta, rho = self.fix; m = None
        self.z = rho * z - beta * dz; self.w = self.w + self.lr * self.z; ratio = np.nan
        if self.auto and m is not None and self.t % self.T == 0:
            M = -0.5 * m @ b; Ln = self.loss(self.m.f(self.w, X), T, False)
            with np.errstate(all='ignore'): ratio = (Ln - L) / M
            if ratio < self.lo: self.lam = lam / self.k
            elif ratio > self.hi: self.lam = lam * self.k
        self.t += 1
        return dict(loss=L, beta=beta, rho=rho, lam=self.lam, ratio=ratio, nz=np.linalg.norm(self.z), nw=np.linalg.norm(self.w))


def _check():
    rng = np.random.default_rng(1)
    for act in ('tanh', 'relu', 'linear'):
        m = MLP([5, 7, 6, 3], act, act != 'linear'); w = rng.standard_normal(m.n); X = rng.standard_normal((5, 9)); v = rng.standard_normal(m.n)
        F, Jv, JT = m.lin(w, X); h = 1e-6; fd = (m.f(w + h * v, X) - m.f(w - h * v, X)) / (2 * h); U = rng.standard_normal(F.shape)
        print(act, 'jvp', np.abs(Jv(v) - fd).max() / np.abs(fd).max(), 'adjoint', abs(np.sum(U * Jv(v)) - JT(U) @ v))
        for loss, T in ((SumSq(), rng.standard_normal((3, 9))), (SoftmaxCE(), rng.integers(0, 3, 9))):
            L, G, H = loss(F, T); D = rng.standard_normal(F.shape); h = 1e-6
            fg = (loss(F + h * D, T, False) - loss(F - h * D, T, False)) / (2 * h)
            fh = (loss(F + h * D, T)[1] - loss(F - h * D, T)[1]) / (2 * h)
            print('  ', type(loss).__name__, 'grad', abs(np.sum(G * D) - fg), 'hess', np.abs(H(D) - fh).max())


if __name__ == '__main__': _check()
