// What a CSMS asks about logs, and about firmware: logs go to hosts of the config (2.x: N01; 1.6: GetDiagnostics and
// GetLog), and firmware is refused in the standard's words, since updates come by the operator's own packages.
import { z } from "zod";
import { type LogOrder, type LogSpan, mostUploadRetries } from "../requests/log-upload.js";
import type { RequestContext } from "../requests/request-context.js";
import {
  countSchema,
  instantSchema,
  readRequest,
  statusInfoOf,
  textSchema,
  wholeNumberSchema,
} from "../requests/request-schemas.js";
import { CallError } from "../rpc/frame.js";
import { type Handlers, Reply } from "../rpc/rpc.js";

const longestLocation = 2_000;
const longestRetryS = 3_600;
const usualRetryS = 60;
const again = { retries: countSchema.optional(), retryInterval: countSchema.optional() };
const logAsked = z.object({
  logType: z.enum(["DiagnosticsLog", "SecurityLog", "DataCollectorLog"]),
  requestId: wholeNumberSchema,
  ...again,
  log: z.object({
    remoteLocation: textSchema(longestLocation),
    oldestTimestamp: instantSchema.optional(),
    latestTimestamp: instantSchema.optional(),
  }),
});
const diagnosticsAsked = z.object({
  location: textSchema(longestLocation),
  ...again,
  startTime: instantSchema.optional(),
  stopTime: instantSchema.optional(),
});

export function logAnswers(context: RequestContext): Handlers {
  const { link, logs } = context;
  const is16 = link.dialect === "ocpp1.6";
  return {
    GetLog: (payload) => {
      const { logType, requestId, log, ...asked } = readRequest(logAsked, payload);
      const refused = (why: string): object =>
        is16 ? { status: "Rejected" } : { status: "Rejected", ...statusInfoOf("UnsupportedParam", why) };
      if (logType === "DataCollectorLog") return refused("this station collects no data");
      const place = placeOf(context, log.remoteLocation, logType);
      if ("why" in place) return refused(place.why);
      const order: LogOrder = {
        ...place,
        ...retriesOf(asked),
        kind: logType,
        span: spanOf(log.oldestTimestamp, log.latestTimestamp),
        message: "LogStatusNotification",
        requestId,
      };
      const status = logs.isBusy ? "AcceptedCanceled" : "Accepted";
      return new Reply({ status, filename: place.fileName }, () => logs.begin(order, link));
    },
    ...(is16 ? diagnostics16(context) : {}),
  };
}

function diagnostics16(context: RequestContext): Handlers {
  const { link, logs } = context;
  return {
    GetDiagnostics: (payload) => {
      const { location, startTime, stopTime, ...asked } = readRequest(diagnosticsAsked, payload);
      const place = placeOf(context, location, "DiagnosticsLog");
      // Without a name there is nothing to be had (1.6, 5.9).
      if ("why" in place) return {};
      const order: LogOrder = {
        ...place,
        ...retriesOf(asked),
        kind: "DiagnosticsLog",
        span: spanOf(startTime, stopTime),
        message: "DiagnosticsStatusNotification",
      };
      return new Reply({ fileName: place.fileName }, () => logs.begin(order, link));
    },
  };
}

type UploadPlace = Pick<LogOrder, "url" | "fileName"> | { readonly why: string };

/** A folder gets a file in it; any other address is the file itself. */
function placeOf({ logs, config, now, note }: RequestContext, location: string, kind: LogOrder["kind"]): UploadPlace {
  const refused = (why: string): UploadPlace => {
    note(`the backend asks for a log, which it does not get: ${why}`);
    return { why };
  };
  if (!URL.canParse(location)) return refused("the location is not an address");
  const url = new URL(location);
  const why = logs.whyNotTo(url);
  if (why !== undefined) return refused(why);
  const moment = new Date(now()).toISOString().replaceAll(":", "-").slice(0, 19);
  const fileName = `${config.station.id.replace(/[^A-Za-z0-9_-]/g, "_")}-${kind}-${moment}.txt`;
  if (url.pathname.endsWith("/")) url.pathname += fileName;
  return { url, fileName: url.pathname.split("/").at(-1)?.slice(0, 255) ?? fileName };
}

const spanOf = (sinceMs: number | undefined, untilMs: number | undefined): LogSpan => ({
  ...(sinceMs === undefined ? {} : { sinceMs }),
  ...(untilMs === undefined ? {} : { untilMs }),
});

const retriesOf = ({
  retries = 0,
  retryInterval = usualRetryS,
}: {
  readonly retries?: number | undefined;
  readonly retryInterval?: number | undefined;
}): Pick<LogOrder, "retries" | "retryMs"> => ({
  retries: Math.min(retries, mostUploadRetries),
  retryMs: Math.min(retryInterval, longestRetryS) * 1000,
});

const byPackages = "updates of this station come by its operator's packages";

/** 2.x and the security paper have a status for it, UpdateFirmware of 1.6 has not. */
export const firmwareAnswers: Handlers = {
  UpdateFirmware: () => ({ status: "Rejected", ...statusInfoOf("UnsupportedRequest", byPackages) }),
};

export const firmwareAnswers16: Handlers = {
  SignedUpdateFirmware: () => ({ status: "Rejected" }),
  UpdateFirmware: () => {
    throw new CallError("NotSupported", byPackages);
  },
};
