// The address of a payment code: the template of the backend, filled in; what would lead astray is refused.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { paymentAddress, templateFault } from "../../../../agent/core/web-payment/payment-address.js";

const test = suite("address of a payment code");
const values = { chargingStationId: "till 1/ä", evse: 2, roamingEvseId: "DE*CTL*E0001*2", password: "CN63y502maVh" };

const filled: readonly (readonly [template: string, address: string, more?: object])[] = [
  ["https://qr.example/{totp}/{version}/{chargingStationId}/", "https://qr.example/CN63y502maVh/v1/till%201%2F%C3%A4/"],
  ["https://qr.example/{EVSE}/{TOTP}?v={version}", "https://qr.example/2/CN63y502maVh?v=v1"],
  ["https://qr.example/{evseId}?t={totp}&e={roamingEvseId}", "https://qr.example/2?t=CN63y502maVh&e=DE*CTL*E0001*2"],
  [
    "https://qr.example/{totp}",
    "https://qr.example/CN63y502maVh?maxenergy=80000&maxcost=50.00",
    { maxEnergyWh: 80_000, maxCost: "50.00" },
  ],
  ["https://qr.example/{totp}?a=1#x", "https://qr.example/CN63y502maVh?a=1&maxtime=3600#x", { maxTimeS: 3_600 }],
  [
    "https://qr.example/{totp}/{maxTime}",
    "https://qr.example/CN63y502maVh/3600?maxcost=9",
    { maxTimeS: 3_600, maxCost: "9" },
  ],
];
for (const [template, address, more = {}] of filled)
  test(`${template} is filled in`, () => {
    assert.is(templateFault(template), undefined);
    assert.is(paymentAddress(template, { ...values, ...more }), address);
  });

const refused: readonly (readonly [template: string, why: RegExp])[] = [
  ["https://qr.example/{evse}", /\{totp\} is missing/],
  ["https://qr.example/{totp}/{secret}", /no variable \{secret\}/],
  ["http://qr.example/{totp}", /https/],
  ["https://{evse}.example/{totp}", /https/],
  ["https://user:pass@qr.example/{totp}", /https/],
  ["javascript:alert({totp})", /https/],
  ["https://qr.example/{totp", /brace/],
  ["https://qr.example/{totp}/ x", /printable/],
  ["https://qr.example/{totp}\u001b[2J", /printable/],
  [`https://qr.example/{totp}/${"x".repeat(400)}`, /more than 400/],
  ["", /printable/],
];
for (const [template, why] of refused)
  test(`${JSON.stringify(template.slice(0, 40))} is refused`, () => assert.match(templateFault(template) ?? "", why));

test.run();
