import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6, type Socket, SocketAddress } from 'node:net';

/** Tells who a request is counted against: an IPv4 address, or the first 64 bits of an IPv6 one; undefined when it is not known. */
export type AddressOf = (request: IncomingMessage) => string | undefined;

/** A peer: what it is counted as, and whether it is believed about who stands behind it. */
type Peer = { readonly address: string | undefined; readonly isProxy: boolean };

/**
 * X-Forwarded-For is believed only from the proxies that are named, and of it the last address that is not such a proxy's: what stands
 * before that is the sender's own word. `PV-SEC-065`
 * @param proxies addresses and networks as {@link isNetwork} has them.
 */
export function createAddressOf(proxies: readonly string[]): AddressOf {
  const trusted = new BlockList();
  for (const network of proxies) addNetwork(trusted, network);
  const peers = new WeakMap<Socket, Peer>();
  const isProxy = (address: string): boolean => trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  const peerOf = (socket: Socket): Peer => {
    const known = peers.get(socket);
    if (known) return known;
    const address = plain(socket.remoteAddress ?? '');
    const peer = { address: counted(address), isProxy: proxies.length > 0 && isProxy(address) };
    peers.set(socket, peer);
    return peer;
  };
  return ({ socket, headers }) => {
    const peer = peerOf(socket);
    const forwarded = peer.isProxy ? headers['x-forwarded-for'] : undefined;
    return peer.isProxy ? lastSender(`${forwarded ?? ''}`, isProxy) : peer.address;
  };
}

/** From the right: whom our own proxy saw. What has no grammar tells nothing, and what a proxy did not say is not known. */
function lastSender(forwarded: string, isProxy: (address: string) => boolean): string | undefined {
  let end = forwarded.length;
  while (end > 0) {
    const comma = forwarded.lastIndexOf(',', end - 1);
    const address = plain(withoutPort(forwarded.slice(comma + 1, end).trim()));
    if (isIP(address) === 0) return undefined;
    if (!isProxy(address)) return counted(address);
    end = comma;
  }
  return undefined;
}

/** Some proxies tell the port, too. */
function withoutPort(text: string): string {
  return /^\[([^\]]*)\](?::[0-9]+)?$/.exec(text)?.[1] ?? /^([0-9.]+):[0-9]+$/.exec(text)?.[1] ?? text;
}

const MAPPED = '::ffff:';

/** Without the zone of a link-local address; an IPv4 address in IPv6 clothes is an IPv4 address. RFC 4291 §2.5.5.2 */
function plain(address: string): string {
  const [bare = ''] = address.split('%', 1);
  const tail = bare.slice(MAPPED.length);
  return bare.toLowerCase().startsWith(MAPPED) && isIP(tail) === 4 ? tail : bare;
}

/** One subscriber has at least 64 bits of IPv6 addresses to itself. RFC 6177 */
function counted(address: string): string | undefined {
  const version = isIP(address);
  // A piece of the header would keep the whole of it in memory, for as long as the address is counted.
  if (version === 4) return address.split('.').map(Number).join('.');
  if (version !== 6) return undefined;
  const { address: short } = new SocketAddress({ address, family: 'ipv6' });
  const [head = '', tail] = short.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  return `${[...groups, ...Array<string>(missing).fill('0'), ...(tail ?? '').split(':')].slice(0, 4).join(':')}::/64`;
}

function addNetwork(list: BlockList, network: string): void {
  const [address = '', bits] = network.split('/');
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(bits), family);
}
