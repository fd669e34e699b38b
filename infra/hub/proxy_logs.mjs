// Has the Hub's proxy write one JSON object a line, with the keys that the services use.

import { createRequire } from "node:module";

/** @param {string} library the proxy's own module, which finds the same logger */
export function writeJson(library) {
  const winston = createRequire(library)("winston");
  const { createLogger, format } = winston;
  const line = format.printf(({ level, message, timestamp }) =>
    JSON.stringify({ logger: "ConfigProxy", level, timestamp, event: String(message) }),
  );
  winston.createLogger = (options) =>
    createLogger({ ...options, format: format.combine(format.splat(), format.timestamp(), line) });
}
