// Whose a request is by the host that it names, where the desk or learners have hosts of their own.

export class Hosts {
  #desk;
  #hub;
  #learners;

  /**
   * @param {string} desk host name of the desk's own, or ""
   * @param {string} hub address of the Hub, https://host, where each learner has a host below its name; or ""
   */
  constructor(desk, hub) {
    this.#desk = desk;
    this.#hub = hub;
    this.#learners = hub ? `.${new URL(hub).hostname}` : null;
  }

  /** Whether all of the request's host is the desk's. */
  isDesks(req) {
    return this.#desk !== "" && hostOf(req) === this.#desk;
  }

  /**
   * Sends on whoever asks for a page of the Hub at a learner's host; returns whether it did.
   *
   * The Hub would answer at any host. Whoever signed in there would leave the Hub's cookie with that learner's server.
   */
  sendsOn(req, res) {
    if (this.#learners === null || !hostOf(req).endsWith(this.#learners) || !/^\/hub([/?]|$)/.test(req.url)) {
      return false;
    }
    if (req.method === "GET" || req.method === "HEAD") {
      res.writeHead(302, { Location: this.#hub + req.url, "Cache-Control": "no-store" });
      res.end();
    } else {
      res.writeHead(421, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" });
      res.end(`The Hub is at ${this.#hub}\n`);
    }
    return true;
  }
}

function hostOf(req) {
  return (req.headers.host ?? "").split(":", 1)[0].toLowerCase();
}
