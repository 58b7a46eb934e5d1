// chargetill page: the driver's page, a process of its own beside the station.
import { Command } from "commander";
import { complain, exampleText } from "./shared/command.js";

const defaultSocket = "/run/chargetill-page/page.sock";

/** `chargetill page`. */
export function pageCommand(): Command {
  return new Command("page")
    .description("serve the driver's page; systemd starts this where the config has `page:`")
    .option("--socket <path>", "where the station speaks to the page: page.socket of its config", defaultSocket)
    .option("--console", "draw the display on this terminal, in place of serving the page")
    .addHelpText("after", exampleText("page --socket /run/chargetill-page/page.sock"))
    .action(async ({ socket, console: onConsole }: { socket: string; console?: true }) => {
      if (onConsole === true) {
        const { drawDisplay } = await import("../web/display/console-display.js");
        const drawn = drawDisplay(socket, process.stdout);
        for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => drawn.close());
        return await drawn.ended;
      }
      const { servePage } = await import("../web/serve-page.js");
      const served = servePage(socket, complain);
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void served.close());
      await served.ended;
      await served.close();
    });
}
