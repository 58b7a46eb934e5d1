// What the demo sells by a build: every receipt's signed payload and CDR, without what the freshly made key puts in.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withoutFields } from "./difference.js";
import type { StagedBuild } from "./staged-build.js";

/** What depends on the key: it is made anew in each folder. */
const ofTheKey = new Set(["chain", "key", "short", "public_key", "signed_data"]);

/** Plays the demo's scenario and reads what was sold: by number, the payload and the CDR of each receipt. */
export async function demoSales(build: StagedBuild, seed: number): Promise<Readonly<Record<string, unknown>>> {
  const state = join(build.folder, `demo-${seed}`);
  await build.printed(["demo", "--once", "--seed", String(seed), "--json", "--data", state]);
  const folder = join(state, "receipts");
  const sales: Record<string, unknown> = {};
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
    const payload = payloadOf(readFileSync(join(folder, name), "utf8"));
    const number = String(payload["number"]);
    const cdr = await build.printed(["receipts", "export", number, "--format", "ocpi-cdr", "--data", state]);
    const { sale } = payload;
    sales[`receipt ${number}`] = withoutFields(
      {
        payload: typeof sale === "object" ? { ...payload, sale: withUnsignedOcmf(sale) } : payload,
        cdr: JSON.parse(cdr) as unknown,
      },
      ofTheKey,
    );
  }
  return sales;
}

function payloadOf(file: string): Readonly<Record<string, unknown>> {
  const { jws } = JSON.parse(file) as { jws: string };
  return JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString("utf8")) as Record<string, unknown>;
}

/** An OCMF record is `OCMF|values|signature`: the values are compared. */
function withUnsignedOcmf(sale: object | null): object {
  const { ocmf } = sale as { ocmf?: unknown };
  return { ...sale, ...(typeof ocmf === "string" ? { ocmf: ocmf.split("|").slice(0, 2).join("|") } : {}) };
}
