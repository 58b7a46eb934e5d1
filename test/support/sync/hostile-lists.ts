// Lists that cost far more to read than to send, as a backend of OCPI could give them: a few kilobytes each, packed.

const envelope = (data: string): string => `{"status_code":1000,"timestamp":"2026-11-24T12:00:00Z","data":${data}}`;
const many = (text: string, times: number): string => `[${`${text},`.repeat(times - 1)}${text}]`;
const row =
  '"country_code":"NL","party_id":"EMP","uid":"04A1","type":"RFID","contract_id":"C","valid":true,"whitelist":"ALWAYS"';
const fields = (from: number, count: number): string =>
  Array.from({ length: count }, (_, index) => `"f${(from + index).toString(36)}":0`).join(",");

/** By what they are; a text is made where it is asked for. */
export const hostileLists: ReadonlyMap<string, () => string> = new Map(
  Object.entries({
    "8 MiB of nested lists": () => "[".repeat(8 * 1024 * 1024),
    "nested lists that end": () => envelope(`${"[".repeat(100_000)}${"]".repeat(100_000)}`),
    "nested objects": () => envelope(`[${'{"a":'.repeat(100_000)}0${"}".repeat(100_000)}]`),
    "2.8 million empty objects": () => envelope(many("{}", 2_800_000)),
    "as many empty objects as a page may hold": () => envelope(many("{}", 49_900)),
    "tokens that are nothing but a name": () => envelope(many('{"uid":"A"}', 49_900)),
    "a million empty objects": () => envelope(many("{}", 1_000_000)),
    "4 million numbers": () => envelope(many("1", 4_000_000)),
    "a string of 7 million characters": () => envelope(many(`{${row},"x":"${"x".repeat(7_000_000)}"}`, 1)),
    "ids of a million characters": () =>
      envelope(many(`{${row.replace("04A1", "A".repeat(1_000_000)).replace('"C"', `"${"C".repeat(1_000_000)}"`)}}`, 1)),
    "a row of ninety thousand fields": () => envelope(`[{${fields(0, 90_000)}}]`),
    "a name of a million characters": () => envelope(`[{"${"n".repeat(1_000_000)}":1,"id":"T"}]`),
    "rows of which each has fields of its own": () =>
      envelope(`[${Array.from({ length: 900 }, (_, index) => `{${fields(index * 99, 99)}}`).join(",")}]`),
    "a tariff of forty-five thousand elements": () =>
      envelope(`[{"id":"T","currency":"EUR","elements":${many("{}", 45_000)}}]`),
    "a tariff of elements with fields of their own": () =>
      envelope(
        `[{"id":"T","currency":"EUR","elements":[${Array.from({ length: 900 }, (_, at) => `{${fields(at * 90, 90)}}`).join(",")}]}]`,
      ),
    "names that are traps": () =>
      envelope(
        `[{"__proto__":{"uid":"X"},"constructor":{"prototype":{"valid":true}},"toString":1,"hasOwnProperty":1}]`,
      ),
    "half a character, over and over": () => envelope(many('"\\ud800\\u202e\\u001b[2J"', 99_000)),
    "a page of blanks": () => `${" ".repeat(4_000_000)}${envelope("[]")}`,
  }),
);
