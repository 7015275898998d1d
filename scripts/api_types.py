#!/usr/bin/env python3
"""TypeScript types of the API, made from the OpenAPI document that the program itself writes.

    scripts/api_types.py DESCRIBE_API TYPES.ts          write them
    scripts/api_types.py --check DESCRIBE_API TYPES.ts  fail when they are no longer what the program says

DESCRIBE_API is the built program that prints the document (scripts/describe_api.c).
"""
import json
import subprocess
import sys
from pathlib import Path

HEADER = """// Made by scripts/api_types.py from the program's own /openapi.json. Do not edit: `make api-types` writes it anew.
"""


def name_of(reference):
    return camel(reference.rsplit("/", 1)[1])


def camel(name):
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def key_of(name):
    return name if name.isidentifier() else json.dumps(name)


def comment(schema, indent):
    text = schema.get("description", "")
    return f"{indent}/** {text} */\n" if text else ""


def object_type(schema, indent):
    inner = indent + "  "
    required = schema.get("required", [])
    members = ""
    for name, member in schema.get("properties", {}).items():
        mark = "" if name in required else "?"
        members += f"{comment(member, inner)}{inner}{key_of(name)}{mark}: {type_of(member, inner)};\n"
    extra = schema.get("additionalProperties", None)
    if isinstance(extra, dict):
        # TypeScript holds the named members against it too.
        members += f"{inner}[key: string]: {'unknown' if members else type_of(extra, inner)};\n"
    elif not members:
        return "Record<string, never>" if extra is False else "Record<string, unknown>"
    return "{\n" + members + indent + "}"


def literal(value):
    return "null" if value is None else json.dumps(value)


SIMPLE = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def array_type(schema, indent):
    item = type_of(schema.get("items", {}), indent)
    if schema.get("minItems") == schema.get("maxItems") == 2:
        return f"[{item}, {item}]"
    return f"Array<{item}>"


def one_type(kind, schema, indent):
    if kind == "object":
        return object_type(schema, indent)
    if kind == "array":
        return array_type(schema, indent)
    return SIMPLE[kind]


def type_of(schema, indent=""):
    if not isinstance(schema, dict) or not schema:
        return "unknown"
    if "$ref" in schema:
        return name_of(schema["$ref"])
    if "const" in schema:
        return literal(schema["const"])
    if "enum" in schema:
        return " | ".join(literal(value) for value in schema["enum"])
    for choice in ("oneOf", "anyOf"):
        if choice in schema and "properties" not in schema:
            return " | ".join(dict.fromkeys(type_of(member, indent) for member in schema[choice]))
    kinds = schema.get("type", "object" if "properties" in schema else None)
    if kinds is None:
        return "unknown"
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return " | ".join(one_type(kind, schema, indent) for kind in kinds)


def operations(document):
    text = "export interface Operations {\n"
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            success = next((reply for status, reply in operation["responses"].items() if status.startswith("2")), {})
            content = success.get("content", {}).get("application/json", {}).get("schema")
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            text += (f"  {operation['operationId']}: {{ method: {json.dumps(method.upper())}; path: {json.dumps(path)}; "
                     f"request: {type_of(body) if body else 'never'}; "
                     f"response: {type_of(content) if content else 'unknown'} }};\n")
    return text + "}\n"


def types_of(document):
    parts = [HEADER]
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts.append(f"{comment(schema, '')}export type {camel(name)} = {type_of(schema)};\n")
    parts.append(operations(document))
    return "\n".join(parts)


def as_original(value, original):
    """Components that only describe another less deeply ("x-like") are that one here."""
    if isinstance(value, dict):
        return {key: original.get(member, member) if key == "$ref" else as_original(member, original) for key, member in value.items()}
    return [as_original(member, original) for member in value] if isinstance(value, list) else value


def without_likenesses(document):
    prefix, schemas = "#/components/schemas/", document["components"]["schemas"]
    original = {prefix + name: prefix + schema["x-like"] for name, schema in schemas.items() if "x-like" in schema}
    document["components"]["schemas"] = {name: schema for name, schema in schemas.items() if "x-like" not in schema}
    return as_original(document, original)


def main():
    arguments = sys.argv[1:]
    check = arguments[0] == "--check"
    program, target = arguments[1:3] if check else arguments[:2]
    printed = subprocess.run([program], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    text = types_of(without_likenesses(json.loads(printed)))
    if not check:
        Path(target).write_text(text)
        return 0
    if Path(target).read_text() != text:
        sys.exit(f"{target} is not what /openapi.json says any more: run `make api-types`, then mend the page where it no longer fits")
    if len(arguments) > 3:
        Path(arguments[3]).write_text("")
    return 0


if __name__ == "__main__":
    sys.exit(main())
