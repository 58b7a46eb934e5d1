// An agent that holds a contactor closed by the character device, until somebody kills it.

import { GpioContactor } from "../../../../drivers/gpio/gpio-contactor.js";
import { ChipPort } from "../../../../drivers/gpio/port/chip-port.js";

const contactor = new GpioContactor(new ChipPort(), { gpio: 41, activeLow: false });
contactor.set(true);
process.send?.("closed");
process.on("disconnect", () => process.exit(0));
