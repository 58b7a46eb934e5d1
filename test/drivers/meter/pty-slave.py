"""An Eastron SDM630 on a pseudo-terminal, for a driver at its other end.

`pty-slave.py libmodbus`: libmodbus answers, from a terminal of its own; this script only carries its bytes across. `pty-slave.py own`: it answers by
itself, in nothing but Python's standard library. Either shares no line of code with the driver.
Prints the terminal's path, then answers until its stdin ends. Words on stdin: `double` = each reply twice in one piece,
`late` = the next reply 150 ms late, `slow` = byte by byte, `deaf` = the next request is not heard, `plain` = as it should be.
"""
import ctypes
import os
import pty
import select
import struct
import sys
import threading
import time
import tty

unit = 1
energy_kwh = 12345.678
floats = {(4, 0x0006): 16.0, (4, 0x0008): 16.0, (4, 0x000A): 16.0, (4, 0x0034): 11040.0, (4, 0x0048): energy_kwh, (3, 0x0028): 2141.0}
serial_number = 21031234
serial_address = 0xFC00


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


def own(request):
    """The reply to a request of eight bytes; nothing to one that is not ours."""
    to, function, address, count = struct.unpack(">BBHH", request[:6])
    if crc16(request[:6]) != request[6:] or to != unit or function not in (3, 4):
        return b""

    def register(at):
        if function == 3 and at in (serial_address, serial_address + 1):
            return struct.pack(">I", serial_number)[2 * (at - serial_address):][:2]
        start = at & ~1
        return struct.pack(">f", floats.get((function, start), 0.0))[2 * (at - start):][:2]

    body = struct.pack(">BBB", unit, function, 2 * count) + b"".join(register(address + n) for n in range(count))
    return body + crc16(body)


class Mapping(ctypes.Structure):
    """modbus_mapping_t of libmodbus 3.1."""

    _fields_ = [(name, ctypes.c_int) for name in ("nb_bits", "start_bits", "nb_input_bits", "start_input_bits", "nb_input_registers", "start_input_registers", "nb_registers", "start_registers")] + [
        ("tab_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("tab_input_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("tab_input_registers", ctypes.POINTER(ctypes.c_uint16)),
        ("tab_registers", ctypes.POINTER(ctypes.c_uint16)),
    ]


class Libmodbus:
    """libmodbus as the slave, on a terminal whose other end is in our hand."""

    def __init__(self):
        self.lib = ctypes.CDLL("libmodbus.so.5")
        self.lib.modbus_new_rtu.restype = ctypes.c_void_p
        self.lib.modbus_new_rtu.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char, ctypes.c_int, ctypes.c_int]
        self.lib.modbus_mapping_new_start_address.restype = ctypes.POINTER(Mapping)
        self.hand, terminal = pty.openpty()
        tty.setraw(self.hand)
        self.context = ctypes.c_void_p(self.lib.modbus_new_rtu(os.ttyname(terminal).encode(), 115200, b"N", 8, 1))
        # Input registers as far as the live values go; holding registers up to the serial number.
        self.mapping = self.lib.modbus_mapping_new_start_address(0, 0, 0, 0, 0, serial_address + 2, 0, 0x0050)
        tables = {3: self.mapping.contents.tab_registers, 4: self.mapping.contents.tab_input_registers}
        numbers = {(3, serial_address): struct.pack(">I", serial_number), **{at: struct.pack(">f", value) for at, value in floats.items()}}
        for (function, address), number in numbers.items():
            for word in (0, 1):
                tables[function][address + word], = struct.unpack(">H", number[2 * word:][:2])
        if self.lib.modbus_set_slave(self.context, unit) != 0 or self.lib.modbus_connect(self.context) != 0:
            sys.exit("libmodbus does not take the terminal")
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        request = (ctypes.c_uint8 * 260)()
        while True:
            length = self.lib.modbus_receive(self.context, request)
            if length > 0:
                self.lib.modbus_reply(self.context, request, length, self.mapping)

    def __call__(self, request):
        os.write(self.hand, request)
        reply = b""
        while len(reply) < 5 or (reply[1] < 0x80 and len(reply) < 5 + reply[2]):
            if not select.select([self.hand], [], [], 1)[0]:
                return b""
            reply += os.read(self.hand, 260)
        return reply


answer = Libmodbus() if sys.argv[1:] == ["libmodbus"] else own
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
            if mode == "deaf":
                mode = "plain"
                continue
            reply = answer(request)
            if mode == "late":
                mode = "plain"
                time.sleep(0.15)
            if mode == "slow":
                for byte in reply:
                    os.write(master, bytes([byte]))
                    time.sleep(0.001)
            else:
                os.write(master, reply * 2 if mode == "double" else reply)
