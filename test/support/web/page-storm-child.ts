// The storm in a process of its own, so that whoever measures the station is not held up by it: target and storm as JSON
// in the first word, the result as JSON on stdout.
import { setPriority } from "node:os";
import { pageStorm, type Storm, type StormTarget } from "./page-storm.js";

/** The clients are on machines of their own: on this one they give way. */
const lowest = 19;

const { target, storm } = JSON.parse(process.argv[2] ?? "{}") as { target: StormTarget; storm: Storm };
setPriority(lowest);
const { statuses, leaks } = await pageStorm(target, storm);
process.stdout.write(JSON.stringify({ statuses: [...statuses], leaks }));
