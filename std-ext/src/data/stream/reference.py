"""Prints what part.rs and tests.rs beside this file pin: the validation samples, and the order of two passes.

The generator and the bounded integers are those of split_reference.py.
"""
import contextlib
import io
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
with contextlib.redirect_stdout(io.StringIO()):
    from split_reference import MASK, below, xoshiro256plusplus


def mix(z):
    z = (z + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def is_validation(sample, share, seed):
    return mix((mix(seed) + sample) & MASK) < int(share * 2**64)


def order(samples, window, share, seed, number):
    rng = xoshiro256plusplus((mix(seed) + number) & MASK)
    file = [k for k in range(samples) if not is_validation(k, share, seed)]
    held, file, drawn = file[:window], file[window:], []
    while held:
        slot = below(len(held), rng)
        drawn.append(held[slot])
        held.append(file.pop(0)) if file else None
        held[slot] = held[-1]
        held.pop()
    return drawn


print("validation", [k for k in range(24) if is_validation(k, 0.25, 2024)])
print("pass 0", order(12, 4, 0.25, 2024, 0))
print("pass 1", order(12, 4, 0.25, 2024, 1))
