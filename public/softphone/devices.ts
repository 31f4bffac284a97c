/** A device as a list shows it. */
export interface DeviceName {
  /** Empty for the browser's own choice. */
  id: string;
  label: string;
}

/** What can be spoken into and listened through. */
export interface DeviceList {
  microphones: DeviceName[];
  /** Empty where the browser gives no choice. */
  speakers: DeviceName[];
}

/** Whether the sound can be sent to a device of choice here. */
const CAN_ROUTE = "setSinkId" in HTMLMediaElement.prototype;

const named = (devices: readonly MediaDeviceInfo[], kind: MediaDeviceKind, word: string): DeviceName[] => {
  // "default" and "communications" are other names of devices that are in the list themselves.
  const real = devices.filter(
    (device) => device.kind === kind && device.deviceId !== "" && !/^(default|communications)$/.test(device.deviceId),
  );
  return [
    { id: "", label: "The system's own choice" },
    ...real.map(({ deviceId, label }, n) => ({ id: deviceId, label: label || `${word} ${n + 1}` })),
  ];
};

/** The devices of now. Their names are known to the page only after the microphone was allowed once. */
export const listDevices = async (): Promise<DeviceList> => {
  const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  return {
    microphones: named(devices, "audioinput", "Microphone"),
    speakers: CAN_ROUTE ? named(devices, "audiooutput", "Speaker") : [],
  };
};

/** Calls `changed` whenever a device is plugged in or pulled out. */
export const watchDevices = (changed: () => void): void => {
  navigator.mediaDevices?.addEventListener("devicechange", changed);
};
