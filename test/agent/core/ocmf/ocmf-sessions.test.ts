// Records of forty varied sessions keep the form that every release of the transparency software takes: one line of
// ASCII, format version 1.0, all fields of each reading, a user that is named and no UID.

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { issueReceipt, openChain } from "../../../../agent/core/receipt/receipt.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { anySale, soldBy } from "../../../support/sale/random-sale.js";
import { occasion, signer } from "../../../support/sample-receipt.js";

const test = suite("OCMF of varied sessions");
const seed = Number(process.env["CHARGETILL_SEED"] ?? 40);
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);

const text = '"(?:[^"\\\\]|\\\\.)*"';
const user =
  '"IS":true,"IL":"HEARSAY","IF":\\[(?:"RFID_PLAIN")?\\],"IT":"(?:LOCAL|CENTRAL)","ID":"[0-9a-f]{24}-[^"]{1,4}"';
const time = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d,\\d{3}[+-]\\d{4} [USIR]";
const reading =
  `\\{"TM":"${time}","TX":"[BTELRAP]","RV":\\d+\\.\\d{3,5},"RI":"1-0:1\\.8\\.0","RU":"kWh","RT":"[AD]C",` +
  '"EF":"","ST":"G"\\}';
const form = new RegExp(
  `^OCMF\\|\\{"FV":"1\\.0","GI":"chargetill","GS":${text},"GV":${text},"PG":"T\\d+","MV":${text},"MM":${text},"MS":${text},` +
    `(?:"MF":${text},)?${user},"TT":${text},"CF":${text},"CT":"EVSEID","CI":${text},"URN":\\d+,"USI":${text},"UTI":${text},` +
    `"UTD":${text},"RD":\\[${reading}(?:,${reading}){1,7}\\]\\}\\|` +
    '\\{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SM":"application/x-der","SD":"[0-9a-f]+"\\}$',
);

test("each is one line of the same form, at most 1850 bytes, and holds no UID", () => {
  fc.assert(
    fc.property(anySale, (story) => {
      const sold = { ...soldBy(story), receiptNumber: 2, pagination: 1 };
      const { chain } = openChain({ ...occasion, station: sold.station }, signer, sha256);
      const { ocmf } = issueReceipt(sold, chain, signer, sha256);
      assert.match(ocmf, form);
      assert.match(ocmf, /^[\x20-\x7e]+$/);
      assert.ok(ocmf.length <= 1850);
      assert.not.match(ocmf, sold.token.uid);
      assert.not.match(ocmf, sold.token.contractId);
    }),
    { seed, numRuns: 40 * times },
  );
});

test.run();
