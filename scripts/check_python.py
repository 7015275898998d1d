"""Python files parse: python3 scripts/check_python.py FILE..."""
import ast
import sys

status = 0
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        try:
            ast.parse(file.read(), name)
        except SyntaxError as error:
            print(error)
            status = 1
sys.exit(status)
