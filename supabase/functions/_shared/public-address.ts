import { isIP } from "node:net";

/**
 * The addresses of IPv4 that are not on the public Internet, as first address and length of the prefix.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const SPECIAL_IPV4: readonly [string, number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  // link-local; clouds answer with credentials at 169.254.169.254
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/**
 * What of 2000::/3, the part of IPv6 that is assigned for the Internet, is special: protocol assignments with Teredo,
 * documentation, and 6to4, which carries an address of IPv4.
 *
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const SPECIAL_IPV6: readonly [string, number][] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

/**
 * Whether an IP address is one of the public Internet. False for loopback, private, link-local, unique local, multicast and
 * reserved addresses, for addresses of IPv4 in one of IPv6 that are so, and for what is not an address.
 */
export function isPublicAddress(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, "");
  switch (isIP(plain)) {
    case 4:
      return !SPECIAL_IPV4.some(([first, bits]) => isWithin(ipv4Bytes(plain), ipv4Bytes(first), bits));
    case 6:
      return isPublicIpv6(plain);
    default:
      return false;
  }
}

function isPublicIpv6(address: string): boolean {
  const bytes = ipv6Bytes(address);
  if (isWithin(bytes, ipv6Bytes("::ffff:0:0"), 96)) return isPublicAddress(bytes.slice(12).join("."));
  return isWithin(bytes, ipv6Bytes("2000::"), 3) &&
    !SPECIAL_IPV6.some(([first, bits]) => isWithin(bytes, ipv6Bytes(first), bits));
}

function isWithin(bytes: readonly number[], first: readonly number[], bits: number): boolean {
  return bytes.every((byte, at) => {
    const mask = 0xff & (0xff00 >> Math.min(Math.max(bits - at * 8, 0), 8));
    return (byte & mask) === ((first[at] ?? 0) & mask);
  });
}

const ipv4Bytes = (address: string): number[] => address.split(".").map(Number);

/** The sixteen bytes of an address that `isIP` has accepted. A zone is not a part of it. */
function ipv6Bytes(address: string): number[] {
  const [plain = ""] = address.split("%");
  const hex = plain.replace(/(\d+\.\d+\.\d+\.\d+)$/, (ipv4) => {
    const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(ipv4);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [left = "", right] = hex.split("::");
  const groupsOf = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => parseInt(group, 16));
  const before = groupsOf(left);
  const after = right === undefined ? [] : groupsOf(right);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}
