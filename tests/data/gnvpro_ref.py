"""Compact NumPy reference for separable training: networks with exact forward and adjoint
derivatives, VarPro (regression, logistic, softmax), a GMRES trust-region Gauss-Newton solver,
slimTik and Adam.

Origin: the project's own reference program, written from the formulas and compared step by step
with the authors' MATLAB package (XtractOpen/Meganet.m) under GNU Octave; here trimmed to what
the scripts beside it use, made generic in the float type, and given two corrections as options
(`consistent` in VarProConvex, `expand` in trust_region).

Conventions: samples are columns, matrices inside a parameter vector are column-major.
`python gnvpro_ref.py` runs the derivative self-checks.
"""
import numpy as np
from scipy.optimize import brentq

from extended import spd_solve


# ------------------------------------------------------------------ network pieces
class Layer:
    """out = tanh(K y + b) ; K full or antisymmetric (Q - Q^T - 1e-4 I, Q zero diagonal)"""

    def __init__(self, nout, nin, anti=False, bias=False):
        self.nout, self.nin, self.anti, self.bias = nout, nin, anti, bias
        self.nk = nout * nin - (nout if anti else 0)
        self.n = self.nk + (nout if bias else 0)
        self.off = ~np.eye(nout, dtype=bool).ravel() if anti else None

    def kernel(self, th, linear=False):
        if not self.anti:
            return th[:self.nk].reshape(self.nin, self.nout).T
        q = np.zeros(self.nout ** 2, th.dtype); q[self.off] = th[:self.nk]
        Q = q.reshape(self.nout, self.nout).T
        A = Q - Q.T
        return A if linear else A - 1e-4 * np.eye(self.nout)

    def fwd(self, th, Y):
        K = self.kernel(th); P = K @ Y
        if self.bias: P = P + th[self.nk:self.nk + self.nout, None]
        A = np.tanh(P)
        return A, (K, Y, 1 - A * A)

    def jvp(self, dth, dY, c):
        K, Y, d = c
        T = self.kernel(dth, True) @ Y
        if dY is not None: T = T + K @ dY
        if self.bias: T = T + dth[self.nk:self.nk + self.nout, None]
        return d * T

    def vjp(self, V, c):
        K, Y, d = c
        D = d * V; g = np.empty(self.n, D.dtype); G = D @ Y.T
        g[:self.nk] = (G - G.T).T.ravel()[self.off] if self.anti else G.T.ravel()
        if self.bias: g[self.nk:self.nk + self.nout] = D.sum(1)
        return g, K.T @ D


class Euler:
    """y <- y + h layer(theta_i, y), i = 1..nt, separate weights per step"""

    def __init__(self, layer, nt, h):
        self.l, self.nt, self.h, self.n = layer, nt, h, nt * layer.n

    def fwd(self, th, Y):
        cs = []
        for t in th.reshape(self.nt, -1):
            Z, c = self.l.fwd(t, Y); cs.append(c); Y = Y + self.h * Z
        return Y, cs

    def jvp(self, dth, dY, cs):
        for t, c in zip(dth.reshape(self.nt, -1), cs):
            D = self.h * self.l.jvp(t, dY, c)
            dY = D if dY is None else dY + D
        return dY

    def vjp(self, V, cs):
        g = np.empty((self.nt, self.l.n), V.dtype)
        for i in range(self.nt - 1, -1, -1):
            gi, W = self.l.vjp(V, cs[i]); g[i] = self.h * gi; V = V + self.h * W
        return g.ravel(), V


class RK4:
    """classical RK4 of y' = layer(theta(t), y); weights at the 2*nt-1 nodes and midpoints"""

    def __init__(self, layer, times):
        self.l, self.t = layer, np.asarray(times); self.n = (2 * len(times) - 1) * layer.n

    def fwd(self, th, Y):
        th = th.reshape(-1, self.l.n); cs = []
        for i, h in enumerate(np.diff(self.t)):
            a, m, b = th[2 * i], th[2 * i + 1], th[2 * i + 2]
            k1, c1 = self.l.fwd(a, Y); k2, c2 = self.l.fwd(m, Y + h / 2 * k1)
            k3, c3 = self.l.fwd(m, Y + h / 2 * k2); k4, c4 = self.l.fwd(b, Y + h * k3)
            Y = Y + h * (k1 / 6 + k2 / 3 + k3 / 3 + k4 / 6); cs.append((c1, c2, c3, c4))
        return Y, cs

    def jvp(self, dth, dY, cs):
        th = dth.reshape(-1, self.l.n); z = 0.0 if dY is None else dY
        for i, h in enumerate(np.diff(self.t)):
            a, m, b = th[2 * i], th[2 * i + 1], th[2 * i + 2]; c = cs[i]; J = self.l.jvp
            k1 = J(a, z if np.ndim(z) else None, c[0]); k2 = J(m, z + h / 2 * k1, c[1])
            k3 = J(m, z + h / 2 * k2, c[2]); k4 = J(b, z + h * k3, c[3])
            z = z + h * (k1 / 6 + k2 / 3 + k3 / 3 + k4 / 6)
        return z

    def vjp(self, V, cs):
        g = np.zeros((self.n // self.l.n, self.l.n), V.dtype); hs = np.diff(self.t)
        for i in range(len(hs) - 1, -1, -1):
            h = hs[i]; c = cs[i]
            g4, w4 = self.l.vjp(V / 6, c[3])
            g3, w3 = self.l.vjp(V / 3 + h * w4, c[2])
            g2, w2 = self.l.vjp(V / 3 + h / 2 * w3, c[1])
            g1, w1 = self.l.vjp(V / 6 + h / 2 * w2, c[0])
            g[2 * i] += h * g1; g[2 * i + 1] += h * (g2 + g3); g[2 * i + 2] += h * g4
            V = V + h * (w1 + w2 + w3 + w4)
        return g.ravel(), V


class Net:
    def __init__(self, *parts):
        self.p = parts; self.cut = np.cumsum([0] + [q.n for q in parts]); self.n = self.cut[-1]

    def fwd(self, th, Y):
        cs = []
        for q, a, b in zip(self.p, self.cut, self.cut[1:]):
            Y, c = q.fwd(th[a:b], Y); cs.append(c)
        return Y, cs

    def jvp(self, dth, cs):
        d = None
        for q, a, b, c in zip(self.p, self.cut, self.cut[1:], cs): d = q.jvp(dth[a:b], d, c)
        return d

    def vjp(self, V, cs):
        g = np.empty(self.n, V.dtype)
        for q, a, b, c in reversed(list(zip(self.p, self.cut, self.cut[1:], cs))): g[a:b], V = q.vjp(V, c)
        return g


# ------------------------------------------------------------------ regularisers
class Ridge:
    def __init__(self, n, alpha): self.n, self.a = n, alpha
    def hv(self, x): return self.a * x


class Smooth:
    """alpha/2 |diff(reshape(x, rows, nt), columns)/h|^2"""
    def __init__(self, n, nt, h, alpha): self.n, self.nt, self.h, self.a = n, nt, h, alpha
    def hv(self, x):
        D = np.diff(x.reshape(self.nt, -1), axis=0); G = np.zeros((self.nt, D.shape[1]), x.dtype); G[1:] += D; G[:-1] -= D
        return self.a / self.h ** 2 * G.ravel()


class Blocks:
    def __init__(self, *r): self.r = r; self.cut = np.cumsum([0] + [q.n for q in r])
    def hv(self, x): return np.concatenate([q.hv(x[a:b]) for q, a, b in zip(self.r, self.cut, self.cut[1:])])
    def val(self, x): g = self.hv(x); return 0.5 * x @ g, g


# ------------------------------------------------------------------ losses on S = W [Z;1]
def one(Z): return np.vstack([Z, np.ones((1, Z.shape[1]), Z.dtype)])


class Logistic:
    def f(s, S, C):
        n = S.shape[1]; P = 1 / (1 + np.exp(-S))
        F = np.sum(np.logaddexp(0, S) - C * S) / n; d = P * (1 - P) / n
        return F, (P - C) / n, lambda U: d * U


class Softmax:
    def f(s, S, C):
        n = S.shape[1]; S = S - S.max(0); E = np.exp(S); t = E.sum(0); P = E / t
        F = (np.log(t).sum() - np.sum(C * S)) / n
        return F, (P - C) / n, lambda U: (P * U - P * np.sum(P * U, 0)) / n


class VarProConvex:
    """min over theta of loss(W(theta)[Z(theta);1]) + alpha2/2|W|^2 + R(theta), W solved exactly.
    Gauss-Newton operator: J^T D J + R'' with J the total derivative of S (as published), and with
    `consistent` also alpha2 (dW/dtheta)^T (dW/dtheta): then it is the Gauss-Newton operator of the
    convex function (S, W) -> loss(S) + alpha2/2|W|^2 composed with theta -> (S, W)."""

    def __init__(self, net, loss, reg, a2, Y, C, consistent=False):
        self.net, self.loss, self.reg, self.a2, self.Y, self.C = net, loss, reg, a2, Y, C
        self.W, self.consistent = None, consistent

    def dense_h(self, D, Zt, m):
        k = Zt.shape[0]; H = np.empty((m * k, m * k), Zt.dtype); E = np.zeros((m, k), Zt.dtype)
        for j in range(m * k):                                   # column-major W
            E[:] = 0; E[j % m, j // m] = 1
            H[:, j] = (D(E @ Zt) @ Zt.T).T.ravel()
        return (H + H.T) / 2 + self.a2 * np.eye(m * k)

    def inner(self, Zt):
        m = self.C.shape[0]; k = Zt.shape[0]; floor = 4.5 * np.finfo(Zt.dtype).eps
        W = np.zeros((m, k), Zt.dtype) if self.W is None else self.W
        best = np.inf
        for _ in range(200):
            F, G, D = self.loss.f(W @ Zt, self.C)
            g = G @ Zt.T + self.a2 * W; gn = np.linalg.norm(g)
            if gn < floor or (gn < 1e4 * floor and gn >= .5 * best): break
            best = min(best, gn)
            s = -spd_solve(self.dense_h(D, Zt, m), g.T.ravel()).reshape(k, m).T
            mu = 1.0; J = F + self.a2 / 2 * np.sum(W * W)
            while gn > 1e-9 and mu > 1e-10:
                Wt = W + mu * s
                if self.loss.f(Wt @ Zt, self.C)[0] + self.a2 / 2 * np.sum(Wt * Wt) <= J + 1e-4 * mu * np.sum(g * s): break
                mu /= 2
            W = W + mu * s
        self.W, self.inner_gradient_norm = W, gn
        return W

    def scores(self, th):
        Z, _ = self.net.fwd(th, self.Y); Zt = one(Z); W = self.inner(Zt)
        return W @ Zt, W

    def value(self, th):
        S, W = self.scores(th)
        return self.loss.f(S, self.C)[0] + self.a2 / 2 * np.sum(W * W) + self.reg.val(th)[0]

    def full(self, th):
        Z, cs = self.net.fwd(th, self.Y); Zt = one(Z); W = self.inner(Zt); m, k = W.shape
        F, G, D = self.loss.f(W @ Zt, self.C); Wz = W[:, :-1]
        Hw = self.dense_h(D, Zt, m)
        solve = lambda R: spd_solve(Hw, R.T.ravel()).reshape(k, m).T
        R, dR = self.reg.val(th); aw = self.a2 if self.consistent else 0.0

        def J(v):                                                 # (dS, dW)
            dZ = self.net.jvp(v, cs); A = Wz @ dZ
            dW = -solve(D(A) @ Zt.T + np.hstack([G @ dZ.T, np.zeros((m, 1), Z.dtype)]))
            return A + dW @ Zt, dW

        def JT(X, P):                                             # adjoint of J
            p = solve(X @ Zt.T + P)
            return self.net.vjp(Wz.T @ (X - D(p @ Zt)) - p[:, :-1].T @ G, cs)

        def H(v):
            dS, dW = J(v)
            return JT(D(dS), aw * dW) + self.reg.hv(v)
        g = self.net.vjp(Wz.T @ G, cs) + dR                       # envelope theorem
        self.info = dict(F=F, W=W)
        return F + self.a2 / 2 * np.sum(W * W) + R, g, H


class VarProLS:
    """0.5/n |W[Z;1]-C|^2 + a1/2|theta|^2 + a2/2|W|^2; Gauss-Newton of the full stacked residual."""

    def __init__(self, net, a1, a2, Y, C): self.net, self.a1, self.a2, self.Y, self.C = net, a1, a2, Y, C

    def _w(self, th):
        n = self.Y.shape[1]; Z, cs = self.net.fwd(th, self.Y); Zt = one(Z) / np.sqrt(n); C = self.C / np.sqrt(n)
        U, s, Vt = np.linalg.svd(Zt, full_matrices=False); s2 = 1 / (s * s + self.a2)
        W = ((C @ Vt.T) * (s * s2)) @ U.T
        return n, cs, Zt, U, s, Vt, s2, W, W @ Zt - C

    def value(self, th):
        *_, W, r = self._w(th)
        return .5 * np.sum(r * r) + self.a1 / 2 * th @ th + self.a2 / 2 * np.sum(W * W)

    def full(self, th):
        n, cs, Zt, U, s, Vt, s2, W, r = self._w(th); Wz = W[:, :-1]; q = 1 / np.sqrt(n); m = W.shape[0]

        def J(v):
            dZ = q * self.net.jvp(v, cs); A = Wz @ dZ
            B = (A @ Vt.T) * (s * s2) + (np.hstack([r @ dZ.T, np.zeros((m, 1))]) @ U) * s2   # -dW U
            return A - (B * s) @ Vt, -B @ U.T

        def JT(X, P):                                             # adjoint of (dS, dW)
            p = ((X @ Vt.T) * (s * s2)) @ U.T                     # X Zt^T M^-1
            t = (P @ U * s2) @ U.T                                # P M^-1
            Tz = X - (p + t) @ Zt
            return q * self.net.vjp(Wz.T @ Tz - (p + t)[:, :-1].T @ r, cs)

        def H(v):
            dS, dW = J(v); return JT(dS, self.a2 * dW) + self.a1 * v
        F = .5 * np.sum(r * r); g = q * self.net.vjp(Wz.T @ r, cs) + self.a1 * th
        self.info = dict(F=F, W=W)
        return F + self.a1 / 2 * th @ th + self.a2 / 2 * np.sum(W * W), g, H


# ------------------------------------------------------------------ GMRES trust region
def gmres(A, b, m, tol):
    n = b.size; V = np.zeros((n, m + 1)); H = np.zeros((m + 1, m)); R = np.zeros((m + 1, m))
    beta = np.linalg.norm(b); V[:, 0] = b / beta; cs = np.zeros(m); sn = np.zeros(m); s = np.zeros(m + 1); s[0] = beta
    flag = -1
    for j in range(m):
        w = A(V[:, j])
        for i in range(j + 1):
            H[i, j] = V[:, i] @ w; w = w - H[i, j] * V[:, i]
        H[j + 1, j] = np.linalg.norm(w); V[:, j + 1] = w / H[j + 1, j]
        R[:, j] = H[:, j]
        for i in range(j):
            R[i, j], R[i + 1, j] = cs[i] * R[i, j] + sn[i] * R[i + 1, j], -sn[i] * R[i, j] + cs[i] * R[i + 1, j]
        a, c = R[j, j], R[j + 1, j]; r = np.hypot(a, c)
        sg = np.sign(c) if abs(c) > abs(a) else np.sign(a)
        if abs(c) > abs(a): sn[j] = abs(c) / r * np.sign(c); cs[j] = sn[j] * a / c
        else: cs[j] = abs(a) / r * sg; sn[j] = cs[j] * c / a
        s[j + 1] = -sn[j] * s[j]; s[j] = cs[j] * s[j]
        R[j, j] = cs[j] * a + sn[j] * c; R[j + 1, j] = 0
        err = abs(s[j + 1]) / beta
        if err < tol: flag = 0; break
    k = j + 1; z = np.linalg.solve(R[:k, :k], s[:k])
    return V[:, :k] @ z, z, V[:, :k + 1], H[:k + 1, :k], err, k, flag


def boundary(Hb, beta, Delta):
    """min |Hb z - beta e1|^2 + l^2 |z|^2 with l such that |z| = Delta; returns (l, z)"""
    U, S, Wt = np.linalg.svd(Hb, full_matrices=False); rhs = beta * U[0]
    f = lambda l: np.linalg.norm(S * rhs / (S * S + l * l)) - Delta
    lam = brentq(f, 0, beta / Delta, xtol=1e-300, rtol=4 * np.finfo(float).eps, maxiter=500)
    return lam, Wt.T @ (S * rhs / (S * S + lam * lam))


def trust_region(obj, th, iters, m, tol, expand=True):
    """Krylov trust region.  flags: 2/0 accept keep radius, 1 accept+shrink, -2 reject+shrink,
    -3 radius x1.5 without moving, then another trial from the same Krylov space.
    expand=False repeats the published program, which never goes back to a longer step: the
    boundary solution replaces the Krylov solution, so after -3 the same step is tried again.
    expand=True keeps the Krylov solution z0 and computes every trial step from it anew."""
    rho0, lo, hi = 1e-4, .1, .75
    J, g, H = obj.full(th); Delta = None; flag = 0; out = []; start = dict(J_start=J, W_start=obj.info['W'].T.ravel())
    for it in range(iters):
        if flag > -2:
            _, z0, V, Hb, err, k, _ = gmres(H, -g, m, tol); gn = np.linalg.norm(g); z = z0
        if Delta is None: Delta = np.linalg.norm(z0)
        if expand: z = z0
        if np.linalg.norm(z) > Delta: z = boundary(Hb, gn, Delta)[1]
        s = V[:, :-1] @ z; sn = np.linalg.norm(s); pred = z[0] * gn - .5 * z @ Hb[:-1] @ z
        rho = (J - obj.value(th + s)) / pred; J0 = J
        if rho < rho0: Delta = min(.5 * Delta, .5 * sn); flag = -2
        elif rho < lo: Delta *= .5; flag = 1
        elif rho <= hi: flag = 0
        elif abs(sn - Delta) / Delta < 1e-5 and Delta <= 1e4 * gn: Delta *= 1.5; flag = -3
        else: flag = 2
        if flag > -2:
            th = th + s; J, g, H = obj.full(th)
        out.append(dict(theta=th, J_before=J0, grad_norm=gn, step_norm=sn, flag=flag, Delta_after=Delta, rho=rho, pred=pred,
                        krylov_dim=k, krylov_relres=err))
    log = {key: np.array([o[key] for o in out]) for key in out[0]}
    return {**log, **start, 'J_final': J, 'F_final': obj.info['F'], 'W_final': obj.info['W'].T.ravel()}


# ------------------------------------------------------------------ slimTik / Adam
def lambda_trials(sumlam, ub=1e3):
    p = min(np.log10(sumlam / 2), ub); l = np.logspace(min(p, -16), max(p, -16), 30)
    return np.concatenate([-l[::-1], l])


def slim_solve(Z, C, M, W, sumlam, mode, lam0, lb=1e-7):
    """one sampled-Tikhonov update; returns (lambda_k, new W).  Z, C scaled by 1/sqrt(batch)."""
    U, S, _ = np.linalg.svd(M, full_matrices=False); E = W @ Z - C
    if mode == 'trialPoints':
        ZU = Z.T @ U; EZU = E @ ZU; WU = W @ U; lam = lambda_trials(sumlam); nt = C.shape[0]
        sig = S[:, None] ** 2 + sumlam + lam[None]
        res = np.stack([((EZU + WU * l) / sig[:, i]) @ ZU.T - E for i, l in enumerate(lam)])
        tr = nt * (np.sum(ZU ** 2, 0) @ (1 / sig))
        f = np.sum(res ** 2, (1, 2)) / (Z.shape[1] * nt - tr) ** 2
        L = lam[np.argmin(f)]
        if L + sumlam < lb: L = lb - sumlam
    else: L = lam0
    a = 1 / (L + sumlam)
    R = E @ Z.T + L * W
    return L, W - (a * R - a * a * ((R @ U) * (S ** 2 / (1 + a * S ** 2))) @ U.T)


def train(net, reg, Y, C, th, W, orders, batch, lr, mode, mem=0, alphaW=1e-10, max_it=None, log=None):
    """mode: 'adam' (joint theta, W) or 'trialPoints'/'constant' (slimTik + Adam on theta).
    Adam uses beta=(.9,.999), eps=1e-8 inside the square root and the EPOCH number (from 1) in
    the bias correction, as the original does."""
    th = th.copy(); W = W.copy(); k, w = W.shape; adam = mode == 'adam'
    x = np.concatenate([th, W.T.ravel()]) if adam else th
    m1 = np.zeros(x.size); m2 = np.zeros(x.size); M = []; sumlam = alphaW; it = 0; aW = alphaW
    for ep, order in enumerate(orders, 1):
        for b in range(len(order) // batch):
            idx = order[b * batch:(b + 1) * batch]; Yb, Cb = Y[:, idx], C[:, idx]; n = len(idx); beta = 1 / np.sqrt(n)
            t = x[:net.n]; Z, cs = net.fwd(t, Yb); Zt = one(Z); L = np.nan
            if adam: W = x[net.n:].reshape(w, k).T
            else:
                if it > mem: M = M[1:]
                M.append(Zt)
                L, W = slim_solve(beta * Zt, beta * Cb, beta * np.hstack(M), W, sumlam, mode, alphaW)
                it += 1
                if mode == 'constant': aW = alphaW; sumlam += alphaW
                else: sumlam = max(sumlam + L, 1e-7); aW = sumlam / (it + 1)
            r = W @ Zt - Cb; F = .5 / n * np.sum(r * r); R, dR = reg.val(t)
            J = F + R + .5 * aW * np.sum(W * W)
            g = net.vjp(W[:, :-1].T @ r / n, cs) + dR
            if adam: g = np.concatenate([g, (r @ Zt.T / n + alphaW * W).T.ravel()])
            m1 = .9 * m1 + .1 * g; m2 = .999 * m2 + .001 * g * g
            x = x - lr * (m1 / (1 - .9 ** ep)) / np.sqrt(m2 / (1 - .999 ** ep) + 1e-8)
            if log is not None: log.append(dict(J=J, F=F, x=x, W=W.T.ravel(), Lambda=L, sumLambda=sumlam, alphaW=aW))
            if max_it and log is not None and len(log) >= max_it: return x[:net.n], W
        if adam: W = x[net.n:].reshape(w, k).T
    return x[:net.n], W


# ------------------------------------------------------------------ the named problems
def peaks_net(kind):
    if kind == 'resnn': return Net(Layer(8, 2), Euler(Layer(8, 8, bias=True), 8, 5 / 8))
    return Net(Layer(8, 2), RK4(Layer(8, 8, anti=True, bias=True), np.linspace(0, 5, 8)))


def peaks_reg(net): return Blocks(Ridge(16, 5e-6), Smooth(net.n - 16, 8, 8 / 5, 5e-6))
def classes_net(): return Net(Layer(8, 2, bias=True), Euler(Layer(8, 8, bias=True), 4, 5 / 4))
def circle_net(): return Net(Layer(4, 2, bias=True), Layer(4, 4, bias=True), Layer(2, 4, bias=True))
def small_net(): return Net(Layer(8, 2, bias=True), RK4(Layer(8, 8, anti=True, bias=True), np.linspace(0, 1, 2)))
def peaks_problem(D): return VarProLS(peaks_net('resnn'), 1e-6, 1e-8, D['Yt'], D['Ct'])


def _check():
    rng = np.random.default_rng(0)
    for name, net, nin in [('circle', circle_net(), 2), ('resnn', peaks_net('resnn'), 2), ('rk4 antisym', peaks_net('antisym'), 2), ('small', small_net(), 2)]:
        th = .5 * rng.standard_normal(net.n); Y = rng.standard_normal((nin, 7)); d = rng.standard_normal(net.n)
        Z, cs = net.fwd(th, Y); V = rng.standard_normal(Z.shape); h = 1e-6
        fd = (net.fwd(th + h * d, Y)[0] - net.fwd(th - h * d, Y)[0]) / (2 * h); j = net.jvp(d, cs)
        print(f'{name:12s} jvp vs central difference {np.abs(j - fd).max() / np.abs(fd).max():.1e}  adjoint {abs(np.sum(V * j) - net.vjp(V, cs) @ d) / abs(np.sum(V * j)):.1e}')
        for C, ob in [(rng.standard_normal((2, 7)), lambda C: VarProLS(net, 1e-3, 1e-2, Y, C)),
                      ((rng.random((1, 7)) > .5) * 1., lambda C: VarProConvex(net, Logistic(), Blocks(Ridge(net.n, 1e-3)), 1e-2, Y, C, True)),
                      (np.eye(3)[:, rng.integers(0, 3, 7)], lambda C: VarProConvex(net, Softmax(), Blocks(Ridge(net.n, 1e-3)), 1e-2, Y, C, True))]:
            o = ob(C); J, g, H = o.full(th); h = 1e-5
            fd = (o.value(th + h * d) - o.value(th - h * d)) / (2 * h); e = rng.standard_normal(net.n); H1 = H(d); H2 = H(e)
            print(f'   {type(o).__name__:13s} gradient {abs(g @ d - fd) / abs(fd):.1e}  GN symmetry {abs(e @ H1 - d @ H2) / abs(e @ H1):.1e}  d.Hd {d @ H1:.3e}')


if __name__ == '__main__': _check()
