#!/usr/bin/env python3
"""Check a creator's statement against the published proofs. Reads two files, asks nobody.

    python3 verify.py statement.json proofs.json

statement.json: from your page of payouts. proofs.json: /proof/?format=json, kept by anyone.
Every line of the statement is hashed with its salt and, with the hashes beside it, up to the
fingerprint (root) of its night. Every night's root contains the root of the night before, so
a line, a sum or a night that was changed, added or left out later no longer fits.
"""

import hashlib
import json
import sys


def leaf(salt, fields):
    """Hash one line: 0x00, its salt, and its fields as JSON with sorted keys and no spaces."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(b"\x00" + salt + text.encode()).digest()


def climb(value, path):
    """Hash a leaf with its neighbours, upwards, to the root."""
    for side, other in path:
        pair = bytes.fromhex(other) + value if side == "left" else value + bytes.fromhex(other)
        value = hashlib.sha256(b"\x01" + pair).digest()
    return value.hex()


def check_chain(nights):
    """Yield what is wrong with the published nights: each must contain the one before."""
    before = None
    for night in sorted(nights, key=lambda one: one["night"]):
        head = {"night": night["night"], "previous_root": night["previous_root"]}
        if climb(leaf(b"", head), night["head_path"]) != night["root"]:
            yield f"{night['night']}: its root does not contain the night before"
        if before is not None and night["previous_root"] != before:
            yield f"{night['night']}: the night before is missing or was changed"
        before = night["root"]


def check_statement(statement, nights):
    """Yield what is wrong with a statement, line by line."""
    roots = {night["night"]: night["root"] for night in nights}
    seen, sums = set(), {}
    for night in statement["nights"]:
        if roots.get(night["night"]) != night["root"]:
            yield f"{night['night']}: not among the published nights, or with another root"
        for line in night["lines"]:
            name = f"{night['night']}, line {line['fields']['line']}"
            if line["fields"]["creator"] != statement["creator"]:
                yield f"{name}: belongs to another creator"
            if line["fields"]["line"] in seen:
                yield f"{name}: counted twice"
            if (
                climb(leaf(bytes.fromhex(line["salt"]), line["fields"]), line["path"])
                != night["root"]
            ):
                yield f"{name}: is not what was published that night"
            seen.add(line["fields"]["line"])
            currency = line["fields"]["currency"]
            sums[currency] = sums.get(currency, 0) + line["fields"]["amount"]
    if sums != statement["totals"]:
        yield f"the totals are {statement['totals']}, the lines add up to {sums}"


def check(statement, proofs):
    """Return everything that is wrong; an empty list means that all of it holds."""
    return [*check_chain(proofs["nights"]), *check_statement(statement, proofs["nights"])]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: verify.py statement.json proofs.json")
    found = check(*(json.load(open(name, encoding="utf-8")) for name in sys.argv[1:]))
    print("\n".join(found) or "Every line is among the published ones.")
    sys.exit(bool(found))
