/** The media client in a bundle of its own: it is large and only needed once someone listens. */
export { Device } from "mediasoup-client";
