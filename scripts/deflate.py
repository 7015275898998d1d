#!/usr/bin/env python3
"""Compress a file (zlib) that travels inside the program: deflate.py INPUT OUTPUT."""
import sys
import zlib
from pathlib import Path

source, out = map(Path, sys.argv[1:])
out.write_bytes(zlib.compress(source.read_bytes(), 9))
