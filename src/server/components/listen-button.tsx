import { Icon } from "./icon.tsx";

/** Asks the softphone, by attributes alone, to listen to a call. */
export const ListenButton = ({ callId, who, small }: { callId: string; who: string; small?: boolean }) => (
  <button
    type="button"
    class={small ? "btn small" : "btn"}
    data-sp="listen"
    data-call={callId}
    data-who={who}
    aria-label={`Listen to the call with ${who}`}
  >
    <Icon name="headphones" /> Listen
  </button>
);
