import { Icon } from "./icon.tsx";

/** Asks the softphone, by attributes alone, to listen to a call. Nothing can be heard before it is answered. */
export const ListenButton = (props: { callId: string; who: string; isAnswered: boolean; small?: boolean }) => (
  <button
    type="button"
    class={props.small ? "btn small" : "btn"}
    data-sp="listen"
    data-call={props.callId}
    data-who={props.who}
    disabled={!props.isAnswered}
    aria-label={`Listen to the call with ${props.who}${props.isAnswered ? "" : ", as soon as it is answered"}`}
  >
    <Icon name="headphones" /> Listen
  </button>
);
