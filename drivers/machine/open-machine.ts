// Opens the devices that the config names: the Pi's buses, or the bench's. Native packages load only when they are
// chosen.
import type { Config, ConnectorConfig } from "../../config/schema.js";
import type { CardReader, Clock, Indicator, Pins } from "../driver.js";
import { GpioButton } from "../gpio/gpio-button.js";
import { GpioContactor } from "../gpio/gpio-contactor.js";
import { GpioIndicator } from "../gpio/gpio-indicator.js";
import { GpioPlug } from "../gpio/gpio-plug.js";
import type { GpioPort } from "../gpio/port/gpio-port.js";
import type { OpenerLink } from "../gpio/port/opener-link.js";
import type { LineCounts, MeterBus } from "../meter/meter-bus.js";
import type { ModbusMeter } from "../meter/modbus-meter.js";
import type { SerialBinding } from "../meter/rtu-line.js";
import type { OpenGateway } from "../payment-gateway.js";
import { openCardReader } from "../rfid/card-reader.js";
import type { SpiChoice } from "../rfid/spi.js";
import type { TerminalAccess } from "../terminal/terminal-access.js";
import type { TerminalEndpoint } from "../terminal/terminal-line.js";
import { BusTrace } from "./bus-trace.js";

/** The edge of the machine: where its bytes, pins and time come from. */
export type MachineBuses = {
  readonly clock: Clock;
  /** The pins. Throws DeviceError gpio/missing while the machine has none. */
  gpio(): GpioPort;
  /** Whoever opens the contactors when this process hangs or dies. */
  readonly opener?: OpenerLink | undefined;
  /** In place of the real serial port of that name. */
  binding(port: string): SerialBinding | undefined;
  spi(reader: string): SpiChoice;
  /**
   * In place of the real reader of that name: spares a thread where a thousand agents are started one after the other.
   */
  readonly reader?: (name: string) => CardReader | undefined;
  /** How often a meter's spoilt frame is asked for again, where not as on a station. */
  readonly meterRepeats?: number;
  /** In place of the payment terminal that the config names: another gateway, or where a terminal listens. */
  readonly gateway?: OpenGateway;
  readonly terminal?: TerminalEndpoint;
  /** Lamps show one state instead of blinking: nobody sees the bench's. */
  readonly stillLamps: boolean;
  start(): void;
  close(): Promise<void>;
};

/** A disturbed frame is asked for again so often: at one bad frame in twenty, one request in some thousand fails. */
const meterRepeats = 2;

export type Machine = {
  readonly clock: Clock;
  /** What passes between these drivers and their devices. */
  readonly wiretap: BusTrace;
  meter(connector: ConnectorConfig): ModbusMeter;
  /** What the line of a port has been through since it was opened. */
  lineCounts(port: string): LineCounts | undefined;
  /** Lets `work` have a port to itself for a moment. */
  lendLine<T>(port: string, work: (binding: SerialBinding | undefined) => Promise<T>): Promise<T>;
  pins(connector: ConnectorConfig): Pins;
  /** Why nobody can be believed to open the contactors when this process hangs; undefined where somebody does. */
  openerTrouble(): string | undefined;
  /** An fsync has returned, or a file was read: no hang, though no timer could fire meanwhile. */
  progressed(): void;
  reader(name: string): Promise<CardReader>;
  /** Where drivers pay by bank card; absent = the station has none. */
  readonly gateway?: OpenGateway;
  /** The card terminal, for a technician; absent = the config names none. */
  readonly terminal?: TerminalAccess;
  /** Lets time pass, where it is the bench's to give. */
  start(): void;
  close(): Promise<void>;
};

/** Devices that a technician has proven: meters in doubt, and how a terminal books. */
export type AcceptedDevices = {
  meter(model: string, serial: string): boolean;
  terminal(terminalId: string, dialect: string): boolean;
};

/** Which drivers are wanted: those of the meters bring the serial libraries along. */
export type MachineNeeds = "all" | "no-meters";

/** The Pi's own buses. Nothing is opened yet but the clock; `look`: and nothing is written. */
export async function realBuses(config: Config, use: "work" | "look"): Promise<MachineBuses> {
  const { SystemClock } = await import("../clock.js");
  const { openGpioPort } = await import("../gpio/port/open-gpio-port.js");
  const { OpenerLink } = await import("../gpio/port/opener-link.js");
  const clock = await SystemClock.open();
  const opener = use === "work" ? OpenerLink.open(clock) : undefined;
  let pins: GpioPort | undefined;
  return {
    clock,
    gpio: () => (pins ??= openGpioPort()),
    opener,
    binding: () => undefined,
    spi: (reader) => {
      const spi = config.readers[reader]?.spi;
      if (spi === undefined) throw new Error(`no reader ${reader} in the config`);
      return { kind: "spidev", bus: spi.bus, device: spi.device };
    },
    stillLamps: false,
    start: () => undefined,
    close: async () => {
      await pins?.close();
      opener?.close();
      clock.close();
    },
  };
}

/**
 * The drivers over those buses. Each opens its device when it is first used and says in a DeviceError what stands in
 * its way.
 */
export async function openMachine(
  config: Config,
  buses: MachineBuses,
  accepted?: AcceptedDevices,
  needs: MachineNeeds = "all",
): Promise<Machine> {
  const { clock } = buses;
  // Loaded here and not above: commands that touch no meter are not to wait for the serial libraries.
  const openMeterBus = needs === "all" ? (await import("../meter/meter-bus.js")).openMeterBus : undefined;
  const meterBuses = new Map<string, MeterBus>();
  const lastReaders = new Map<string, CardReader>();
  const wiretap = new BusTrace(clock);
  const meterBus = (name: string): MeterBus => {
    const known = meterBuses.get(name);
    if (known !== undefined) return known;
    const port = config.serialPorts[name];
    if (port === undefined) throw new Error(`no serial port ${name} in the config`);
    if (openMeterBus === undefined) throw new Error("this machine was opened without its meters");
    const binding = buses.binding(name);
    const opened = openMeterBus(port, clock, {
      onBytes: (what, bytes) => wiretap.serial(name, what, bytes),
      repeats: buses.meterRepeats ?? meterRepeats,
      ...(binding === undefined ? {} : { binding }),
      ...(accepted === undefined ? {} : { hasPassed: (model, serial) => accepted.meter(model, serial) }),
    });
    meterBuses.set(name, opened);
    return opened;
  };
  const payment = await paymentTerminalOf(config, buses, wiretap, accepted);
  return {
    clock,
    wiretap,
    meter: ({ meter }) => meterBus(meter.port).meter(meter),
    lineCounts: (port) => meterBuses.get(port)?.counts,
    lendLine: (port, work) => meterBus(port).lend(() => work(buses.binding(port))),
    pins: (connector) => openPins(connector, buses, wiretap),
    openerTrouble: () => buses.opener?.trouble(),
    progressed: () => buses.opener?.progressed(),
    reader: async (name) => {
      const reader = config.readers[name];
      if (reader === undefined) throw new Error(`no reader ${name} in the config`);
      const given = buses.reader?.(name);
      if (given !== undefined) return given;
      // The lost reader goes along: a card that lay on it all the while is no new tap.
      const opened = await openCardReader(reader, clock, buses.spi(name), lastReaders.get(name), (detection) =>
        wiretap.card(name, detection),
      );
      lastReaders.set(name, opened);
      return opened;
    },
    ...payment,
    start: () => buses.start(),
    close: async () => {
      for (const bus of meterBuses.values()) await bus.close();
      await payment.terminal?.close();
      await buses.close();
    },
  };
}

/** The gateway of the buses, or the terminal of the config, whose driver loads only where there is one. */
async function paymentTerminalOf(
  { terminal: config }: Config,
  buses: MachineBuses,
  wiretap: BusTrace,
  accepted: AcceptedDevices | undefined,
): Promise<Pick<Machine, "gateway" | "terminal">> {
  if (buses.gateway !== undefined) return { gateway: buses.gateway };
  if (config === undefined) return {};
  const { TerminalAccess } = await import("../terminal/terminal-access.js");
  const { maskedFrame } = await import("../terminal/zvt/masked-frame.js");
  const terminal = new TerminalAccess({
    config,
    clock: buses.clock,
    onFrame: (way, frame) => wiretap.terminal(way, () => maskedFrame(frame)),
    endpoint: buses.terminal,
    isProven: (terminalId, dialect) => accepted?.terminal(terminalId, dialect) === true,
  });
  return { terminal, gateway: (cardKey) => terminal.open(cardKey) };
}

/** All of a connector's pins, or none: one that fails lets go of those before it. Throws DeviceError. */
function openPins(connector: ConnectorConfig, buses: MachineBuses, wiretap: BusTrace): Pins {
  const { clock } = buses;
  const opened: { close(): void }[] = [];
  const keep = <T extends { close(): void }>(device: T): T => {
    opened.push(device);
    return device;
  };
  try {
    const gpio = buses.gpio();
    const overheard = wiretap.gpio(gpio);
    const order = gpio.openOrder(connector.contactor);
    const watch = order === undefined ? undefined : buses.opener?.contactor(order);
    const contactor = keep(new GpioContactor(overheard, connector.contactor, watch));
    const plug = keep(new GpioPlug(overheard, connector.plug, clock));
    const indicator =
      connector.indicator === undefined
        ? noIndicator
        : keep(new GpioIndicator(gpio, connector.indicator, clock, { still: buses.stillLamps }));
    const button =
      connector.button === undefined ? undefined : keep(new GpioButton(overheard, connector.button, clock));
    return { contactor, plug, indicator, ...(button === undefined ? {} : { button }) };
  } catch (error) {
    for (const device of opened) device.close();
    throw error;
  }
}

const noIndicator: Indicator = { show: () => undefined, close: () => undefined };

/** Lets go of all of a connector's pins. */
export function closePins({ contactor, plug, indicator, button }: Pins): void {
  for (const device of [button, plug, indicator, contactor]) device?.close();
}
