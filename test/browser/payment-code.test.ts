// The code of a payment page from the CSMS to a phone's eye: set over a real line, read from pictures of the display and
// of the bay's page, gone as soon as somebody pays.
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Csms, closeAll } from "../support/sync/csms.js";
import { ocppConfig } from "../support/sync/ocpp-bench.js";
import { PageBench } from "../support/web/page-bench.js";
import { codeInPicture } from "../support/web/read-code.js";
import { hasChromium, withChromium } from "./chromium.js";

const test = suite("the code of a payment page");
/** Where the pictures go, if anywhere. */
const pictures = process.env["CHARGETILL_PICTURES"];
const secondsTried = 10;

async function set(csms: Csms, name: string, attributeValue: string): Promise<void> {
  const component = { name: "WebPaymentsCtrlr", evse: { id: 1 } };
  const data = { component, variable: { name }, attributeValue };
  const answer = (await csms.client?.call("SetVariables", { setVariableData: [data] })) as {
    setVariableResult: { attributeStatus: string }[];
  };
  assert.is(answer.setVariableResult[0]?.attributeStatus, "Accepted", name);
}

if (hasChromium())
  test("is read from the display and the page, and is gone while somebody pays", async () => {
    const csms = await Csms.open(["ocpp2.1"]);
    const bench = await PageBench.open(
      () => ({}),
      (config) => ({ ...config, uplinks: [ocppConfig(csms.url, { versions: ["2.1"] })] }),
    );
    const { station } = bench;
    try {
      for (let tried = 0; csms.client === undefined && tried < 200 * secondsTried; tried += 1) {
        await station.clock.pass(10);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await set(csms, "URLTemplate", "https://pay.example.org/{chargingStationId}/{evse}/{totp}?v={version}");
      await set(csms, "SharedSecret", "0123456789-secret-of-the-csms-xy");
      await set(csms, "Enabled", "true");
      await station.plug(1);
      await bench.told();
      const code = station.services.paymentCode(1, station.clock.now());
      assert.match(code?.url ?? "", /^https:\/\/pay\.example\.org\/.+\/1\/[0-9A-Za-z]{12}\?v=v1/);
      await withChromium(async (browser) => {
        const page = await browser.newPage();
        const picture = async (name: string): Promise<Uint8Array> => {
          const path = pictures === undefined ? {} : { path: join(pictures, `${name}.png`) };
          return await page.screenshot(path as { path?: `${string}.png` });
        };
        await page.setViewport({ width: 800, height: 480 });
        await page.goto(`http://127.0.0.1:${bench.display}/display`);
        assert.is(await codeInPicture(browser, await picture("display")), code?.url, "from the display");
        assert.is(await page.evaluate("document.documentElement.scrollHeight"), 480);
        await page.setViewport({ width: 360, height: 740 });
        await page.goto(`http://station.test:${bench.port}/c/1?lang=en`);
        assert.is(await page.evaluate("document.documentElement.scrollWidth"), 360);
        assert.is(await page.$eval("a.pay", (link) => (link as unknown as { href: string }).href), code?.url);
        assert.is(await codeInPicture(browser, await picture("page")), code?.url, "from the page");
        await csms.client?.call("NotifyWebPaymentStarted", { evseId: 1, timeout: 60 });
        await bench.told();
        await page.setViewport({ width: 800, height: 480 });
        await page.goto(`http://127.0.0.1:${bench.display}/display`);
        assert.is(await codeInPicture(browser, await picture("display-paying")), undefined);
        assert.match(await page.$eval("main", (main) => main.textContent ?? ""), /[Ss]omebody is paying by phone/);
      });
    } finally {
      await bench.close();
      await closeAll();
    }
  });
else console.log("SKIPPED the code of a payment page: Debian's chromium is not installed");

test.run();
