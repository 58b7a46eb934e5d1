// How OCPP names a socket (2.0.1 part 2, ConnectorEnumType), from OCPI's name for it in the config.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectorType } from "../../../../../agent/sync/ocpp/requests/request-context.js";
import type { ConnectorConfig } from "../../../../../config/schema.js";

const test = suite("the type of a connector in OCPP");

for (const [standard, format, type] of [
  ["IEC_60309_2_single_16", "SOCKET", "s309-1P-16A"],
  ["IEC_60309_2_three_16", "SOCKET", "s309-3P-16A"],
  ["IEC_60309_2_three_32", "SOCKET", "s309-3P-32A"],
  ["IEC_60309_2_three_64", "SOCKET", "Other3Ph"],
  ["DOMESTIC_E", "SOCKET", "sCEE-7-7"],
  ["DOMESTIC_F", "SOCKET", "sCEE-7-7"],
  ["DOMESTIC_G", "SOCKET", "sBS1361"],
  ["DOMESTIC_J", "SOCKET", "Other1PhMax16A"],
  ["IEC_62196_T2", "SOCKET", "sType2"],
  ["IEC_62196_T2", "CABLE", "cType2"],
] as const)
  test(`${standard} as ${format} is ${type}`, () =>
    assert.is(connectorType({ standard, format } as ConnectorConfig), type));

test.run();
