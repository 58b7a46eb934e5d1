#!/usr/bin/env python3
"""A second verifier of receipts and their proofs, written from agent/receipts/FORMAT.md alone.

    verify.py [--key sha256:FINGERPRINT] [--qr TEXT] FILE...

Python's standard library and nothing else. It checks signatures, chain, tree, proofs and sums; it does not work a bill
out again from its samples. Exit 0: all holds, by a key that was given; 1: something does not; 3: no key was given.
"""
import base64
import hashlib
import os
import re
import struct
import sys
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

from p256 import N, verifies
from strict import Refused, canonical, check_schema, from_base64, from_base64url, from_hex, js_number, must, parse_json

HERE = os.path.dirname(os.path.abspath(__file__))
UNSIGNED = b"UNSIGNED: the signer failed"


def sha(data):
    return hashlib.sha256(data).digest()


# 1. Ground rules


def plain_signature(data, low=True):
    must(len(data) == 64, "a signature is 64 bytes")
    r, s = int.from_bytes(data[:32], "big"), int.from_bytes(data[32:], "big")
    must(not low or s <= N // 2, "the signature has the larger s")
    return r, s


def der_signature(data, low=True):
    def integer(value):
        content = value.to_bytes(value.bit_length() // 8 + 1, "big")
        return bytes([2, len(content)]) + content

    must(len(data) > 8 and data[0] == 0x30, "not a DER signature")
    split = 4 + data[3]
    r, s = int.from_bytes(data[4:split], "big"), int.from_bytes(data[split + 2 :], "big")
    body = integer(r) + integer(s)
    must(data == bytes([0x30, len(body)]) + body, "not a DER signature in its shortest spelling")
    must(not low or s <= N // 2, "the signature has the larger s")
    return r, s


def key_id(spki):
    return "sha256:" + sha(spki).hex()


class Keys:
    """Fingerprints that the user vouches for, what they led to, and until which receipt each is good."""

    def __init__(self, given):
        self.trusted, self.last, self.spki, self.used = set(given), {}, {}, False

    def learn(self, receipt):
        """A change of key, where the old key is trusted."""
        p = receipt["payload"]
        if p["kind"] == "key" and p["key"]["id"] in self.trusted:
            self.trusted.add(p["next"]["id"])
            self.last[p["key"]["id"]] = p["number"]
            self.spki[p["next"]["id"]] = from_hex(p["next"]["spki"])

    def check(self, name, number, what):
        if not self.trusted:
            return
        must(name in self.trusted, f"{what} is signed with {name[:23]}…, which is not a key that was given")
        must(number <= self.last.get(name, number), f"{what} is signed with a key that was given up before it")
        self.used = True


# 2. Receipt


def parse_jws(text, kind):
    parts = text.split(".")
    must(len(parts) == 3, "not a JWS")
    head, body, signed = map(from_base64url, parts)
    found = re.fullmatch(rb'\{"alg":"ES256","kid":"(sha256:[0-9a-f]{64})","typ":"' + kind + rb'"\}', head)
    must(found, "the header is not the one of a " + kind.decode())
    try:
        payload_text = body.decode()
    except UnicodeDecodeError:
        raise Refused("the payload is not UTF-8") from None
    payload = parse_json(payload_text)
    must(canonical(payload) == payload_text, "the payload is not canonical")
    signature = None if signed == UNSIGNED else signed
    return {"kid": found[1].decode(), "payload": payload, "input": text.rpartition(".")[0].encode(), "sig": signature}


def read_receipt(jws, schema):
    receipt = parse_jws(jws, b"chargetill-receipt\\+json")
    kind = receipt["payload"].get("kind") if isinstance(receipt["payload"], dict) else None
    must(isinstance(kind, str) and kind + "Receipt" in schema["$defs"], "no kind of receipt")
    check_schema(receipt["payload"], schema["$defs"][kind + "Receipt"], schema)
    receipt["jws"] = jws
    return receipt


def check_receipt(receipt, keys, closed=False):
    """By itself; `closed`: a recovery receipt commits to it, so that it may be unsigned."""
    p = receipt["payload"]
    spki = from_hex(p["key"]["spki"])
    must(key_id(spki) == p["key"]["id"] == receipt["kid"], "the key is not the one that its id names")
    keys.spki[receipt["kid"]] = spki
    keys.check(receipt["kid"], p["number"], f"receipt {p['number']}")
    must(closed or receipt["sig"] is not None, "unsigned: the signer had failed")
    if receipt["sig"] is not None:
        must(verifies(spki, receipt["input"], *plain_signature(receipt["sig"])), "the signature does not hold")
    before = parse_note(p["chain"]["before"])
    must(before["origin"] == p["station"]["id"] and before["size"] == p["number"] - 1, "another checkpoint before it")
    must(receipt["sig"] is None or before["sig"] is not None, "the checkpoint before it is not signed")
    if before["sig"] is not None and before["hash"] == sha(spki)[:4]:
        check_note(before, spki)
    must((p["number"] == 1) == (p["kind"] == "start") == (p["chain"]["previous"] == ""), "only receipt 1 is a start")
    must(p["number"] > 1 or before["root"] == sha(b""), "receipt 1 does not begin with an empty tree")
    checks = {"sale": check_sale, "credit": check_credit, "key": check_change, "reservation": check_reservation}
    if p["kind"] in checks:
        checks[p["kind"]](p, spki, closed)


def check_bill(price, tariff):
    must(sha(canonical(tariff["value"]).encode()).hex() == tariff["digest"], "another tariff than its digest names")
    due, total = ({name: Decimal(text) for name, text in price[of].items()} for of in ("due", "totalCost"))
    for part in ("incl", "excl"):
        amounts = [Decimal(one["amount"][part]) for one in price["lines"] + price["adjustments"]]
        # Each is rounded to twelve decimals by itself.
        astray = (len(amounts) + 1) * Decimal("1e-12")
        must(abs(sum(amounts) - total[part]) <= astray, f"the lines do not add up to totalCost.{part}")
    unit = Decimal(1).scaleb(-decimals_of(price["currency"]))
    gross, net = (total[part].quantize(unit, ROUND_HALF_UP) for part in ("incl", "excl"))
    must((gross, net, gross - net) == (due["gross"], due["net"], due["tax"]), "due is not the total, rounded once")
    for part in due if price["taxes"] else ():
        must(sum(Decimal(row[part]) for row in price["taxes"]) == due[part], f"the taxes do not add up to due.{part}")
    must(tariff["id"] == tariff["value"]["id"], "the tariff has another id")
    must(tariff["version"] == tariff["value"].get("last_updated", ""), "the tariff has another version")


def decimals_of(currency):
    """Those of its smallest unit."""
    if currency in "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split():
        return 0
    return 3 if currency in "BHD IQD JOD KWD LYD OMR TND".split() else 4 if currency in ("CLF", "UYW") else 2


def milli_wh(kwh):
    return int(Decimal(kwh) * 10**6)


def check_samples(sale):
    rows, first = sale["samples"]["rows"], sale["samples"]["registerKwh"]
    must(rows[0][:2] == [0, 0] and first == sale["begin"]["registerKwh"], "the samples begin elsewhere")
    must(rows[-1][1] == milli_wh(sale["energyKwh"]), "the samples end elsewhere")
    for at in (0, 1):
        column = [row[at] for row in rows]
        must(column == sorted(column), "the samples run backwards")


def check_reservation(p, _spki, _closed):
    check_bill(p["reservation"]["price"], p["reservation"]["tariff"])


def check_sale(p, spki, closed):
    sale = p["sale"]
    begin, end = Decimal(sale["begin"]["registerKwh"]), Decimal(sale["finish"]["registerKwh"])
    must(end - begin == Decimal(sale["energyKwh"]), "the energy is not end minus begin")
    check_bill(sale["price"], sale["tariff"])
    check_samples(sale)
    fields = check_ocmf(sale["ocmf"], spki, closed)
    said = (p["number"], sale["sessionId"], sale["tariff"]["id"], sale["tariff"]["digest"], sale["meter"]["serial"])
    must(said == tuple(fields[name] for name in ("URN", "USI", "UTI", "UTD", "MS")), "the meter record is of another")
    user = sale["token"]["user"]
    must((fields["IT"], fields["ID"]) == (user["kind"], user["id"]), "the meter record is of another user")
    must(fields["CI"] == sale["connector"]["evseId"], "the meter record is of another charge point")
    must(Decimal(fields["RD"][0]["RV"]) == begin and Decimal(fields["RD"][-1]["RV"]) == end, "other registers")
    code = parse_code(sale["short"])
    due = sale["price"]["due"]["gross"] + sale["price"]["currency"]
    expected = [
        p["station"]["id"],
        str(p["number"]),
        second_of(sale["start"], sale["startClock"]),
        second_of(sale["end"], sale["endClock"]),
        sale["begin"]["registerKwh"],
        sale["finish"]["registerKwh"],
        due,
        sha(sale["ocmf"].encode()).hex()[:32],
    ]
    check_code(code, spki, ["CT1", *expected], closed)


def check_credit(p, spki, closed):
    credit = p["credit"]
    must(credit["number"] < p["number"], "it takes back a later receipt")
    must(all(Decimal(one["gross"]) <= 0 for one in [credit["due"], *credit["taxes"]]), "nothing is given back")
    issued = second_of(p["issuedAt"], p["clock"])
    total = credit["due"]["gross"] + credit["currency"]
    fields = ["CC1", p["station"]["id"], str(p["number"]), str(credit["number"]), issued, total, credit["receipt"][:32]]
    check_code(parse_code(credit["short"]), spki, fields, closed)


def check_change(p, _spki, _closed):
    spki = from_hex(p["next"]["spki"])
    must(key_id(spki) == p["next"]["id"], "the new key is not the one that its id names")
    text = f"chargetill key change;{p['station']['id']};{p['number']};{p['key']['id']};{p['next']['id']}"
    must(verifies(spki, text.encode(), *plain_signature(from_hex(p["next"]["signature"]))), "the new key has not signed")


# 3. What is withheld

WITHHELD = ("totals", "card", "contract", "name", "reference", "payment")


def disclosed_by(p, disclosures):
    """What disclosures tell of a receipt; each opens one of its commitments, and once."""
    told = {}
    for text in disclosures:
        must(len(text) <= 65_536, "a disclosure that is too long")
        json = from_base64url(text).decode()
        read = parse_json(json)
        must(canonical(read) == json and len(read) == 3, "not a disclosure")
        salt, name, value = read
        must(re.fullmatch(r"[A-Za-z0-9_-]{22}", salt) and name in WITHHELD, "not a disclosure")
        digest = base64.urlsafe_b64encode(sha(text.encode())).decode().rstrip("=")
        must(name not in told and p["commitments"].get(name) == digest, f"the disclosed {name} is not committed to")
        must(name == "totals" or isinstance(value, str), f"the disclosed {name} is not a text")
        told[name] = value
    token = (p.get("sale") or p.get("reservation") or {}).get("token", {})
    for name in ("card", "contract"):
        if name in told and token:
            must(shown(told[name]) == token[name], f"the disclosed {name} ends otherwise")
    return told


def shown(text):
    """What the signed part shows of a card or contract."""
    return "…" + text[-4:]


# 4. Chain and checkpoint

NOTE = re.compile(
    r"(([^\s+]{1,100})\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n)(?:\n— ([^\s+]{1,100}) ([A-Za-z0-9+/=]+)\n)?", re.ASCII
)


def parse_note(text):
    found = NOTE.fullmatch(text)
    must(found, "not a checkpoint")
    body, origin, size, root, name, line = found.groups()
    note = {"origin": origin, "size": int(size), "root": from_base64(root), "body": body.encode(), "sig": None}
    if line is not None:
        signed = from_base64(line)
        must(name == origin and len(signed) >= 12, "the signature line is of another log")
        note.update(hash=signed[:4], sig=signed[4:])
    return note


def check_note(note, spki):
    must(note["sig"] is not None, "the checkpoint is not signed")
    must(note["hash"] == sha(spki)[:4], "the checkpoint is signed by another key")
    must(verifies(spki, note["body"], *der_signature(note["sig"])), "the checkpoint's signature does not hold")


def check_free_note(note, keys):
    """A checkpoint that carries no key: by those that were given and found."""
    for name, spki in keys.spki.items():
        if note["sig"] is not None and note["hash"] == sha(spki)[:4]:
            check_note(note, spki)
            return keys.check(name, note["size"], f"the checkpoint over {note['size']}")
    raise Refused("the checkpoint is signed by no key that was given or found")


def leaf_of(jws):
    return sha(b"\0" + jws.encode())


def node_of(left, right):
    return sha(b"\1" + left + right)


def root_of(leaves):
    """The root over leaf hashes, by the peaks of its whole subtrees."""
    peaks = []
    for count, leaf in enumerate(leaves):
        while count & 1:
            leaf, count = node_of(peaks.pop(), leaf), count >> 1
        peaks.append(leaf)
    if not peaks:
        return sha(b"")
    root = peaks.pop()
    while peaks:
        root = node_of(peaks.pop(), root)
    return root


# 5. Proof of inclusion and 6. consistency


def climb(node, last, hashes, meet):
    for one in hashes:
        must(last > 0, "the proof is too long")
        left = node % 2 == 1 or node == last
        meet(one, left)
        if left:
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        node, last = node // 2, last // 2
    must(last == 0, "the proof is too short")


def root_from(index, size, leaf, hashes):
    must(0 <= index < size, "the index is not in the tree")
    roots, left_siblings = [leaf], []

    def meet(one, left):
        roots.append(node_of(one, roots[-1]) if left else node_of(roots[-1], one))
        if left:
            left_siblings.append(one)

    climb(index, size - 1, hashes, meet)
    earlier = None
    for one in left_siblings:
        earlier = one if earlier is None else node_of(one, earlier)
    return roots[-1], earlier


def check_consistency(older, newer, proof):
    must(older["origin"] == newer["origin"] and older["size"] <= newer["size"], "two logs, or in the wrong order")
    if older["size"] in (0, newer["size"]):
        same = older["root"] == (sha(b"") if older["size"] == 0 else newer["root"])
        return must(not proof and same, "forked")
    node, last = older["size"] - 1, newer["size"] - 1
    while node % 2 == 1:
        node, last = node // 2, last // 2
    path = ([older["root"]] if node == 0 else []) + proof
    must(path, "the proof is empty")
    both = [path[0], path[0]]

    def meet(one, left):
        if left:
            both[0] = node_of(one, both[0])
        both[1] = node_of(one, both[1]) if left else node_of(both[1], one)

    climb(node, last, path[1:], meet)
    must(both == [older["root"], newer["root"]], "forked: the newer checkpoint does not grow out of the older one")


# 8. QR codes


def second_of(time, clock):
    return re.sub(r"\.\d{3}", "", time) + {"synced": "S", "holdover": "I", "unsynced": "U"}[clock]


def parse_code(text):
    whole = text.rpartition("#")[2].strip()
    must(len(whole) <= 300, "too long for a code")
    fields = whole.split(";")
    must((fields[0], len(fields)) in (("CT1", 11), ("CC1", 9)), "not a code (CT1 or CC1)")
    return {"fields": fields[:-2], "key": fields[-2], "sig": fields[-1], "text": whole.rpartition(";")[0]}


def check_code(code, spki, fields=None, closed=False):
    must(fields is None or code["fields"] == fields, "the code says something else than the receipt")
    must(code["key"] == sha(spki).hex()[:16], "the code is of another key")
    signature = from_base64url(code["sig"])
    if closed and signature == UNSIGNED:
        return
    must(verifies(spki, code["text"].encode(), *plain_signature(signature)), "the code's signature does not hold")


# 9. Meter record


def check_ocmf(text, spki, closed=False):
    parts = text.split("|")
    must(len(parts) == 3 and parts[0] == "OCMF" and text.isascii(), "not a meter record")
    fields, mark = parse_json(parts[1]), parse_json(parts[2])
    form = {"SA": "ECDSA-secp256r1-SHA256", "SE": "hex", "SM": "application/x-der"}
    must(isinstance(fields, dict) and isinstance(mark, dict), "not a meter record")
    must({**mark, "SD": ""} == {**form, "SD": ""}, "a signature of another form")
    if not (closed and mark["SD"].encode() == UNSIGNED):
        must(verifies(spki, parts[1].encode(), *der_signature(from_hex(mark["SD"]), False)), "the meter record: signature")
    readings = fields["RD"]
    marks = "".join(one["TX"] for one in readings)
    must(re.fullmatch(r"BT{0,6}[ELRAP]", marks), f"readings marked {marks}")
    must(len(text) <= 1850 and fields["FV"] == "1.0", "too long, or of another version")
    for one in readings:
        must(set(one) == {"TM", "TX", "RV", "RI", "RU", "RT", "EF", "ST"}, "a reading lacks a field")
        said = (one["RI"], one["RU"], one["EF"], one["ST"])
        must(said == ("1-0:1.8.0", "kWh", "", "G"), "a reading that is not good")
        must(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{3}[+-]\d{4} [SIRU]", one["TM"]), "a time of another form")
    clocks = {one["TM"][-1] for one in readings}
    must("R" not in clocks or len(clocks) == 1, "relative times beside others")
    values = [Decimal(one["RV"]) for one in readings]
    must(values == sorted(values), "a register that falls")
    return fields


# 10. Signed documents


def read_document(text, form, kind):
    document = parse_json(text)
    must(isinstance(document, dict) and set(document) == {"format", "keySpkiHex", "jws"}, "not a signed document")
    must(document["format"] == form, "a document of another format")
    jws, spki = parse_jws(document["jws"], kind), from_hex(document["keySpkiHex"])
    must(jws["kid"] == key_id(spki), "the document names another key")
    must(jws["sig"] is not None, "the document is not signed")
    must(verifies(spki, jws["input"], *plain_signature(jws["sig"])), "the document's signature does not hold")
    return jws["payload"], spki


def read_zip(data):
    """The files of an archive in its plainest form; it is written again, and must be the same bytes."""
    files, at = [], 0
    while data[at : at + 4] == b"PK\3\4" and len(data) >= at + 30:
        size, name_size = struct.unpack_from("<I", data, at + 18)[0], struct.unpack_from("<H", data, at + 26)[0]
        middle = at + 30 + name_size
        files.append((data[at + 30 : middle], data[middle : middle + size]))
        at = middle + size
    import zlib

    body, central = b"", b""
    for name, content in files:
        fields = struct.pack("<HHHHHIIIHH", 20, 0x0800, 0, 0, 0x21, zlib.crc32(content), *[len(content)] * 2, len(name), 0)
        tail = struct.pack("<HHHII", 0, 0, 0, 0, len(body))
        central += b"PK\1\2" + struct.pack("<H", 20) + fields + tail + name
        body += b"PK\3\4" + fields + name + content
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(central), len(body), 0)
    must(body + central + end == data, "the archive is not in its plainest form")
    return [(name.decode(), content.decode()) for name, content in files]


def readings_of(sale, told):
    """readings.csv with the offsets that it tells: the rules of a time zone are not in Python everywhere."""
    samples, lines = sale["samples"], ["time,register_kwh,power_w,current_ma,activity"]
    for row, line in zip(samples["rows"], told.split("\r\n")[1:]):
        after_ms, energy, power, current, activity = row
        zone = datetime.fromisoformat(line.partition(",")[0]).tzinfo
        at = datetime.fromisoformat(samples["from"]).astimezone(timezone.utc) + timedelta(milliseconds=after_ms)
        kwh = f"{Decimal(milli_wh(samples['registerKwh']) + energy).scaleb(-6):.6f}"
        kwh = re.sub(r"0{1,3}$", "", kwh)
        figures = [js_number(power), "" if current is None else js_number(current)]
        lines.append(",".join([at.astimezone(zone).isoformat(timespec="milliseconds"), kwh, *figures, activity]))
    return "".join(line + "\r\n" for line in lines)


# 12. Journal


def check_journal(text):
    lines = text.split("\n")
    must(lines.pop() == "", "the last line is cut off")
    before = None
    for line in lines:
        body, found, check = line.rpartition(',"check":"')
        must(found and check[64:] == '"}' and sha(body.encode()).hex() == check[:64], "a line was changed")
        entry = parse_json(line)
        must(before in (None, entry["prev"]), "a line does not follow on the one before")
        before = check[:64]


# Files


class Verifier:
    def __init__(self, keys, schema):
        self.keys, self.schema, self.receipts = keys, schema, {}

    def receipt(self, jws, closed=False):
        receipt = read_receipt(jws, self.schema)
        check_receipt(receipt, self.keys, closed)
        self.keys.learn(receipt)
        name = (receipt["payload"]["station"]["id"], receipt["payload"]["number"])
        self.receipts[name] = receipt
        return receipt

    def receipt_file(self, text):
        file = parse_json(text)
        names = {"format", "note", "jws", "disclosures", "publicKey", "checkpoint", "proof"}
        must(set(file) - {"later"} == names and next(iter(file)) == "format", "other members than a receipt file has")
        must(file["note"] == self.note("receipt-3.json"), "another note")
        receipt = self.receipt(file["jws"])
        p = receipt["payload"]
        disclosed_by(p, file["disclosures"])
        must(file["publicKey"] == p["key"]["spki"], "another public key beside it")
        note = parse_note(file["checkpoint"])
        must(note["origin"] == p["station"]["id"], "a checkpoint of another station")
        keys = [p["key"]["spki"]] + ([p["next"]["spki"]] if p["kind"] == "key" else [])
        check_note(note, next((from_hex(k) for k in keys if sha(from_hex(k))[:4] == note.get("hash")), b""))
        self.included(receipt, note, [from_hex(one) for one in file["proof"]])
        later = [self.receipt(jws)["payload"] for jws in file.get("later", [])]
        for one in later:
            self.later(receipt, one)
        kinds = [one["kind"] for one in later]
        must(kinds.count("credit") <= 1 and kinds.count("sale") <= 1, "taken back or corrected twice")
        return f"{p['kind']} receipt {p['number']} of {p['station']['id']}"

    def note(self, name):
        """The one note that such a file bears, as the vector has it."""
        with open(os.path.join(HERE, "vectors", name), encoding="utf-8") as file:
            return parse_json(file.read())["note"]

    def included(self, receipt, note, hashes):
        p = receipt["payload"]
        root, earlier = root_from(p["number"] - 1, note["size"], leaf_of(receipt["jws"]), hashes)
        must(root == note["root"], "the receipt is not in the tree of the checkpoint")
        before = parse_note(p["chain"]["before"])
        must(earlier is None or earlier == before["root"], "the checkpoint does not grow out of the one in the receipt")

    def later(self, receipt, p):
        number = receipt["payload"]["number"]
        must(p["number"] > number and p["station"]["id"] == receipt["payload"]["station"]["id"], "not a later receipt")
        if p["kind"] == "credit":
            taken = p["credit"]["number"] == number and p["credit"]["receipt"] == sha(receipt["jws"].encode()).hex()
            return must(taken, "a credit of another receipt")
        must(p["kind"] == "key" or p.get("corrects") == number, "a receipt that does not speak of this one")

    def proof(self, text):
        head, _, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        found = re.fullmatch(r"index (0|[1-9]\d{0,15})", lines[1] if len(lines) > 1 else "", re.ASCII)
        must(lines[0] == "c2sp.org/tlog-proof@v1" and found and len(lines) <= 66, "not a proof of inclusion")
        hashes = [from_base64(line) for line in lines[2:]]
        must(all(len(one) == 32 for one in hashes), "a hash of another length")
        note, index = parse_note(checkpoint), int(found[1])
        check_free_note(note, self.keys)
        root_from(index, note["size"], b"", hashes)
        receipt = self.receipts.get((note["origin"], index + 1))
        if receipt is not None:
            self.included(receipt, note, hashes)
        return f"receipt {index + 1} of {note['size']}{'' if receipt else '; the receipt itself was not given'}"

    def consistency(self, text):
        file = parse_json(text)
        must(set(file) == {"format", "older", "newer", "proof"} and len(file["proof"]) <= 128, "not a consistency file")
        older, newer = parse_note(file["older"]), parse_note(file["newer"])
        check_free_note(older, self.keys)
        check_free_note(newer, self.keys)
        check_consistency(older, newer, [from_hex(one) for one in file["proof"]])
        return f"{newer['size']} receipts begin with the {older['size']}"

    def book(self, text):
        book = parse_json(text)
        must(set(book) == {"format", "note", "station", "receipts", "disclosures", "checkpoint"}, "other members than a book has")
        must(book["note"] == self.note("book.json"), "another note")
        spans = [read_receipt(jws, self.schema)["payload"] for jws in book["receipts"]]
        closed = {
            number
            for p in spans
            if p["kind"] == "recovery"
            for number in range(p["unsigned"]["first"], p["unsigned"]["first"] + p["unsigned"]["count"])
        }
        walk = Walk(book["station"])
        must(len(book["disclosures"]) == len(book["receipts"]), "disclosures of other receipts")
        for jws, disclosures in zip(book["receipts"], book["disclosures"]):
            receipt = self.receipt(jws, len(walk.receipts) + 1 in closed)
            walk.step(receipt, disclosed_by(receipt["payload"], disclosures))
        must(walk.receipts, "the book is empty")
        if book["checkpoint"] != "":
            note = parse_note(book["checkpoint"])
            check_free_note(note, self.keys)
            must(note["size"] <= len(walk.leaves), "cut off: the checkpoint counts more receipts")
            must(root_of(walk.leaves[: note["size"]]) == note["root"], "forked: the checkpoint is of other receipts")
        return f"{len(walk.receipts)} receipts of {book['station']}"

    def archive(self, data):
        files = read_zip(data)
        must(files and files[0][0] == "manifest.json", "the manifest does not stand first")
        manifest, spki = read_document(files[0][1], "chargetill dispute 1", b"chargetill-dispute\\+json")
        texts = dict(files[1:])
        sale, whole = manifest["kind"] == "sale", not manifest["redacted"]
        names = ["README.txt", "receipt.html", "verify.html", *["readings.csv"] * sale, "tariff.json", "shown.txt", "proof.txt"]
        names += ["keys.txt", "verdict.txt", "verdict.json"]
        names += ["receipt.json", *["record.xml"] * sale, "journal.jsonl"] if whole else []
        must([name for name, _ in files[1:]] == names, "other files than an archive of its kind has")
        listed = [(one["name"], one["sha256"]) for one in manifest["files"]]
        must(listed == [(name, sha(text.encode()).hex()) for name, text in files[1:]], "a file was changed")
        if whole:
            self.receipt_file(texts["receipt.json"])
        for line in texts["keys.txt"].splitlines():
            self.receipt(line)
        self.keys.check(key_id(spki), 0, "the manifest")
        self.proof(texts["proof.txt"])
        if whole:
            self.derived(manifest, texts, parse_json(texts["receipt.json"])["jws"])
        return f"evidence for receipt {manifest['receipt']} of {manifest['station']}"

    def derived(self, manifest, texts, jws):
        p = read_receipt(jws, self.schema)["payload"]
        said = (p["station"]["id"], p["number"], p["kind"], sha(jws.encode()).hex(), p["key"]["id"])
        named = tuple(manifest[name] for name in ("station", "receipt", "kind", "digest", "key"))
        must(said == named, "the manifest names another receipt")
        sold = p[p["kind"]]
        must(texts["tariff.json"] == canonical(sold["tariff"]["value"]) + "\n", "tariff.json is not the receipt's")
        must(texts["shown.txt"] == f"{sold['shown']['at']}\n{sold['shown']['text']}\n", "shown.txt is not the receipt's")
        if p["kind"] == "sale":
            must(texts["readings.csv"] == readings_of(sold, texts["readings.csv"]), "readings.csv is not the receipt's")
            must(record_in(texts["record.xml"]) == (sold["ocmf"], p["key"]["spki"]), "record.xml is not the receipt's")
        for line in texts["journal.jsonl"].splitlines():
            must({"seq", "prev", "event", "check"} <= set(parse_json(line)), "not a line of a journal")

    def file(self, name, data):
        if data[:2] == b"PK":
            return self.archive(data)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise Refused("not UTF-8") from None
        found = re.match(r'\s*\{\s*"format"\s*:\s*"([^"]{1,60})"', text)
        kinds = {
            "chargetill receipt file 1": self.receipt_file,
            "chargetill consistency 1": self.consistency,
            "chargetill book 1": self.book,
            "chargetill commissioning 1": self.commissioning,
        }
        if found:
            must(found[1] in kinds, "an unknown format")
            return kinds[found[1]](text)
        if text.startswith("c2sp.org/tlog-proof@"):
            return self.proof(text)
        if text.startswith("OCMF|"):
            return self.record(text.strip())
        if text.startswith("<"):
            record, spki = record_in(text)
            self.keys.spki.setdefault(key_id(from_hex(spki)), from_hex(spki))
            return self.record(record)
        if re.match(r"C[TC]1;", text):
            return self.code(text)
        if '"check":"' in text:
            check_journal(text)
            return "a journal, chained (it is not signed)"
        note = parse_note(text)
        check_free_note(note, self.keys)
        return f"a checkpoint over {note['size']} receipts of {note['origin']}"

    def record(self, text):
        for name, spki in self.keys.spki.items():
            try:
                fields = check_ocmf(text, spki)
            except Refused as refused:
                why = refused
                continue
            self.keys.check(name, 0, "the meter record")
            return f"meter record {fields['PG']} of meter {fields['MS']}"
        raise why if self.keys.spki else Refused("a meter record carries no key: give its receipt too")

    def code(self, text):
        code = parse_code(text)
        for name, spki in self.keys.spki.items():
            if sha(spki).hex().startswith(code["key"]):
                check_code(code, spki)
                self.keys.check(name, int(code["fields"][2]), "the code")
                return f"code of receipt {code['fields'][2]} of {code['fields'][1]}"
        raise Refused("a code carries no key: give its receipt too")

    def commissioning(self, text):
        record, spki = read_document(text, "chargetill commissioning 1", b"chargetill-commissioning\\+json")
        self.keys.check(key_id(spki), 0, "the record")
        devices = record["contactors"] + record["meters"]
        good = all(one["verdict"] != "fault" for one in record["findings"])
        good = good and all(one["passed"] or not one["checked"] for one in devices)
        must(record["passed"] is good, "it says another verdict than its findings")
        return f"commissioning of {record['station']} by {record['by']}"


def record_in(xml):
    found = re.fullmatch(
        r'<values>\s*<value transactionId="\d+" context="Transaction.Begin">\s*'
        r'<signedData format="OCMF" encoding="plain">([^<]*)</signedData>\s*'
        r'<publicKey encoding="plain">([0-9a-f]+)</publicKey>\s*</value>\s*</values>\s*',
        xml,
    )
    must(found, "not a file of signed meter values as this station writes it")
    return found[1].replace("&lt;", "<").replace("&amp;", "&"), found[2]


class Walk:
    """7. Book: what the receipts so far lead the next one to say."""

    def __init__(self, station):
        self.station, self.receipts, self.leaves, self.page, self.key = station, [], [], None, None
        self.totals = {"sales": 0, "energyMilliWh": 0, "rates": []}
        self.unsigned, self.credited, self.registers = None, set(), {}

    def step(self, receipt, told):
        p, number = receipt["payload"], len(self.receipts) + 1
        must(p["number"] == number and p["station"]["id"] == self.station, f"receipt {number} stands elsewhere")
        previous = sha(self.receipts[-1]["jws"].encode()).hex() if self.receipts else ""
        must(p["chain"]["previous"] == previous, f"receipt {number} follows another one")
        before = parse_note(p["chain"]["before"])
        must(before["root"] == root_of(self.leaves), f"receipt {number} commits to another history")
        must(self.key in (None, p["key"]["id"]), f"receipt {number}: no receipt changed the key to its own")
        self.key = p["next"]["id"] if p["kind"] == "key" else p["key"]["id"]
        self.check_unsigned(receipt, number)
        self.check_totals(p, told.get("totals"))
        self.check_page(p)
        self.check_register(p)
        self.check_corrections(p)
        self.receipts.append(receipt)
        self.leaves.append(leaf_of(receipt["jws"]))

    def check_unsigned(self, receipt, number):
        p = receipt["payload"]
        if p["kind"] == "recovery":
            must(p["unsigned"] == self.unsigned, f"receipt {number} closes other unsigned receipts")
        else:
            must(receipt["sig"] is None or self.unsigned is None, f"receipt {number}: unsigned ones were not closed")
        if receipt["sig"] is not None:
            self.unsigned = None
            return
        span = self.unsigned or {"first": number, "count": 0, "digest": ""}
        digest = sha(from_hex(span["digest"]) + leaf_of(receipt["jws"])).hex()
        self.unsigned = {"first": span["first"], "count": span["count"] + 1, "digest": digest}

    def check_totals(self, p, totals):
        bill = None
        if p["kind"] in ("sale", "reservation"):
            bill = p[p["kind"]]["price"]
            if "corrects" not in p:
                self.totals["sales"] += 1
                energy = Decimal(p["sale"]["energyKwh"]) * 10**6 if p["kind"] == "sale" else 0
                self.totals["energyMilliWh"] += int(energy)
        elif p["kind"] == "credit":
            bill = p["credit"]
        for tax in (bill["taxes"] or [{"name": "none", "ratePercent": "0", **bill["due"]}]) if bill else []:
            name = (bill["currency"], tax["name"], tax["ratePercent"])
            rates = self.totals["rates"]
            row = next((one for one in rates if (one["currency"], one["name"], one["ratePercent"]) == name), None)
            if row is None:
                row = dict(zip(("currency", "name", "ratePercent"), name), net=0, tax=0, gross=0)
                rates.append(row)
            for part in ("net", "tax", "gross"):
                row[part] = Decimal(row[part]) + Decimal(tax[part])
        if totals is None:
            return
        stated = [{**row, **{part: Decimal(row[part]) for part in ("net", "tax", "gross")}} for row in totals["rates"]]
        must({**totals, "rates": stated} == self.totals, f"receipt {p['number']}: the running totals")

    def check_page(self, p):
        if p["kind"] == "lost" and self.page is not None:
            self.page += 1
        if p["kind"] == "sale":
            page = int(parse_json(p["sale"]["ocmf"].split("|")[1])["PG"][1:])
            must(self.page in (None, page - 1), f"receipt {p['number']}: the pages do not count up")
            self.page = page

    def check_register(self, p):
        if p["kind"] != "sale" or "corrects" in p:
            return
        sale, meter = p["sale"], p["sale"]["meter"]["serial"]
        begin, last = milli_wh(sale["begin"]["registerKwh"]), self.registers.get(meter)
        if last is not None and begin < last:
            accepted = sale.get("registerAccepted", {"lastKwh": "-1", "registerKwh": "-1"})
            said = milli_wh(accepted["lastKwh"]) == last and milli_wh(accepted["registerKwh"]) <= begin
            must(said, f"receipt {p['number']}: the register of meter {meter} fell")
        self.registers[meter] = milli_wh(sale["finish"]["registerKwh"])

    def check_corrections(self, p):
        number = p["credit"]["number"] if p["kind"] == "credit" else p.get("corrects")
        if number is None:
            return
        must(number <= len(self.receipts), f"receipt {p['number']} speaks of a later one")
        jws, first = self.receipts[number - 1]["jws"], self.receipts[number - 1]["payload"]
        sold = first.get("sale") or first.get("reservation")
        must(sold, f"receipt {number} is not a sale")
        if p["kind"] == "sale":
            return must(p["sale"]["sessionId"] == sold["sessionId"], "a correction of another session")
        must(number not in self.credited, f"receipt {number} is taken back twice")
        self.credited.add(number)
        credit = p["credit"]
        must(credit["receipt"] == sha(jws.encode()).hex(), f"receipt {p['number']} takes back another receipt")
        turned = all(Decimal(credit["due"][part]) == -Decimal(sold["price"]["due"][part]) for part in credit["due"])
        must(turned and credit["currency"] == sold["price"]["currency"], "a credit of another amount")
        said = {name: sold[name] for name in ("start", "startClock", "end", "endClock")}
        said.update(issuedAt=first["issuedAt"], evseId=sold["connector"]["evseId"], location=first["station"]["location"])
        must(credit["sold"] == said, "a credit that tells another sale")


def order_of(name):
    """What carries keys first, so that what carries none can be checked by them."""
    return 0 if name.endswith("book.json") else 1 if name.endswith((".json", ".zip")) else 2


def main(arguments):
    given, codes, paths = [], [], []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in ("--key", "--qr"):
            (given if word == "--key" else codes).append(rest.pop(0))
        else:
            paths.append(word)
    with open(os.path.join(HERE, "../../config/receipt.schema.json"), encoding="utf-8") as file:
        schema = parse_json(file.read())
    keys = Keys(given)
    verifier, failed = Verifier(keys, schema), False
    works = [(path, lambda path=path: verifier.file(path, open(path, "rb").read())) for path in sorted(paths, key=order_of)]
    works += [("the code", lambda text=text: verifier.code(text)) for text in codes]
    for name, work in works:
        try:
            print(f"ok      {name}: {work()}")
        except (Refused, KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, OSError) as why:
            failed = True
            print(f"FAILED  {name}: {why or type(why).__name__}")
    if not failed and not keys.used:
        print("nothing rests on a key that was given: give one with --key sha256:FINGERPRINT")
    return 1 if failed else 0 if keys.used else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
