"""ECDSA on P-256 with SHA-256: verification alone (FIPS 186-4; points in Jacobian coordinates)."""
import hashlib

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    1,
)
INFINITY = (0, 1, 0)
SPKI_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


def point_of(spki):
    """The point of a SubjectPublicKeyInfo, or None where it is no key on this curve."""
    if len(spki) != 91 or not spki.startswith(SPKI_HEAD):
        return None
    x, y = int.from_bytes(spki[27:59], "big"), int.from_bytes(spki[59:], "big")
    on_curve = x < P and y < P and (y * y - (x * x * x - 3 * x + B)) % P == 0
    return (x, y, 1) if on_curve else None


def double(point):
    x, y, z = point
    if z == 0 or y == 0:
        return INFINITY
    yy = y * y % P
    s = 4 * x * yy % P
    zz = z * z % P
    m = 3 * (x - zz) * (x + zz) % P
    xx = (m * m - 2 * s) % P
    return xx, (m * (s - xx) - 8 * yy * yy) % P, 2 * y * z % P


def add(a, b):
    if a[2] == 0:
        return b
    if b[2] == 0:
        return a
    za, zb = a[2] * a[2] % P, b[2] * b[2] % P
    ua, ub = a[0] * zb % P, b[0] * za % P
    sa, sb = a[1] * zb * b[2] % P, b[1] * za * a[2] % P
    if ua == ub:
        return double(a) if sa == sb else INFINITY
    h, r = (ub - ua) % P, (sb - sa) % P
    hh = h * h % P
    hhh, v = h * hh % P, ua * hh % P
    x = (r * r - hhh - 2 * v) % P
    return x, (r * (v - x) - sa * hhh) % P, h * a[2] * b[2] % P


def verifies(spki, data, r, s):
    """Whether (r, s) is a signature of the data by this key; either s is taken."""
    point = point_of(spki)
    if point is None or not (0 < r < N and 0 < s < N):
        return False
    w = pow(s, -1, N)
    e = int.from_bytes(hashlib.sha256(data).digest(), "big")
    u, v = e * w % N, r * w % N
    both = add(G, point)
    total = INFINITY
    for bit in range(255, -1, -1):
        total = double(total)
        which = (u >> bit & 1) + 2 * (v >> bit & 1)
        if which:
            total = add(total, (None, G, point, both)[which])
    if total[2] == 0:
        return False
    inverse = pow(total[2], -1, P)
    return total[0] * inverse * inverse % P % N == r
