import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoDir, sipCalleeDir } from "../../scripts/paths.ts";
import { freePort } from "./ports.ts";
import { secondTry } from "./start-up.ts";
import { PATIENCE_MS } from "./until.ts";

/** A recorded sentence of a callee, 3.4 s, 8 kHz mono: "Hello, city dental office. How may I help you today?" */
export const CALLEE_SPEECH = join(repoDir, "test/fixtures/callee-speech.wav");

/** 16-bit samples of a WAV file at 8 kHz mono; a file that is still being written gives what is there. */
export const samplesOf = (path: string): Int16Array => {
  const bytes = readFileSync(path);
  const data = bytes.indexOf("data", 12, "latin1");
  const start = data < 0 ? 44 : data + 8;
  const whole = bytes.subarray(start, start + Math.floor((bytes.length - start) / 2) * 2);
  return new Int16Array(whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length));
};

export interface TelephoneSettings {
  /** Rings so long before it is picked up; default 200. */
  ringMs?: number;
  /** What is said, 8 kHz; default the recorded sentence. */
  speech?: Int16Array;
  /** Silence between the answer and the speech; default 0. */
  speechAfterMs?: number;
  /** The telephone hangs up by itself after so long; default 60 000. */
  talkMs?: number;
}

/**
 * A whole telephone of its own process (baresip): rings, is picked up, plays recorded speech and records what it hears.
 * It takes every call that arrives at its port, one at a time.
 */
export class Telephone {
  readonly port: number;
  /** Everything it plays after it is picked up, 8 kHz. */
  readonly spoken: Int16Array;
  /** What happened to it, such as `CALL_INCOMING`, `CALL_ESTABLISHED`, `CALL_CLOSED`. */
  readonly events: string[] = [];
  readonly #dir = mkdtempSync(join(tmpdir(), "od-phone-"));
  readonly #ringMs: number;
  #process: Bun.Subprocess | undefined;
  #control: Bun.Socket | undefined;
  #pending = "";
  #keys = "";

  private constructor(port: number, settings: TelephoneSettings) {
    this.port = port;
    this.#ringMs = settings.ringMs ?? 200;
    const speech = settings.speech ?? samplesOf(CALLEE_SPEECH);
    this.spoken = new Int16Array(8 * Math.max(settings.talkMs ?? 60_000, speech.length / 8));
    this.spoken.set(speech, 8 * (settings.speechAfterMs ?? 0));
  }

  /** Starts on a free loopback port; ready for calls when it resolves. */
  static start(settings: TelephoneSettings = {}): Promise<Telephone> {
    return secondTry(async () => {
      const phone = new Telephone(await freePort(), settings);
      try {
        await phone.#run();
        return phone;
      } catch (thrown) {
        await phone.close();
        throw thrown;
      }
    });
  }

  /** What it has played to its owner's ear so far: 8 kHz, from the answer on, without gaps in time. */
  heard(): Int16Array {
    return samplesOf(join(this.#dir, "heard.wav"));
  }

  /** Keys that were pressed at the other end. */
  keys(): string {
    return this.#keys;
  }

  log(): string {
    return readFileSync(join(this.#dir, "log"), "utf8");
  }

  /** Presses a key for the other end. */
  press(key: string): void {
    this.#command("sndcode", key);
  }

  hangUp(): void {
    this.#command("hangup");
  }

  async close(): Promise<void> {
    this.#control?.end();
    this.#process?.kill("SIGKILL");
    await this.#process?.exited;
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #run(): Promise<void> {
    const dir = this.#dir;
    const controlPort = await freePort();
    writeFileSync(join(dir, "speech.wav"), wavOf(this.spoken));
    mkdirSync(join(dir, "conf"));
    writeFileSync(join(dir, "conf/config"), config(dir, this.port, controlPort));
    writeFileSync(
      join(dir, "conf/accounts"),
      "<sip:callee@127.0.0.1>;regint=0;answermode=manual;audio_codecs=PCMU;ptime=20;catchall=yes\n",
    );
    const log = Bun.file(join(dir, "log"));
    this.#process = Bun.spawn([join(sipCalleeDir.bin, "baresip"), "-f", join(dir, "conf")], {
      stdin: "ignore",
      stdout: log,
      stderr: "ignore",
    });
    const until = Date.now() + PATIENCE_MS;
    while (!(await log.exists()) || !this.log().includes("baresip is ready")) {
      if (this.#process.exitCode !== null || Date.now() > until)
        throw new Error(`baresip did not start:\n${this.log()}`);
      await Bun.sleep(10);
    }
    this.#control = await Bun.connect({
      hostname: "127.0.0.1",
      port: controlPort,
      socket: { data: (_, bytes) => this.#told(bytes.toString()) },
    });
  }

  /** Messages are netstrings of JSON. */
  #told(text: string): void {
    this.#pending += text;
    for (;;) {
      const head = /^(\d+):/.exec(this.#pending);
      if (!head) return;
      const end = head[0].length + Number(head[1]);
      if (this.#pending.length <= end) return;
      const message = JSON.parse(this.#pending.slice(head[0].length, end)) as {
        event?: boolean;
        type?: string;
        param?: string;
      };
      this.#pending = this.#pending.slice(end + 1);
      if (message.event && message.type) this.events.push(message.type);
      if (message.type === "CALL_DTMF_START") this.#keys += message.param ?? "";
      if (message.type === "CALL_INCOMING") setTimeout(() => this.#command("accept"), this.#ringMs);
    }
  }

  #command(command: string, params?: string): void {
    const text = JSON.stringify(params === undefined ? { command } : { command, params });
    this.#control?.write(`${text.length}:${text},`);
  }
}

const config = (dir: string, port: number, controlPort: number): string => `poll_method epoll
sip_listen 127.0.0.1:${port}
sip_trans_def udp
call_local_timeout 120
call_max_calls 1
audio_source aufile,${dir}/speech.wav
audio_player aufile,${dir}/heard.wav
audio_alert aufile,${dir}/alert.wav
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_txmode thread
rtp_ports 6000-9999
jitter_buffer_delay 1-2
module_path ${join(sipCalleeDir.fs, "usr/lib/baresip/modules")}
module g711.so
module aufile.so
module_app account.so
module_app menu.so
module ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:${controlPort}
`;

/** A WAV file of 16-bit samples at 8 kHz, mono. */
export const wavOf = (samples: Int16Array): Uint8Array => {
  const file = Buffer.alloc(44 + samples.byteLength);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(36 + samples.byteLength, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(8000, 24);
  file.writeUInt32LE(16_000, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(samples.byteLength, 40);
  file.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), 44);
  return file;
};
