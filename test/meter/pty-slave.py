"""An Eastron SDM630 on a pseudo-terminal: an independent Modbus RTU slave, in nothing but Python's standard library.

Prints the terminal's path, then answers until its stdin ends. Words on stdin: `double` = each reply twice in one piece,
`late` = the next reply 150 ms late, `slow` = byte by byte, `plain` = as it should be.
"""
import os
import pty
import select
import struct
import sys
import time
import tty


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


energy_kwh = 12345.678
floats = {(4, 0x0006): 16.0, (4, 0x0008): 16.0, (4, 0x000A): 16.0, (4, 0x0034): 11040.0, (4, 0x0048): energy_kwh, (3, 0x0028): 2141.0}


def register(function, address):
    if function == 3 and address in (0xFC00, 0xFC01):
        return struct.pack(">I", 21031234)[2 * (address - 0xFC00):][:2]
    start = address & ~1
    return struct.pack(">f", floats.get((function, start), 0.0))[2 * (address - start):][:2]


master, slave = pty.openpty()
tty.setraw(slave)
tty.setraw(master)
print(os.ttyname(slave), flush=True)
mode = "plain"
heard = b""
while True:
    ready, _, _ = select.select([master, sys.stdin], [], [])
    if sys.stdin in ready:
        line = sys.stdin.readline()
        if not line:
            break
        mode = line.strip()
        print("ok", flush=True)
    if master in ready:
        heard += os.read(master, 256)
        while len(heard) >= 8:
            request, heard = heard[:8], heard[8:]
            unit, function, address, count = struct.unpack(">BBHH", request[:6])
            if crc16(request[:6]) != request[6:] or unit != 1 or function not in (3, 4):
                continue
            body = struct.pack(">BBB", unit, function, 2 * count) + b"".join(register(function, address + n) for n in range(count))
            reply = body + crc16(body)
            if mode == "late":
                mode = "plain"
                time.sleep(0.15)
            if mode == "slow":
                for byte in reply:
                    os.write(master, bytes([byte]))
                    time.sleep(0.001)
            else:
                os.write(master, reply * 2 if mode == "double" else reply)
