// Whoever is refused again and again waits at the door, before Hub and desk are asked: a bucket for each address.
//
// A request that is refused for want of an account (401, 403) takes one out. While none is left, that address cannot sign
// in, and what it asks of an API without any account is answered here. Whoever is signed in goes on, also behind the
// same address: a school has one for all.

import { neighbourhood } from "./proxy_addresses.mjs";

const SIGN_IN = /^\/(hub\/(login|oauth_login|oauth_callback)|services\/caseloop\/(login|oauth_callback))\/?$/;
const API = /^\/(hub|services\/caseloop)\/api(\/|$)/;
const MOST_ADDRESSES = 10_000;

export class Refusals {
  #burst;
  #perSecond;
  #now;
  #buckets = new Map();

  constructor(burst, perMinute, now = () => performance.now() / 1000) {
    this.#burst = burst;
    this.#perSecond = perMinute / 60;
    this.#now = now;
  }

  /** Lets a request through and watches how it ends; or answers it, and returns false. */
  admits(req, res, address, log) {
    const path = pathOf(req);
    const signsIn = SIGN_IN.test(path);
    if (!signsIn && !API.test(path)) {
      return true;
    }
    const bucket = this.#bucket(neighbourhood(address));
    const anonymous = req.headers.cookie === undefined && req.headers.authorization === undefined;
    if (bucket.left < 1 && (signsIn || anonymous)) {
      if (!bucket.told) {
        log.warn(`Too many refused requests from ${address}: it waits`);
        bucket.told = true;
      }
      turnAway(res, Math.ceil((1 - bucket.left) / this.#perSecond));
      return false;
    }
    res.on("finish", () => {
      if (res.statusCode === 401 || res.statusCode === 403) {
        const now = this.#bucket(neighbourhood(address));
        now.left = Math.max(0, now.left - 1);
      }
    });
    return true;
  }

  /** As full as it is by now. The one that was not looked at for longest is forgotten first, and is a full one then. */
  #bucket(key) {
    const now = this.#now();
    const bucket = this.#buckets.get(key) ?? { left: this.#burst, at: now, told: false };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MOST_ADDRESSES) {
      this.#buckets.delete(this.#buckets.keys().next().value);
    }
    bucket.left = Math.min(this.#burst, bucket.left + (now - bucket.at) * this.#perSecond);
    bucket.at = now;
    bucket.told &&= bucket.left < 1;
    return bucket;
  }
}

// As the desk reads it, which takes %61pi for api; the Hub takes it for nothing.
function pathOf(req) {
  const [path] = req.url.split("?", 1);
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function turnAway(res, seconds) {
  res.writeHead(429, {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "Retry-After": String(seconds),
  });
  res.end(`Too many refused requests come from your address. Try again in ${seconds} s.\n`);
}
