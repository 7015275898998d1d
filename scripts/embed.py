#!/usr/bin/env python3
"""Write a C file that holds the given files as byte arrays, for base/embedded.h."""
import sys
from pathlib import Path

out, *inputs = sys.argv[1:]
parts = ['#include "base/embedded.h"\n']
table = []
for number, name in enumerate(inputs):
    content = Path(name).read_bytes()
    body = ",".join(map(str, content + b"\0"))
    parts.append(f"static const unsigned char file_{number}[] = {{{body}}};\n")
    table.append(f'  {{"{Path(name).name}", (const char *)file_{number}, {len(content)}}},\n')
parts.append("const EmbeddedFile embedded_files[] = {\n" + "".join(table) + "  {0, 0, 0}};\n")
Path(out).write_text("".join(parts))
