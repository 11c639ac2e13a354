"""Writes the seed corpus that is committed beside it: python3 make_corpus.py"""
import gzip, os, struct, zipfile, zlib
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
put('csv', 'mark_after_blank', b' \xef\xbb\xbf2  6\n')
put('csv', 'mark_after_blank_labels', b' \xef\xbb\xbf2   3\n4\t2\n')
put('csv', 'utf8_but_for_a_quote', b'"xy","z"\n"1","\0"\n3,"\xc3"\xa2')
put('csv', 'name_twice', b' \x001 2 2 \x1e 3\n\n 4 1 2 5 6\n')

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

# NPY, NPZ and IDX files
import io
def npy(a, **options):
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asanyarray(a), **options)
    return out.getvalue()
table = rng.standard_normal((6, 3))
put('npy', 'table', npy(table))
put('npy', 'fortran', npy(np.asfortranarray(table.astype('>f4'))))
put('npy', 'classes', npy(np.array([[1, 2, 0], [2, 3, 1], [3, 4, 0], [4, 5, 1]], dtype=np.int8)))
put('npy', 'version_2', npy(np.arange(8, dtype=np.uint16).reshape(4, 2), version=(2, 0)))
put('npy', 'cube', npy(np.zeros((2, 2, 2), dtype=np.uint8)))
put('npy', 'strings', npy(np.array(['a', 'b'])))
put('npy', 'no_axes', npy(1.5))
put('npy', 'nan', npy(np.array([[1.0, np.nan], [2.0, 3.0]])))
put('npy', 'gzip', gzip.compress(npy(table), mtime=0))
put('npy', 'truncated', npy(table)[:-5])
head = "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }\n".encode()
put('npy', 'overflow', b'\x93NUMPY\x01\0' + struct.pack('<H', len(head)) + head + b'\0' * 16)
put('npy', 'long_header', b'\x93NUMPY\x02\0\xff\xff\xff\xff{}')
def npz(compressed, **arrays):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as file:
        for name, a in arrays.items(): file.writestr(zipfile.ZipInfo(name + '.npy'), npy(a), file.compression)
    return out.getvalue()
put('npz', 'plain', npz(False, x=table, y=table[:, 0]))
put('npz', 'compressed', npz(True, X=table, y=np.array([0, 1, 2, 0, 1, 2])))
put('npz', 'images', npz(True, x_train=np.zeros((4, 2, 2), dtype=np.uint8), y_train=np.array([0, 1, 0, 1], dtype=np.uint8)))
put('npz', 'columns', npz(False, inputs=table.T, targets=table[:, :1].T))
put('npz', 'strings', npz(False, x=table, y=np.array(['a'] * 6)))
put('npz', 'empty', npz(False))
put('npz', 'truncated', npz(True, x=table, y=table)[:-30])
def idx(kind, a, fmt): return bytes([0, 0, kind, a.ndim]) + struct.pack(f'>{a.ndim}I', *a.shape) + a.astype(fmt).tobytes()
put('idx', 'labels', idx(8, np.array([0, 1, 2, 1, 0]), '>u1'))
put('idx', 'images', idx(8, np.arange(12).reshape(3, 2, 2), '>u1'))
put('idx', 'shorts', idx(11, np.array([-1, 300, -1]), '>i2'))
put('idx', 'floats', idx(13, np.array([[0.5, 1.5], [2.5, -1e30]]), '>f4'))
put('idx', 'nan', idx(14, np.array([1.0, np.nan]), '>f8'))
put('idx', 'gzip', gzip.compress(idx(8, np.array([0, 1, 1, 0]), '>u1'), mtime=0))
put('idx', 'truncated', idx(12, np.array([1, 2, 3]), '>i4')[:-1])
put('idx', 'overflow', bytes([0, 0, 8, 3]) + b'\xff' * 12 + b'\0' * 8)

put('network', 'published', b'\x05' + b'affine:32, tanh, antisym:32x8:T=4')
put('network', 'dense', b'\x02dense:8:relu,euler:4:T=5:sigmoid,linear:3')
put('network', 'unknown', b'\x02affine:3, tahn')
put('network', 'huge', b'\x02affine:99999999999999999999,affine:4294967296,affine:4294967296')
put('network', 'no_inputs', b'\x00tanh')
put('network', 'accents', '\x03séq:8, ÿ:=, T=1e999'.encode())
put('network', 'horizon', b'\x04antisym:4:T=1e308:sine, antisym:2:T=5e-324, euler:1:T=-1')

# Solvers: sizes and options, the kind of elements, a shift, then elements. An option is a byte that chooses (0 … 99: usual
# numbers; 100 … 199: a power of ten, by the next byte; 200 … 219: −1; else the next eight bytes are its bits).
def elements(kind, payload, shift=128): return bytes([kind, shift]) + payload
ints = lambda n: rng.integers(0, 256, n).astype(np.uint8).tobytes()
kinds = {
    'small_integers': lambda n: elements(1, ints(n)),
    'any_scale': lambda n: elements(3, ints(2 * n)),
    'small_scale': lambda n: elements(2, ints(n), 2),
    'large_scale': lambda n: elements(2, ints(n), 250),
    'normal': lambda n: elements(0, doubles(*rng.standard_normal(n))),
    'graded': lambda n: elements(0, doubles(*(rng.standard_normal(n) * 10.0 ** rng.integers(-12, 12, n)))),
    'subnormal': lambda n: elements(0, doubles(*(rng.integers(1, 100, n) * 5e-324))),
    'nan_and_infinity': lambda n: elements(0, doubles(*rng.choice([1, 2, np.nan, np.inf, -np.inf, 0], n))),
    'repeated': lambda n: elements(1, bytes([130, 132, 134, 136] * (n // 4 + 1))[:n]),
}
heads = {
    'pivoted_qr': lambda m, n: bytes([m, n, 1, 0]), 'svd_solve': lambda m, n: bytes([m, n, 1, 0, 0]),
    'symmetric': lambda m, n: bytes([m, n, 1, 0]), 'triangular': lambda m, n: bytes([m, n % 4, 1]),
    'updates': lambda m, n: bytes([m, n % 5, 2, 1]), 'tikhonov': lambda m, n: bytes([m, n, 3, 3]),
    'iterative': lambda m, n: bytes([m, n, 0b0000_1100, 0, 1, 3, 3, 0, 1]),
}
for target, head in heads.items():
    put(target, 'empty', b'')
    for name, make in kinds.items():
        for m, n in ((5, 3), (3, 5), (4, 4)):
            if name in ('small_integers', 'normal') or (m, n) == (5, 3):
                put(target, f'{name}_{m}_{n}', head(m, n) + make(80))
put('iterative', 'options', bytes([5, 3, 0b1000_1111, 1, 10, 105, 25, 3, 3, 105, 40, 5]) + kinds['normal'](60))
put('symmetric', 'tolerance', bytes([4, 2, 0, 1, 4]) + kinds['small_integers'](60))

# Programs: the number of operations, three variables, then operation, two arguments, and a constant for the first three.
for k in range(12):
    x = elements(*((1, ints(3)) if k % 2 else (0, doubles(*rng.standard_normal(3)))))
    put('autodiff', f'random_{k}', bytes([19]) + x + ints(80))
for k, code in enumerate((4, 9, 16, 21, 25, 26, 32, 33, 34, 47)):
    put('autodiff', f'one_{code}', bytes([2]) + elements(0, doubles(0.5, 1.5, 2.5)) + bytes([45, 0, 1, code, 3, 2, 42, 4, 3]))

# Methods: method, objective, flags, samples, steps, the step that is saved, memory, six options, elements, a flag for f32.
for method in range(10):
    for objective in (0, 1, 6):
        head = bytes([method, objective, 0b0000_0010, 5, 5, 2, 3] + [3] * 6)
        put('optimizers', f'method_{method}_{objective}', head + kinds['normal'](41) + bytes([method % 2]))
    options = b''.join(bytes([100, int(p)]) for p in rng.integers(20, 40, 6))
    put('optimizers', f'options_{method}', bytes([method, 0, 0b1000_0111, 6, 5, 1, 2]) + options + kinds['small_integers'](41))

# Model files and checkpoints: safetensors; the checksum is that of storage.rs.
import json
def sealed(metadata, tensors):
    crc = 0
    def add(part):
        nonlocal crc
        crc = zlib.crc32(part, zlib.crc32(struct.pack('<Q', len(part)), crc))
    for key in sorted(metadata): add(key.encode()), add(metadata[key].encode())
    for name in sorted(tensors):
        a = np.asarray(tensors[name], dtype='<f8')
        add(name.encode()), add(f'F64 {list(a.shape)}'.encode()), add(a.tobytes())
    header, at = {'__metadata__': dict(metadata, checksum=f'{crc:08x}')}, 0
    for name in sorted(tensors):
        a = np.asarray(tensors[name], dtype='<f8')
        header[name] = {'data_offsets': [at, at + a.nbytes], 'dtype': 'F64', 'shape': list(a.shape)}
        at += a.nbytes
    text = json.dumps(header, separators=(',', ':'), sort_keys=True).encode()
    text += b' ' * (-len(text) % 8)
    return struct.pack('<Q', len(text)) + text + b''.join(np.asarray(tensors[n], dtype='<f8').tobytes() for n in sorted(tensors))
def model(description, inputs, outputs, params, features, classes=None, **changes):
    metadata = dict(format='gaussling-model-1', version='0.1.0', description=description, inputs=str(inputs),
        classes=json.dumps(classes), input_names=json.dumps([f'x{i}' for i in range(inputs)]),
        target_names=json.dumps(['y'] if classes else [f'y{i}' for i in range(outputs)]), record='{"method":"gnvpro"}')
    tensors = dict(theta=rng.standard_normal(params), w=rng.standard_normal((outputs, features + 1)),
        input_mean=np.zeros(inputs), input_scale=np.ones(inputs), target_mean=np.zeros(outputs), target_scale=np.ones(outputs))
    for key, value in changes.items(): (metadata if key in metadata else tensors)[key] = value
    return sealed(metadata, tensors)
put('model', 'linear', model('linear:2', 2, 1, 6, 2))
put('model', 'dense', model('dense:3', 2, 2, 9, 3))
put('model', 'antisymmetric', model('dense:2, antisym:2x2', 2, 1, 6 + 12, 2))
put('model', 'classifier', model('dense:3', 2, 2, 9, 3, ['no', 'yes']))
put('model', 'wrong_length', model('dense:3', 2, 2, 8, 3))
put('model', 'nan', model('dense:3', 2, 2, 9, 3, theta=np.full(9, np.nan)))
put('model', 'no_scale', model('dense:3', 2, 2, 9, 3, input_scale=np.zeros(2)))
put('model', 'huge', model('affine:4294967296,affine:4294967296', 2, 1, 6, 2))
put('model', 'other_format', model('dense:3', 2, 2, 9, 3, format='gaussling-model-2\n'))
put('model', 'truncated', model('dense:3', 2, 2, 9, 3)[:-9])
put('model', 'empty', b'')
def kept(**changes):
    metadata = dict(format='gaussling-checkpoint-1', identity='[["seed","0"],["method","adam"]]')
    tensors = {'history': rng.standard_normal((2, 5)), 'best': [0.5, 10, 2], 'best_weights': rng.standard_normal(4),
        'state.position': [3.0, 1.0], 'state.theta': rng.standard_normal(4)}
    for key, value in changes.items(): (metadata if key in metadata else tensors)[key] = value
    return sealed(metadata, tensors)
put('checkpoint', 'two_records', kept())
put('checkpoint', 'no_records', kept(history=np.zeros((0, 5)), best=[np.nan, 0, 0]))
put('checkpoint', 'odd_history', kept(history=np.zeros(7)))
put('checkpoint', 'identity', kept(identity='{"a":1}'))
put('checkpoint', 'short_best', kept(best=[1.0]))
put('checkpoint', 'truncated', kept()[:100])
