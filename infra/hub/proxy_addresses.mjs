// Who asks: whoever connects, or whom a proxy tells of that the operator has named.
//
// Anybody can write X-Forwarded-For and X-Real-IP. So the row of addresses is read from its end, and no further than
// those who wrote it are trusted; what comes out replaces X-Real-IP, which the Hub and learners' servers believe.

import net from "node:net";

/**
 * Tells whether an address is one of those that were named.
 *
 * @param {string} named addresses and networks (10.1.2.0/24), separated by commas
 * @returns {(address: string) => boolean}
 */
export function among(named) {
  const list = new net.BlockList();
  for (const one of named.split(",").map((part) => part.trim()).filter(Boolean)) {
    const [address, bits] = one.split("/");
    if (bits === undefined) {
      list.addAddress(address, family(address));
    } else {
      list.addSubnet(address, Number(bits), family(address));
    }
  }
  return (address) => net.isIP(address) !== 0 && list.check(address, family(address));
}

/** The address of whoever sent a request. */
export function sender(req, trusted) {
  const told = (req.headers["x-forwarded-for"] ?? "").split(",").map((part) => plain(part.trim()));
  let address = plain(req.socket.remoteAddress ?? "");
  while (trusted(address) && net.isIP(told.at(-1) ?? "") !== 0) {
    address = told.pop();
  }
  return address;
}

/** What belongs together: one IPv4 address, or the network of an IPv6 one, since a household has all of its addresses. */
export function neighbourhood(address) {
  if (!net.isIPv6(address)) {
    return address;
  }
  const [before, after] = address.split("::");
  const first = before === "" ? [] : before.split(":");
  const missing = after === undefined ? 0 : 8 - first.length - after.split(":").filter(Boolean).length;
  return [...first, ...Array(Math.max(missing, 0)).fill("0"), ...(after ?? "").split(":").filter(Boolean)].slice(0, 4).join(":");
}

function family(address) {
  return net.isIPv6(address) ? "ipv6" : "ipv4";
}

// A listener for both families writes IPv4 addresses so.
function plain(address) {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}
