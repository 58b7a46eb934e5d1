// Which pins of the Pi's header its SPI buses and serial ports use, so that no pin of a config is one of them: the
// kernel refuses nobody who drives a bus's clock as a contactor's coil, and then both fail.
// Source: the overlays of the Raspberry Pi kernel (arch/arm/boot/dts/overlays: README, spi*-*cs*, uart*), with their
// default pins. Where boards differ, the pins of each count: a config does not say which board it is for.

type SpiBus = {
  readonly signals: Readonly<Record<"MISO" | "MOSI" | "SCLK", number>>;
  readonly chipSelects: readonly number[];
};

/** `dtparam=spi=on` takes both chip selects of bus 0; the overlays of the others take those that are used. */
const spiBuses: ReadonlyMap<number, readonly SpiBus[]> = new Map([
  [0, [{ signals: { MISO: 9, MOSI: 10, SCLK: 11 }, chipSelects: [8, 7] }]],
  [1, [{ signals: { MISO: 19, MOSI: 20, SCLK: 21 }, chipSelects: [18, 17, 16] }]],
  [
    2,
    [
      // Compute modules; the Pi 5.
      { signals: { MISO: 40, MOSI: 41, SCLK: 42 }, chipSelects: [43, 44, 45] },
      { signals: { MISO: 1, MOSI: 2, SCLK: 3 }, chipSelects: [0, 24] },
    ],
  ],
  [
    3,
    [
      // The Pi 4; the Pi 5.
      { signals: { MISO: 1, MOSI: 2, SCLK: 3 }, chipSelects: [0, 24] },
      { signals: { MISO: 5, MOSI: 6, SCLK: 7 }, chipSelects: [4, 25] },
    ],
  ],
  [4, [{ signals: { MISO: 5, MOSI: 6, SCLK: 7 }, chipSelects: [4, 25] }]],
  [5, [{ signals: { MISO: 13, MOSI: 14, SCLK: 15 }, chipSelects: [12, 26] }]],
  [6, [{ signals: { MISO: 19, MOSI: 20, SCLK: 21 }, chipSelects: [18, 27] }]],
]);
/** So many chip selects of a bus are taken, whatever device is used. */
const leastChipSelects = new Map([[0, 2]]);

/** TXD and RXD, and what else a board has by that port's name. ttyAMA10, the Pi 5's own connector, is on no header. */
const serialPins = new Map<string, readonly number[]>([
  ["serial0", [14, 15]],
  ["ttyS0", [14, 15]],
  ["ttyAMA0", [14, 15]],
  // uart1 of the Pi 5, or the first that was added to a Pi 4; from here on the Pi 5's pins, then the Pi 4's.
  ["ttyAMA1", [0, 1]],
  ["ttyAMA2", [4, 5, 0, 1]],
  ["ttyAMA3", [8, 9, 4, 5]],
  ["ttyAMA4", [12, 13, 8, 9]],
  ["ttyAMA5", [12, 13]],
]);

type BusUsers = {
  readonly readers: Readonly<Record<string, { readonly spi: { readonly bus: number; readonly device: number } }>>;
  readonly serialPorts: Readonly<Record<string, { readonly path: string }>>;
};

/** By BCM number: what of the config's readers and serial ports uses that pin, in words. */
export function busPins({ readers, serialPorts }: BusUsers): ReadonlyMap<number, string> {
  const pins = new Map<number, string>();
  for (const [name, { spi }] of Object.entries(readers))
    for (const { signals, chipSelects } of spiBuses.get(spi.bus) ?? []) {
      const bus = `of SPI bus ${spi.bus} (readers.${name})`;
      for (const [signal, gpio] of Object.entries(signals)) pins.set(gpio, `${signal} ${bus}`);
      const selects = Math.max(spi.device + 1, leastChipSelects.get(spi.bus) ?? 0);
      for (const [device, gpio] of chipSelects.slice(0, selects).entries()) pins.set(gpio, `CE${device} ${bus}`);
    }
  for (const [name, { path }] of Object.entries(serialPorts))
    for (const [index, gpio] of (serialPins.get(path.slice("/dev/".length)) ?? []).entries())
      pins.set(gpio, `${index % 2 === 0 ? "TXD" : "RXD"} of ${path} (serialPorts.${name})`);
  return pins;
}
