"""Milliseconds that the Python package mtcnn-runtime takes for its face step, the middle of several."""
import sys
import time

import numpy
from mtcnnruntime import MTCNN

width, height, rounds = int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
picture = numpy.fromfile(sys.argv[1], dtype=numpy.uint8).reshape(height, width, 3)[:, :, ::-1].copy()
network = MTCNN()
times = []
for _ in range(rounds + 1):
    begun = time.perf_counter()
    faces, _points = network.detect(picture)
    times.append((time.perf_counter() - begun) * 1000)
times = sorted(times[1:])
print(len(faces), times[len(times) // 2])
