"""Prints FOR_EVER of split.rs: xoshiro256++ seeded by SplitMix64, Lemire's bounded integers, Durstenfeld's shuffle."""

MASK = 2**64 - 1


def splitmix64(state):
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def rotl(x, k):
    return ((x << k) | (x >> (64 - k))) & MASK


def xoshiro256plusplus(seed):
    words = splitmix64(seed)
    s = [next(words) for _ in range(4)]
    while True:
        yield (rotl((s[0] + s[3]) & MASK, 23) + s[0]) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)


def below(bound, rng):
    while True:
        product = next(rng) * bound
        if product & MASK >= 2**64 % bound:
            return product >> 64


rng = xoshiro256plusplus(2024)
items = list(range(10))
for last in range(9, 0, -1):
    other = below(last + 1, rng)
    items[last], items[other] = items[other], items[last]
print(items)
