// An agent as the opener knows it: keeps its list by the real link, and closes a contactor, which here is a plain file.
//   node opener-child.js FOLDER DIRECTION    then, by messages: "close", "open", "block"
import { writeFileSync } from "node:fs";
import { SystemClock } from "../../../../drivers/clock.js";
import { OpenerLink } from "../../../../drivers/gpio/port/opener-link.js";

const [, , folder = "", direction = ""] = process.argv;
const link = OpenerLink.open(await SystemClock.open(), folder);
if (link === undefined) throw new Error("no link");
const watch = link.contactor({ kind: "sysfs", number: 529, high: false });
process.on("disconnect", () => process.exit(0));
process.on("message", (word) => {
  if (word === "close") {
    watch.closing();
    writeFileSync(direction, "high\n");
  } else if (word === "open") {
    writeFileSync(direction, "low\n");
    watch.opened();
  }
  process.send?.(word, () => {
    while (word === "block");
  });
});
process.send?.("ready");
