import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sipCalleeDir } from "../../scripts/paths.ts";
import { freePort } from "./ports.ts";
import { secondTry } from "./start-up.ts";
import { PATIENCE_MS } from "./until.ts";

/** Whether set-up has fetched sipp and baresip. */
export const hasSipCallee = (): boolean =>
  existsSync(join(sipCalleeDir.bin, "sipp")) && existsSync(join(sipCalleeDir.bin, "baresip"));

/** How someone reacts to a call. */
export type Manner =
  /** Rings for `ringMs`, answers, sends and takes sound at `mediaPort`, and hangs up after `byeAfterMs` if given. */
  | { does: "answer"; ringMs: number; mediaPort: number; byeAfterMs?: number; byeReason?: string }
  /** Rings for `ringMs` (0: does not ring), then refuses with a SIP code. */
  | { does: "refuse"; ringMs: number; code: number; reason: string }
  /** Rings until the caller gives up. */
  | { does: "ring" };

/**
 * The people behind one trunk: a sipp process that reacts by the last digits of the number dialled. Sound is not sipp's:
 * it goes to the media port each one names, which the test owns.
 */
export class SipCallees {
  readonly port: number;
  readonly #dir = mkdtempSync(join(tmpdir(), "od-sipp-"));
  readonly #process: Bun.Subprocess;

  private constructor(port: number, people: Record<string, Manner>) {
    this.port = port;
    writeFileSync(join(this.#dir, "people.xml"), scenario(people));
    const sipp = [
      join(sipCalleeDir.bin, "sipp"),
      ..."-sf people.xml -i 127.0.0.1 -bind_local -nostdin -trace_err -error_file errors.log".split(" "),
      ..."-trace_msg -message_file messages.log -skip_rlimit".split(" "),
      ...`-p ${port} -mi 127.0.0.1 -min_rtp_port 6000 -max_rtp_port 9999`.split(" "),
    ];
    this.#process = Bun.spawn(sipp, { cwd: this.#dir, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  }

  /** Starts on a loopback port, a free one by default. `people` is keyed by how the number ends, such as `"0117"`. */
  static start(people: Record<string, Manner>, port?: number): Promise<SipCallees> {
    return secondTry(async () => {
      const callees = new SipCallees(port ?? (await freePort()), people);
      try {
        await callees.#listening();
        return callees;
      } catch (thrown) {
        await callees.close();
        throw thrown;
      }
    });
  }

  async #listening(): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    while (!(await isTaken(this.port))) {
      if (this.#process.exitCode !== null) throw new Error(`sipp ended at once: ${this.errors()}`);
      if (Date.now() > until) throw new Error("sipp did not listen in time");
      await Bun.sleep(10);
    }
  }

  /** Ports where Asterisk takes the sound of calls to numbers with this ending, oldest first. */
  soundPorts(ending: string): number[] {
    const offers = this.messages().matchAll(/INVITE sip:[+]?(\d+)@[\s\S]*?\nm=audio (\d+) /g);
    return [...offers].filter((offer) => offer[1]?.endsWith(ending)).map((offer) => Number(offer[2]));
  }

  /** Epoch ms at which the newest call was answered, from sipp's own log. */
  answeredAt(): number {
    const sent = this.messages().matchAll(
      /-+ (\S+)Z\r?\nUDP message sent [^\n]*\n\r?\nSIP\/2\.0 200 OK(?:(?!----)[\s\S])*?CSeq: \d+ INVITE/g,
    );
    const time = [...sent].at(-1)?.[1];
    return time === undefined ? Number.NaN : Date.parse(`${time.slice(0, 19)}Z`) + 1000 * Number(time.slice(19));
  }

  /** Every SIP message sent and received. */
  messages(): string {
    return this.#file("messages.log");
  }

  /** What sipp did not expect. */
  errors(): string {
    return this.#file("errors.log");
  }

  async close(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #file(name: string): string {
    const path = join(this.#dir, name);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }
}

const isTaken = async (port: number): Promise<boolean> => {
  try {
    (await Bun.udpSocket({ hostname: "127.0.0.1", port, socket: {} })).close();
    return false;
  } catch {
    return true;
  }
};

const HEADERS = "[last_Via:]\n[last_From:]\n[last_To:]";
const IDS = "[last_Call-ID:]\n[last_CSeq:]\nContact: <sip:[local_ip]:[local_port]>";

/** A reply; `tagged` makes it part of a dialogue. */
const reply = (status: string, tagged: boolean, body = ""): string =>
  `<send${/^[2-6]/.test(status) && tagged ? ' retrans="500"' : ""}><![CDATA[\nSIP/2.0 ${status}\n${HEADERS}${
    tagged ? ";tag=od[call_number]" : ""
  }\n${IDS}\n${body ? `Content-Type: application/sdp\nContent-Length: [len]\n\n${body}` : "Content-Length: 0\n\n"}\n]]></send>\n`;

const sdp = (port: number): string =>
  `v=0\no=od 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio ${port} RTP/AVP 0 101\n` +
  "a=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\na=ptime:20\n";

/** Rings for so long, unless the caller gives up first. */
const ringing = (label: number, ringMs: number): string =>
  (ringMs > 0 ? reply("180 Ringing", true) : "") +
  `<recv request="CANCEL" timeout="${Math.max(1, ringMs)}" ontimeout="${label + 1}"/>\n${CANCELLED}`;

const CANCELLED =
  reply("200 OK", false) +
  `<send retrans="500" next="90"><![CDATA[\nSIP/2.0 487 Request Terminated\n${HEADERS};tag=od[call_number]\n` +
  "[last_Call-ID:]\nCSeq: [cseq] INVITE\nContent-Length: 0\n\n]]></send>\n";

const bye = (reason: string | undefined): string =>
  '<send retrans="500"><![CDATA[\nBYE [next_url] SIP/2.0\nVia: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]\n' +
  "From: <sip:callee@[local_ip]:[local_port]>;tag=od[call_number]\nTo[$1]\n[last_Call-ID:]\nCSeq: 1 BYE\n" +
  `Max-Forwards: 70\n${reason ? `Reason: ${reason}\n` : ""}Content-Length: 0\n\n]]></send>\n<recv response="200" next="91"/>\n`;

/** One branch of the scenario, from label `label` to its end. */
const branch = (manner: Manner, label: number): string => {
  const start = `<label id="${label}"/>\n`;
  const answered = `<label id="${label + 1}"/>\n`;
  switch (manner.does) {
    case "ring":
      return `${start}${reply("180 Ringing", true)}<recv request="CANCEL"/>\n${CANCELLED}`;
    case "refuse":
      return `${start}${ringing(label, manner.ringMs)}${answered}${reply(`${manner.code} ${manner.reason}`, true)}<recv request="ACK" next="91"/>\n`;
    case "answer": {
      const talk =
        manner.byeAfterMs === undefined
          ? `<recv request="BYE"/>\n${reply("200 OK", false)}<nop next="91"/>\n`
          : `<recv request="BYE" timeout="${manner.byeAfterMs}" ontimeout="${label + 2}"/>\n${reply("200 OK", false)}<nop next="91"/>\n` +
            `<label id="${label + 2}"/>\n${bye(manner.byeReason)}`;
      return (
        start +
        ringing(label, manner.ringMs) +
        answered +
        reply("200 OK", true, sdp(manner.mediaPort)) +
        `<recv request="ACK"/>\n${talk}`
      );
    }
  }
};

const scenario = (people: Record<string, Manner>): string => {
  const all = Object.entries(people).map(([ending, manner], i) => ({
    ending,
    manner,
    variable: i + 2,
    label: 100 + 10 * i,
  }));
  const looks = all.map(
    ({ ending, variable }) =>
      `<ereg regexp="^INVITE sip:[+]?[0-9]*${ending}@" search_in="msg" assign_to="${variable}"/>`,
  );
  const turns = all.map(({ variable, label }) => `<nop next="${label}" test="${variable}"/>`);
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="people">
<recv request="INVITE" rrs="true"><action>
<ereg regexp=".*" search_in="hdr" header="From" assign_to="1"/>
${looks.join("\n")}
</action></recv>
${turns.join("\n")}
${reply("404 Not Found", true)}<recv request="ACK" next="91"/>
${all.map(({ manner, label }) => branch(manner, label)).join("\n")}
<label id="90"/>
<recv request="ACK"/>
<label id="91"/>
<Reference variables="${[1, ...all.map((each) => each.variable)].join(",")}"/>
</scenario>
`;
};
