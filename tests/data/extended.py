"""Dense solves that also work in np.longdouble (NumPy's linalg does not): Cholesky for symmetric
positive definite matrices, Householder QR for least squares.  For the small sizes of these data."""
import numpy as np


def cholesky(A):
    """lower triangular L with L L^T = A; raises if a pivot is not positive"""
    n = len(A); L = np.zeros_like(A)
    for j in range(n):
        d = A[j, j] - L[j, :j] @ L[j, :j]
        if not d > 0: raise np.linalg.LinAlgError(f'pivot {j}: {d}')
        L[j, j] = np.sqrt(d)
        L[j + 1:, j] = (A[j + 1:, j] - L[j + 1:, :j] @ L[j, :j]) / L[j, j]
    return L


def spd_solve(A, B):
    """A^-1 B: LAPACK for float64, the loop above for longer types"""
    if np.result_type(A, B) == np.float64: return np.linalg.solve(A, B)
    L = cholesky(A); n = len(A); X = B.astype(A.dtype).copy()
    for i in range(n): X[i] = (X[i] - L[i, :i] @ X[:i]) / L[i, i]
    for i in range(n - 1, -1, -1): X[i] = (X[i] - L[i + 1:, i] @ X[i + 1:]) / L[i, i]
    return X


def least_squares(A, b):
    """argmin |A x - b| for a tall A of full rank, by Householder reflections"""
    A, b = A.copy(), b.copy(); m, n = A.shape
    for j in range(n):
        v = A[j:, j].copy(); v[0] += np.copysign(np.sqrt(v @ v), v[0]); vv = v @ v
        A[j:] -= np.outer(v, 2 * (v @ A[j:]) / vv); b[j:] -= v * (2 * (v @ b[j:]) / vv)
    x = np.zeros(n, A.dtype)
    for i in range(n - 1, -1, -1): x[i] = (b[i] - A[i, i + 1:n] @ x[i + 1:]) / A[i, i]
    return x
