// The door to the driver's page: nothing behind it is loaded where the config has none.
import type { DriverPage, DriverPageParts } from "./driver-page.js";

/** Opens the station's part in the page; undefined where the config has no page. */
export async function loadDriverPage(parts: DriverPageParts): Promise<DriverPage | undefined> {
  return parts.config.page === undefined ? undefined : (await import("./driver-page.js")).DriverPage.open(parts);
}
