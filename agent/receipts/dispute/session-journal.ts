// The journal's lines about one session, verbatim: what happened at its connector from the plug to the receipt, and the
// faults meanwhile.
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Disk } from "../../ledger/store/disk.js";

type Line = {
  readonly text: string;
  readonly event: { readonly type?: string; readonly connector?: number; readonly opening?: { readonly id?: string } };
};

/** A segment that was packed never unfolds to more than this. */
const largestSegment = 64 * 1024 * 1024;

/**
 * All lines that are kept, archived ones first, in the order of their writing. Lines that are no JSON are left to the
 * journal's own proof.
 */
function* linesOf(disk: Disk, folder: string): Generator<Line> {
  const closed = disk
    .list(join(folder, "closed"))
    .filter((name) => name.endsWith(".gz"))
    .map((name) => join(folder, "closed", name));
  const open = disk
    .list(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => join(folder, name));
  for (const path of [...closed, ...open]) {
    const bytes = disk.read(path);
    if (bytes === undefined) continue;
    const text = (path.endsWith(".gz") ? gunzipSync(bytes, { maxOutputLength: largestSegment }) : bytes).toString(
      "utf8",
    );
    for (const line of text.split("\n")) {
      const start = line.indexOf("{");
      if (start < 0) continue;
      try {
        const entry = JSON.parse(line.slice(start)) as { event?: Line["event"] };
        if (entry.event !== undefined) yield { text: line, event: entry.event };
      } catch {}
    }
  }
}

/** The lines about the session of that id; none where the journal no longer holds it. */
export function journalOfSession(disk: Disk, folder: string, sessionId: string): string[] {
  // Since the connector was last free: what led to the session belongs to it.
  const before = new Map<number, string[]>();
  let connector: number | undefined;
  const lines: string[] = [];
  for (const { text, event } of linesOf(disk, folder)) {
    if (connector === undefined) {
      if (event.connector === undefined) continue;
      const kept =
        event.type === "PlugChanged" || event.type === "SessionSettled" ? [] : (before.get(event.connector) ?? []);
      before.set(event.connector, [...kept, text].slice(-20));
      if (event.type !== "SessionBegan" || event.opening?.id !== sessionId) continue;
      connector = event.connector;
      lines.push(...(before.get(connector) ?? []));
      continue;
    }
    if (event.connector === connector || /^(?:Fault|Started)/.test(event.type ?? "")) lines.push(text);
    if (event.connector === connector && event.type === "SessionSettled") return lines;
  }
  return lines;
}
