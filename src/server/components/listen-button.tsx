import { Icon } from "./icon.tsx";

/** Asks the softphone, by attributes alone, to listen to a call. One may come while it rings: `isReady` once the call has its sound. */
export const ListenButton = (props: { callId: string; who: string; isReady: boolean; small?: boolean }) => (
  <button
    type="button"
    class={props.small ? "btn small" : "btn"}
    data-sp="listen"
    data-call={props.callId}
    data-who={props.who}
    disabled={!props.isReady}
    aria-label={`Listen to the call with ${props.who}`}
  >
    <Icon name="headphones" /> Listen
  </button>
);
