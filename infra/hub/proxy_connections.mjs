// Loaded into the Hub's proxy: `node --import proxy_connections.mjs …/bin/configurable-http-proxy …`.
//
// The proxy reads a client certificate once, and knows its targets by fixed ports, or by sockets without TLS. Here it
// calls https://dashboard.caseloop.internal with the certificate that lies in its file at that moment, at the desk's
// socket or at the port that it has written down, and believes nobody but the holder of that very name's certificate.
//
// To unix sockets it would open a connection for each request, which the other end closes as soon as it has answered:
// now and then before Node has written the request's last, empty piece. On a unix socket that is a broken pipe, and a
// learner whose notebook has just been saved reads "503 Service Unavailable". Here such connections are kept open.
//
// Where desk or learners have hosts of their own, it keeps them apart (proxy_hosts.mjs).
//
// It also says who asks, which Hub and learners' servers believe (proxy_addresses.mjs), has those wait who are refused again
// and again (proxy_refusals.mjs), and writes its log as the services write theirs (proxy_logs.mjs).
//
// And while the Hub, which makes pages for what goes wrong, is away itself, people get a page that tries again.

import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { among, sender } from "./proxy_addresses.mjs";
import { Hosts } from "./proxy_hosts.mjs";
import { writeJson } from "./proxy_logs.mjs";
import { Refusals } from "./proxy_refusals.mjs";

const NAME = "dashboard.caseloop.internal";
// Well below the listener's own 75 s, so that an idle connection is never used just as the other end closes it.
const IDLE_MS = 20_000;
const WAITING = new URL("waiting.html", import.meta.url);

const leaf = needed("CASELOOP_PROXY_LEAF");
const bundle = needed("CASELOOP_PROXY_AUTHORITY");
const deskSocket = process.env.CASELOOP_DASHBOARD_SOCKET ?? "";
const portFile = deskSocket || needed("CASELOOP_DASHBOARD_PORT_FILE");

const program = fs.realpathSync(process.argv[1]);
const library = path.join(path.dirname(program), "..", "lib", "configproxy.js");
if (process.env.CASELOOP_PROXY_LOGS === "json") {
  writeJson(library);
}
const { default: ConfigurableProxy } = await import(pathToFileURL(library));
const original = ConfigurableProxy.prototype.proxyOptsForTarget;
if (typeof original !== "function") {
  throw new Error(`${library} has no proxyOptsForTarget: this version of the proxy is not the one of web/package-lock.json`);
}

// Servers of learners and the Hub keep an idle connection for an hour; the proxy lets go of it first.
const sockets = new http.Agent({ keepAlive: true, timeout: IDLE_MS });
let agent = null;
let loaded = "";

ConfigurableProxy.prototype.proxyOptsForTarget = function (target) {
  if (target.hostname !== NAME) {
    const options = original.call(this, target);
    return options.target.socketPath ? { ...options, agent: sockets } : options;
  }
  const to = new URL(target.href);
  to.hostname = "127.0.0.1";
  if (deskSocket) {
    to.socketPath = deskSocket;
  } else {
    to.port = port();
  }
  return { target: to, secure: true, agent: current() };
};

const { targetForReq } = ConfigurableProxy.prototype;
if (typeof targetForReq !== "function") {
  throw new Error(`${library} has no targetForReq: this version of the proxy is not the one of web/package-lock.json`);
}
const hosts = new Hosts(process.env.CASELOOP_PROXY_DESK_HOST ?? "", process.env.CASELOOP_PROXY_HUB_ADDRESS ?? "");

ConfigurableProxy.prototype.targetForReq = async function (req) {
  return hosts.isDesks(req) ? { prefix: "/", target: `https://${NAME}` } : targetForReq.call(this, req);
};

// Without a named proxy everybody may come from the address of one that is not: then nobody is counted.
const named = process.env.CASELOOP_PROXY_TRUSTED ?? "";
const trusted = among(named);
const refusals = named
  ? new Refusals(Number(needed("CASELOOP_PROXY_REFUSALS_BURST")), Number(needed("CASELOOP_PROXY_REFUSALS_PER_MINUTE")))
  : null;

const { handleProxyWeb, handleProxyWs } = ConfigurableProxy.prototype;
if (typeof handleProxyWeb !== "function" || typeof handleProxyWs !== "function") {
  throw new Error(`${library} has no handleProxyWeb or …Ws: this version of the proxy is not the one of web/package-lock.json`);
}

ConfigurableProxy.prototype.handleProxyWeb = function (req, res) {
  const address = sender(req, trusted);
  req.headers["x-real-ip"] = address;
  if (hosts.sendsOn(req, res) || refusals?.admits(req, res, address, this.log) === false) {
    return undefined;
  }
  return handleProxyWeb.call(this, req, res);
};

ConfigurableProxy.prototype.handleProxyWs = function (req, socket, head) {
  req.headers["x-real-ip"] = sender(req, trusted);
  return handleProxyWs.call(this, req, socket, head);
};

// One that was killed leaves its socket where it was, and nobody could listen there.
for (const option of ["--api-socket", "--metrics-socket"]) {
  const place = process.argv.indexOf(option);
  if (place > 0) {
    fs.rmSync(process.argv[place + 1], { force: true });
  }
}

const plain = ConfigurableProxy.prototype._handleProxyErrorDefault;
if (typeof plain !== "function") {
  throw new Error(`${library} has no _handleProxyErrorDefault: this version of the proxy is not the one of web/package-lock.json`);
}

ConfigurableProxy.prototype._handleProxyErrorDefault = function (code, kind, req, res) {
  const wantsPage = kind === "web" && req.method === "GET" && (req.headers.accept ?? "").includes("text/html");
  if (!wantsPage || res.headersSent || res.writableEnded) {
    return plain.call(this, code, kind, req, res);
  }
  res.writeHead(503, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
    "Retry-After": "3",
  });
  res.end(fs.readFileSync(WAITING));
};

/** The agent whose new connections show the newest certificate; open ones of the agent before end by themselves. */
function current() {
  const { mtimeMs, ino } = fs.statSync(leaf);
  const seen = `${mtimeMs} ${ino}`;
  if (seen !== loaded) {
    const pair = fs.readFileSync(leaf);
    agent = new https.Agent({
      key: pair,
      cert: pair,
      ca: fs.readFileSync(bundle),
      servername: NAME,
      minVersion: "TLSv1.3",
      keepAlive: true,
      timeout: IDLE_MS,
      maxCachedSessions: 0,
    });
    loaded = seen;
  }
  return agent;
}

function port() {
  try {
    return fs.readFileSync(portFile, "utf8").trim();
  } catch {
    // nothing listens there: the proxy answers 503, as for any service that is away
    return "1";
  }
}

function needed(name) {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set: the Hub's configuration gives it to its proxy`);
  }
  return value;
}
