// `chargetill contactor open --all` as a process of its own, on pins that a dead agent left closed, with no state
// folder and a config that is good for nothing but its pins. Run inside the namespace of onoff-world.ts, which serves
// those pins.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SysfsModel } from "./sysfs-model.js";

const cli = fileURLToPath(new URL("../../../agent/cli.js", import.meta.url));

type Ended = {
  readonly code: number;
  readonly opened: readonly { readonly gpio: number; readonly ok: boolean; readonly why?: string }[];
  readonly err: string;
};

function contactorOpen(config: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [cli, "contactor", "open", "--all", "--config", config, "--json"],
      { timeout: 20_000 },
      (error, out, err) => {
        if (error !== null && typeof error.code !== "number") return reject(error);
        resolve({ code: Number(error?.code ?? 0), opened: (JSON.parse(out) as Pick<Ended, "opened">).opened, err });
      },
    );
  });
}

/** The pin as an agent leaves it that was killed while its contactor was closed. */
function leftClosed(model: SysfsModel, gpio: number, activeLow: boolean): void {
  const line = model.base + gpio;
  if (model.find(`/gpio${line}`) === undefined) model.write("/export", String(line));
  model.write(`/gpio${line}/active_low`, activeLow ? "1" : "0");
  model.write(`/gpio${line}/direction`, activeLow ? "low" : "high");
  model.takeLevels(gpio);
}

/** Resolves with 0 when all holds. */
export async function opensAfterCrash(model: SysfsModel): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "chargetill-open-"));
  const config = join(folder, "station.yaml");
  let done: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => (done = resolve));
  const test = suite("contactor open --all after a crash");
  let declared = 0;
  let held = 0;
  const promise = (sentence: string, work: () => Promise<void>): void => {
    declared += 1;
    test(sentence, async () => {
      await work();
      held += 1;
    });
  };

  for (const [what, text] of [
    [
      "whose other parts are nonsense",
      "station: [nonsense\nconnectors:\n  - { id: 1, contactor: { gpio: 17, feedback: { gpio: 27 } }, tarif: x }\n  - { id: 2, contactor: { gpio: 5, activeLow: true } }\nreaders: *nobody\n",
    ],
    [
      "that ends in the middle of a line",
      "state: /nowhere/at/all\nconnectors:\n  - id: 1\n    contactor: { gpio: 17 }\n  - id: 2\n    contactor: { gpio: 5, activeLow: true, feed",
    ],
    [
      "that does not say clearly which way a pin works: its last driver knew",
      "connectors:\n  - { id: 1, contactor: { gpio: 17, activLow: false } }\n  - { id: 2, contactor: { gpio: 5, activeLow: yes } }\n",
    ],
  ] as const)
    promise(`it opens every one, at once and without another level before, by a config ${what}`, async () => {
      writeFileSync(config, text);
      leftClosed(model, 17, false);
      leftClosed(model, 5, true);
      const { code, opened, err } = await contactorOpen(config);
      assert.equal(
        opened.map(({ gpio, ok }) => [gpio, ok]),
        [
          [17, true],
          [5, true],
        ],
        err,
      );
      assert.equal([model.takeLevels(17), model.takeLevels(5)], [[false], [true]]);
      assert.is(code, 0, err);
    });

  promise("a pin whose polarity nobody knows is not driven, and is named; the others open", async () => {
    writeFileSync(
      config,
      "connectors:\n  - { id: 1, contactor: { gpio: 6, activelow: true } }\n  - { id: 2, contactor: { gpio: 17 } }\n",
    );
    leftClosed(model, 17, false);
    const { code, opened } = await contactorOpen(config);
    assert.equal(
      opened.map(({ gpio, ok }) => [gpio, ok]),
      [
        [6, false],
        [17, true],
      ],
    );
    assert.match(opened[0]?.why ?? "", /does not say clearly whether the pin is active low/);
    assert.equal([model.takeLevels(6), model.takeLevels(17)], [[], [false]]);
    assert.is(code, 1);
  });

  test.after(() => {
    rmSync(folder, { recursive: true });
    done(held === declared ? 0 : 1);
  });
  test.run();
  return ended;
}
