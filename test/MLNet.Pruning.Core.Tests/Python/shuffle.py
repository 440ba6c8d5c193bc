"""The order that a seed and an epoch give: xoshiro256** seeded by SplitMix64, Lemire's bounded numbers, Fisher and Yates from the end."""
import json
import sys

M = (1 << 64) - 1
seed, stream, count = map(int, sys.argv[1:])


def rotl(x, k):
    return ((x << k) | (x >> (64 - k))) & M


x = (seed * 0x9E3779B97F4A7C15 & M) ^ rotl(stream * 0xD1342543DE82EF95 & M, 32)


def splitmix():
    global x
    x = (x + 0x9E3779B97F4A7C15) & M
    z = x
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & M
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & M
    return z ^ (z >> 31)


s = [splitmix() for _ in range(4)]


def xoshiro():
    result = rotl(s[1] * 5 & M, 7) * 9 & M
    t = (s[1] << 17) & M
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= t
    s[3] = rotl(s[3], 45)
    return result


def below(bound):
    product = (xoshiro() >> 32) * bound
    low = product & 0xFFFFFFFF
    if low < bound:
        threshold = (1 << 32) % bound
        while low < threshold:
            product = (xoshiro() >> 32) * bound
            low = product & 0xFFFFFFFF
    return product >> 32


items = list(range(count))
for i in range(count - 1, 0, -1):
    j = below(i + 1)
    items[i], items[j] = items[j], items[i]
print(json.dumps(items))
