"""Writes the seed corpus that is committed beside it: python3 make_corpus.py"""
import os, struct, zlib
import numpy as np

def put(target, name, data):
    os.makedirs(f'corpus/{target}', exist_ok=True)
    open(f'corpus/{target}/{name}', 'wb').write(data if isinstance(data, bytes) else data.encode())

# rows, columns, gap, kind, shift, elements
def matrix(m, n, kind, payload, gap=0, shift=128): return bytes([m, n, gap, kind, shift]) + payload
rng = np.random.default_rng(1)
doubles = lambda *x: struct.pack(f'<{len(x)}d', *x)
for target in ('qr_and_cholesky', 'svd'):
    put(target, 'empty', b'')
    put(target, 'tall_small_integers', matrix(7, 3, 1, rng.integers(0, 256, 28).astype(np.uint8).tobytes(), 1))
    put(target, 'square_subnormal', matrix(4, 4, 0, doubles(*(rng.integers(1, 100, 20) * 5e-324))))
    put(target, 'square_huge', matrix(5, 5, 0, doubles(*(rng.standard_normal(30) * 1e306))))
    put(target, 'nan_and_infinity', matrix(2, 2, 0, doubles(float('nan'), 1, float('inf'), 2, 3, 4)))
    put(target, 'graded', matrix(6, 6, 3, rng.integers(0, 256, 84).astype(np.uint8).tobytes(), 2))
    put(target, 'rank_one', matrix(8, 5, 1, bytes([130, 132, 134, 136, 138, 140, 142, 144] * 6)))
    put(target, 'zero', matrix(3, 3, 1, bytes([128] * 12)))
    put(target, 'small_scale', matrix(5, 4, 2, rng.integers(0, 256, 25).astype(np.uint8).tobytes(), 0, 2))
    put(target, 'large_scale', matrix(5, 4, 2, rng.integers(0, 256, 25).astype(np.uint8).tobytes(), 0, 250))
    put(target, 'positive_definite', matrix(3, 3, 1, bytes([200, 130, 129, 130, 190, 127, 129, 127, 180, 1, 2, 3])))

put('csv', 'header', 'a,b,target\n1,2,3\n4,5,6\n7,8,9.5e-3\n')
put('csv', 'labels', '5.1;3.5;setosa\r\n4.9;3.0;setosa\r\n6.3;3.3;virginica\r\n')
put('csv', 'spaces', '  1 2   3\n\n 4 5 6\n')
put('csv', 'quoted', '"x, y","z"\n"1","2"\n3,"4"\n')
put('csv', 'byte_order_mark', b'\xef\xbb\xbfa\tb\n1\t2\n')
put('csv', 'odd_cells', 'a,b,c\n1,,NA\nnan,inf,1e999\n-,0x1,1_000\n')
put('csv', 'not_utf8', b'a,b\n1,\xff\n')
put('csv', 'numeric_labels', '1,2,0\n2,3,1\n3,4,0\n4,5,1\n5,6,2\n6,7,2\n')

# MAT files of version 5
def element(kind, data): return struct.pack('<II', kind, len(data)) + data + b'\0' * (-len(data) % 8)
def variable(name, a, cls=6, kind=9, fmt='d'):
    flat = a.T.ravel()
    return (element(6, struct.pack('<II', cls, 0)) + element(5, struct.pack(f'<{a.ndim}i', *a.shape))
            + element(1, name.encode()) + element(kind, struct.pack(f'<{flat.size}{fmt}', *flat)))
head = b'MATLAB 5.0 MAT-file'.ljust(124) + struct.pack('<H', 0x100) + b'IM'
def tagged(v): return struct.pack('<II', 14, len(v)) + v
X, Y = rng.standard_normal((3, 4)), rng.standard_normal((1, 4))
plain = tagged(variable('X', X)) + tagged(variable('Y', Y))
put('mat', 'plain', head + plain)
packed = [zlib.compress(tagged(variable(n, a))) for n, a in (('X', X), ('Y', Y))]
put('mat', 'compressed', head + b''.join(struct.pack('<II', 15, len(p)) + p for p in packed))
put('mat', 'integers', head + tagged(variable('inputs', np.arange(6).reshape(2, 3), 12, 5, 'i')) + tagged(variable('targets', np.array([[0, 1, 0]]), 9, 2, 'B')))
put('mat', 'truncated', (head + plain)[:300])
put('mat', 'version_7_3', b'MATLAB 7.3 MAT-file'.ljust(124) + struct.pack('<H', 0x200) + b'IM' + b'\0' * 384 + b'\x89HDF\r\n\x1a\n')
put('mat', 'no_variables', head)

put('network', 'published', b'\x05' + b'affine:32, tanh, antisym:32x8:T=4')
put('network', 'dense', b'\x02dense:8:relu,euler:4:T=5:sigmoid,linear:3')
put('network', 'unknown', b'\x02affine:3, tahn')
put('network', 'huge', b'\x02affine:99999999999999999999,affine:4294967296,affine:4294967296')
put('network', 'no_inputs', b'\x00tanh')
put('network', 'accents', '\x03séq:8, ÿ:=, T=1e999'.encode())
put('network', 'horizon', b'\x04antisym:4:T=1e308:sine, antisym:2:T=5e-324, euler:1:T=-1')
