// Every state of the page, one after the other: what the tests with a browser look at.
import { driverCard, PageBench } from "../support/web/page-bench.js";

export type PageState = { readonly name: string; readonly path: string };

/** Brings the station into each state and shows the pages that it has then. */
export async function eachState(look: (bench: PageBench, state: PageState) => Promise<void>): Promise<void> {
  const bench = await PageBench.open(() => ({ wifi: { name: "Charging", password: "plug-and-charge" } }));
  const { station } = bench;
  const show = async (name: string, ...paths: readonly string[]): Promise<void> => {
    for (const path of paths) await look(bench, { name, path });
  };
  try {
    await show("free", "/", "/c/1", "/receipt", "/nothing-here", `/r/${"A".repeat(22)}`);
    await station.tap(driverCard);
    await bench.told();
    await show("waiting", "/c/1");
    await station.clock.pass(61_000);
    await station.plug(1);
    await bench.told();
    await show("occupied", "/c/1");
    await station.tap(driverCard);
    await station.clock.pass(3_000);
    for (let minute = 0; minute < 4; minute += 1) {
      await station.charge(1, 50 + 10 * minute, 30);
      await bench.told();
    }
    const link = await bench.link();
    await show("charging", "/", "/c/1", link);
    await station.clock.pass(30_000);
    await bench.told();
    await show("grace", link);
    await station.clock.pass(11 * 60_000);
    await bench.told();
    await show("parking", link);
    await bench.stopped();
    await show("finished", "/", "/c/1", link);
    await station.plug(1, false);
    station.services.station.faults.raise("connector 2", "meter/timeout", "no answer", station.clock.now().at);
    await bench.told();
    await show("out of order", "/", "/c/2");
    station.clock.trust = "unsynced";
    await station.clock.pass(60_000);
    await bench.told();
    await show("clock unset", "/", "/c/1");
  } finally {
    await bench.close();
  }
}
