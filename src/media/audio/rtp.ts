/** Bytes of an RTP header without CSRC list and extension. */
export const RTP_HEADER_BYTES = 12;

/** Fields of one RTP packet; one object is kept and filled again for each packet. */
export class RtpHeader {
  payloadType = 0;
  marker = false;
  seq = 0;
  timestamp = 0;
  ssrc = 0;
  /** First byte of the payload in the packet. */
  payloadOff = 0;
  /** Bytes of payload without padding; may be 0. */
  payloadLen = 0;
}

/**
 * Reads an RTP packet (RFC 3550 §5.1), stepping over CSRC list, extension and padding. Never throws.
 * @param length bytes of `buf` that hold the packet
 * @returns false if it is no whole RTP version 2 packet; `into` is then half written
 */
export function parseRtp(buf: Uint8Array, length: number, into: RtpHeader): boolean {
  if (length < RTP_HEADER_BYTES || length > buf.length) return false;
  const first = buf[0]!;
  if (first >> 6 !== 2) return false;
  const second = buf[1]!;
  into.marker = second >= 128;
  into.payloadType = second & 0x7f;
  into.seq = (buf[2]! << 8) | buf[3]!;
  into.timestamp = ((buf[4]! << 24) | (buf[5]! << 16) | (buf[6]! << 8) | buf[7]!) >>> 0;
  into.ssrc = ((buf[8]! << 24) | (buf[9]! << 16) | (buf[10]! << 8) | buf[11]!) >>> 0;

  let start = RTP_HEADER_BYTES + (first & 0x0f) * 4;
  if (first & 0x10) {
    if (start + 4 > length) return false;
    start += 4 + ((buf[start + 2]! << 8) | buf[start + 3]!) * 4;
  }
  if (start > length) return false;
  let end = length;
  if (first & 0x20) {
    // The last byte counts the padding, itself included: 0 or more than there is means a broken packet.
    const padding = buf[length - 1]!;
    if (padding === 0 || start + padding > length) return false;
    end -= padding;
  }
  into.payloadOff = start;
  into.payloadLen = end - start;
  return true;
}

/** Writes the 12 bytes of a plain header (RFC 3550 §5.1) at the start of `buf`; numbers are cut to their width. */
export function writeRtpHeader(
  buf: Uint8Array,
  payloadType: number,
  seq: number,
  timestamp: number,
  ssrc: number,
  marker: boolean,
): void {
  buf[0] = 0x80;
  buf[1] = (payloadType & 0x7f) | (marker ? 0x80 : 0);
  buf[2] = seq >> 8;
  buf[3] = seq;
  buf[4] = timestamp >>> 24;
  buf[5] = timestamp >>> 16;
  buf[6] = timestamp >>> 8;
  buf[7] = timestamp;
  buf[8] = ssrc >>> 24;
  buf[9] = ssrc >>> 16;
  buf[10] = ssrc >>> 8;
  buf[11] = ssrc;
}

/** How far sequence number `a` is after `b` around the wrap, −32768..32767. */
export function seqDistance(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

/** How far timestamp `a` is after `b` around the wrap, −2³¹..2³¹−1. */
export function timestampDistance(a: number, b: number): number {
  return (a - b) | 0;
}
