"""What FORMAT.md calls its ground rules: strict texts, canonical JSON, and the JSON Schema of receipts."""
import base64
import json
import re
from decimal import Decimal


class Refused(Exception):
    """Something that must hold does not."""


def must(holds, why):
    if not holds:
        raise Refused(why)


def from_base64url(text):
    must(re.fullmatch(r"[A-Za-z0-9_-]*", text) and len(text) % 4 != 1, "not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    must(base64.urlsafe_b64encode(data).decode().rstrip("=") == text, "not base64url in its one spelling")
    return data


def from_base64(text):
    must(re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text) and len(text) % 4 == 0, "not base64")
    data = base64.b64decode(text)
    must(base64.b64encode(data).decode() == text, "not base64 in its one spelling")
    return data


def from_hex(text):
    must(isinstance(text, str) and re.fullmatch(r"(?:[0-9a-f]{2})*", text), "not lower-case hex")
    return bytes.fromhex(text)


class Number(Decimal):
    """A JSON number that is no whole one, with the text that it had."""


def _number(text):
    value = Number(text)
    value.text = text
    return value


def _once(pairs):
    value = dict(pairs)
    must(len(value) == len(pairs), "a name stands twice in one object")
    return value


def _refuse(text):
    raise Refused(f"{text} is not JSON")


def parse_json(text):
    try:
        return json.loads(text, object_pairs_hook=_once, parse_float=_number, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Refused(f"not JSON: {error}") from None


def js_number(value):
    """A number as JavaScript writes it (ECMA-262, Number::toString)."""
    sign, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    text, n = "".join(map(str, digits)), len(digits) + exponent
    head = "-" if sign and any(digits) else ""
    if not any(digits):
        return "0"
    k = len(text)
    if k <= n <= 21:
        return head + text + "0" * (n - k)
    if 0 < n <= 21:
        return f"{head}{text[:n]}.{text[n:]}"
    if -6 < n <= 0:
        return f"{head}0.{'0' * -n}{text}"
    e = f"e{'+' if n > 0 else '-'}{abs(n - 1)}"
    return head + (text if k == 1 else f"{text[0]}.{text[1:]}") + e


def canonical(value):
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{json.dumps(n, ensure_ascii=False)}:{canonical(value[n])}" for n in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return js_number(value)
    return json.dumps(value, ensure_ascii=False)


def _type(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if abs(value) < 2**53 else "number"
    return {dict: "object", list: "array", str: "string"}.get(type(value), "number")


def check_schema(value, schema, root, path="receipt"):
    """The words of JSON Schema that receipt.schema.json uses."""
    if "$ref" in schema:
        return check_schema(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, path)
    kinds = schema.get("type")
    if kinds is not None:
        kinds = [kinds] if isinstance(kinds, str) else kinds
        kind = _type(value)
        must(kind in kinds or kind == "integer" and "number" in kinds, f"{path} is {kind}")
    must("const" not in schema or value == schema["const"], f"{path} is another value")
    must("enum" not in schema or value in schema["enum"], f"{path} is none of the values")
    if "anyOf" in schema:
        _any_of(value, schema["anyOf"], root, path)
    if isinstance(value, str) and "pattern" in schema:
        must(re.search(schema["pattern"], value) and not value.endswith("\n"), f"{path} has another form")
    if isinstance(value, (int, Decimal)) and "minimum" in schema:
        must(value >= schema["minimum"], f"{path} is too small")
    if isinstance(value, list):
        must(schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)), f"{path}: its length")
        first = schema.get("prefixItems", [])
        for at, one in enumerate(value):
            rule = first[at] if at < len(first) else schema.get("items", {})
            if rule:
                check_schema(one, rule, root, f"{path}[{at}]")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for name in schema.get("required", []):
            must(name in value, f"{path} lacks {name}")
        for name, one in value.items():
            if name in known:
                check_schema(one, known[name], root, f"{path}.{name}")
            else:
                must(schema.get("additionalProperties", True) is not False, f"{path}.{name} is not known")


def _any_of(value, choices, root, path):
    for choice in choices:
        try:
            return check_schema(value, choice, root, path)
        except Refused:
            pass
    raise Refused(f"{path} has none of its shapes")
