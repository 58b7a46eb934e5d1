// The code of an error of Node's networking. What a TLS server says within the handshake comes as EPROTO, with OpenSSL's
// reason in the words alone; after the handshake the same reason is a code of its own.

/** Such as ECONNREFUSED or ERR_SSL_TLSV1_ALERT_UNKNOWN_CA; its words where there is none. */
export function errorCodeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  const reason = code === "EPROTO" ? /SSL routines:[^:]*:([^:]+):/.exec(error.message)?.[1] : undefined;
  // Whatever else is not TLS at all ("wrong version number") stays what it is.
  if (reason !== undefined && /alert|unsupported protocol|cipher/i.test(reason))
    return `ERR_SSL_${reason.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}`;
  return code ?? error.message;
}
