"""Writes pictures of every kind into a folder, each with what Pillow reads from it (NAME.raw: 8-bit samples, row by row).

PNG files are packed by hand, as Pillow neither interlaces nor writes every depth. Prints a list of {name, width, height, channels, tolerance}.
"""
import json
import os
import random
import struct
import sys
import zlib

from PIL import Image

folder = sys.argv[1]
dice = random.Random(7)
listed = []


def tell(name, image, tolerance):
    if name.startswith('c4-'):
        # Pillow makes four channels of grey with a 16-bit alpha.
        image = image.getchannel(0)
    mode = 'L' if image.mode in ('L', '1', 'I', 'I;16') else 'RGB'
    if image.mode.startswith('I'):
        raw = bytes(value >> 8 for value in image.getdata())
    else:
        raw = image.convert(mode).tobytes()
    with open(os.path.join(folder, name + '.raw'), 'wb') as file:
        file.write(raw)
    listed.append({'name': name, 'width': image.width, 'height': image.height, 'channels': 1 if mode == 'L' else 3, 'tolerance': tolerance})


def png(name, width, height, depth, colour, interlaced):
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    values = [[[dice.randrange(1 << depth) if (x // 3 + y // 2) % 2 else (x * 5 + y * 3 + s) % (1 << depth) for s in range(samples)] for x in range(width)] for y in range(height)]
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] if interlaced else [(0, 0, 1, 1)]
    step = max(1, samples * depth // 8)
    raw = bytearray()
    for left, top, right, down in passes:
        above = None
        for y in range(top, height, down):
            bits = ''.join(format(value, '0%db' % depth) for x in range(left, width, right) for value in values[y][x])
            if not bits:
                break
            line = bytes(int(bits[i:i + 8].ljust(8, '0'), 2) for i in range(0, len(bits), 8))
            above = above or bytes(len(line))
            kind = dice.randrange(5)
            raw.append(kind)
            for i, value in enumerate(line):
                a, b, c = (line[i - step] if i >= step else 0), above[i], (above[i - step] if i >= step else 0)
                p = a + b - c
                paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
                raw.append((value - (0, a, b, (a + b) // 2, paeth)[kind]) % 256)
            above = line

    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    packed = zlib.compress(bytes(raw))
    palette = bytes(dice.randrange(256) for _ in range(3 << depth)) if colour == 3 else b''
    path = os.path.join(folder, name)
    with open(path, 'wb') as file:
        file.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, interlaced)))
        file.write(chunk(b'tEXt', b'Comment\0nothing') + (chunk(b'PLTE', palette) + chunk(b'tRNS', b'\0\x80') if palette else b''))
        file.write(chunk(b'IDAT', packed[:7]) + chunk(b'IDAT', b'') + chunk(b'IDAT', packed[7:]) + chunk(b'IEND', b''))
    with Image.open(path) as image:
        image.load()
        # Pillow turns two bytes of a 16-bit colour into their upper one, as we do.
        tell(name, image, 0)


for colour, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
    for depth in depths:
        for interlaced in (0, 1):
            for width, height in ((1, 1), (3, 5), (13, 9), (33, 18)):
                png('c%d-d%d-i%d-%dx%d.png' % (colour, depth, interlaced, width, height), width, height, depth, colour, interlaced)

for width, height in ((1, 1), (2, 7), (3, 3), (16, 16), (17, 33), (61, 40), (100, 75)):
    smooth = Image.new('RGB', (width, height))
    smooth.putdata([((x * 4 + y) % 256, (y * 5) % 256, (x * y // 3) % 256) if (x // 20 + y // 20) % 2 else (dice.randrange(256), 128, 255 - x % 256) for y in range(height) for x in range(width)])
    for subsampling in (0, 1, 2):
        for progressive in (False, True):
            for quality in (30, 95):
                name = 's%d-p%d-q%d-%dx%d.jpg' % (subsampling, progressive, quality, width, height)
                smooth.save(os.path.join(folder, name), subsampling=subsampling, progressive=progressive, quality=quality, optimize=progressive)
                with Image.open(os.path.join(folder, name)) as image:
                    tell(name, image, 3)
    name = 'grey-%dx%d.jpg' % (width, height)
    smooth.convert('L').save(os.path.join(folder, name), progressive=width > 20)
    with Image.open(os.path.join(folder, name)) as image:
        tell(name, image, 1)

print(json.dumps(listed))
