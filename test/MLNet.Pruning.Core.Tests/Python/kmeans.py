"""Lloyd's iterations in one dimension, written plainly: every value against every center. Linear initialisation; a center that no value is near stays."""
import json
import sys

clusters, count, state = map(int, sys.argv[1:])
values = []
for _ in range(count):
    state = (state * 1664525 + 1013904223) % 2**32
    x = (state >> 8) / 2**24 - 0.5
    values.append(x * x * x * 8)  # denser in the middle, as weights are

low, high = min(values), max(values)
centers = [low + (high - low) * k / (clusters - 1) if clusters > 1 else (low + high) / 2 for k in range(clusters)]
codes = None
while True:
    new = [min(range(clusters), key=lambda k: (abs(v - centers[k]), k)) for v in values]
    if new == codes:
        break
    codes = new
    for k in range(clusters):
        mine = [v for v, c in zip(values, codes) if c == k]
        if mine:
            centers[k] = sum(mine) / len(mine)
print(json.dumps({"values": values, "shared": [centers[c] for c in codes]}))
