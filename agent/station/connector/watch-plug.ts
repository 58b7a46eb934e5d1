// What a connector's plug contact tells, written down; one that changes without end is a fault, and nothing more of it is
// written.
import type { ConnectorConfig } from "../../../config/schema.js";
import type { PlugSensor } from "../../../drivers/driver.js";
import type { ConnectorContext } from "./connector-context.js";

/** Until `signal` ends it. Rejects with a DeviceError where the pin can no longer be read. */
export async function watchPlug(
  sensor: PlugSensor,
  { id, plug }: ConnectorConfig,
  { faults, record }: Pick<ConnectorContext, "faults" | "record">,
  signal: AbortSignal,
): Promise<void> {
  const device = `connector ${id}`;
  const words = `the plug contact (GPIO ${plug.gpio}) changes more often than people make it: look for a loose contact or wire`;
  for await (const { plugged, unsteady, moment } of sensor.plugs(signal)) {
    if (unsteady === true) faults.raise(device, "plug/unsteady", words, moment.at);
    else faults.clear(device, "plug/");
    record({ type: "PlugChanged", moment, connector: id, plugged });
  }
}
