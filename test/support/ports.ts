/**
 * Ports for servers of tests lie above those a kernel hands out by itself (Linux: 32768 to 60999), so that no connection
 * of anybody takes one between the moment it was found free and the moment its server binds it, nor while that server
 * is down to be started again.
 */
const FIRST = 61_000;
const LAST = 65_534;
/** A SIP telephone takes the port after its own as well, for TLS. */
const STEP = 2;

let next = FIRST + STEP * Math.floor((Math.random() * (LAST - FIRST)) / STEP);

/** A port of loopback that is free for UDP and TCP alike, like the one after it; another one at each call. */
export const freePort = async (): Promise<number> => {
  for (let tried = FIRST; tried <= LAST; tried += STEP) {
    const port = next;
    next = next + STEP > LAST ? FIRST : next + STEP;
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
  throw new Error(`no port between ${FIRST} and ${LAST} is free`);
};

const isFree = async (port: number): Promise<boolean> => {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
    (await Bun.udpSocket({ hostname: "127.0.0.1", port, socket: {} })).close();
    return true;
  } catch {
    return false;
  }
};
