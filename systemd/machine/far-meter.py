"""The far end of the RS-485 adapter and of the contactor: an Eastron SDM630 that counts 11 kW while GPIO 17 is driven, and the auxiliary
contact on GPIO 27 that follows it. In nothing but Python's standard library, and it shares no line with the driver."""
import os
import select
import struct
import time

board = "/sys/devices/platform/far-board/"
energy_kwh = 1234.567
power_w = 0.0
last = time.monotonic()


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


def look():
    global energy_kwh, power_w, last
    now = time.monotonic()
    energy_kwh += power_w * (now - last) / 3.6e6
    last = now
    with open(board + "levels") as levels:
        pins = {int(pin): (way, level) for pin, way, level in (line.split() for line in levels)}
    closed = pins.get(17) == ("out", "1")
    way, level = pins.get(27, ("in", "0"))
    if way == "in" and (level == "1") != closed:
        with open(board + "drive", "w") as drive:
            drive.write("27 %d" % closed)
    power_w = 11040.0 if closed else 0.0


def register(function, address):
    if function == 3 and address in (0xFC00, 0xFC01):
        return struct.pack(">I", 21031234)[2 * (address - 0xFC00):][:2]
    ampere = power_w / 690
    floats = {(4, 0x00): 230.0, (4, 0x02): 230.0, (4, 0x04): 230.0, (4, 0x06): ampere, (4, 0x08): ampere, (4, 0x0A): ampere,
              (4, 0x34): power_w, (4, 0x46): 50.0, (4, 0x48): energy_kwh, (3, 0x28): 2141.0}
    start = address & ~1
    return struct.pack(">f", floats.get((function, start), 0.0))[2 * (address - start):][:2]


port = os.open("/dev/virtio-ports/meter", os.O_RDWR | os.O_NONBLOCK)
heard = b""
while True:
    ready, _, _ = select.select([port], [], [], 0.05)
    look()
    if not ready:
        heard = b""
        continue
    try:
        heard += os.read(port, 256)
    except BlockingIOError:
        continue
    while len(heard) >= 8:
        request = heard[:8]
        if crc16(request[:6]) != request[6:]:
            heard = heard[1:]
            continue
        heard = heard[8:]
        unit, function, address, count = struct.unpack(">BBHH", request[:6])
        if unit == 1 and function in (3, 4):
            body = struct.pack(">BBB", unit, function, 2 * count) + b"".join(register(function, address + n) for n in range(count))
            os.write(port, body + crc16(body))
