import type { types } from "mediasoup";
import { type SupervisionMode, supervisionRights } from "../../core/supervision.ts";
import { answeredCall, type Bench, liveCall, type SupervisedCall } from "./bench.ts";
import type { Answers, SoftphoneRequest } from "./messages.ts";
import { Refusal } from "./refusal.ts";
import { NEEDS, needOneOf } from "./request-rights.ts";
import type { Seat, SupervisorActor } from "./seat.ts";

/** What one softphone asks, one request after the other, and the place it has. Requests throw `Refusal`s. */
export class Requests<Line> {
  readonly #actor: SupervisorActor;
  readonly #bench: Bench<Line>;
  readonly #line: Line;
  #seat: Seat | null = null;
  #isTalking = false;
  #gone = false;

  constructor(options: { actor: SupervisorActor; bench: Bench<Line>; line: Line }) {
    this.#actor = options.actor;
    this.#bench = options.bench;
    this.#line = options.line;
  }

  /** The place of this softphone; null before a join and after a leave. */
  get seat(): Seat | null {
    return this.#seat;
  }

  /** Forgets the place, which is another's or nobody's now. */
  unseat(): void {
    this.#seat = null;
  }

  /** The socket is gone: no more places. */
  close(): void {
    this.#gone = true;
    this.#seat = null;
  }

  async answer(request: SoftphoneRequest): Promise<Answers[keyof Answers]> {
    needOneOf(this.#actor, NEEDS[request.type]);
    switch (request.type) {
      case "join":
        return this.#join(request.callId);
      case "reclaim":
        return this.#reclaim(request.seatId);
      case "connect": {
        const dtlsParameters = request.dtlsParameters as types.DtlsParameters;
        if (request.way === "hear") await this.#open().connect(dtlsParameters);
        else await this.#microphone().connect(dtlsParameters);
        return null;
      }
      case "consume": {
        const seat = this.#open();
        const heard = await seat.consume(request.rtpCapabilities as types.RtpCapabilities);
        this.#bench.settle(seat.callId);
        return { heard };
      }
      case "resume":
        await this.#open().resume();
        return null;
      case "restart-ice": {
        const parameters = await this.#open().restartIce();
        if (!parameters) throw new Refusal("no-seat", "The sound must be set up again.");
        return parameters;
      }
      case "open-microphone": {
        const transport = await this.#open().openMicrophone();
        if (!transport) throw new Refusal("no-seat", "The sound must be set up again.");
        return { transport };
      }
      case "produce":
        return this.#produce(request.rtpParameters as types.RtpParameters);
      case "mode":
        return this.#mode(request.mode, request.note);
      case "talk":
        return this.#talk(request.on);
      case "whisper": {
        await this.#bench.whisper(this.#actor, this.#open().callId, request);
        return null;
      }
      case "dtmf":
        return this.#keys(request.digits);
      case "end-call": {
        const seat = this.#open();
        if (!(await this.#bench.endCall(seat, request.politely))) throw new Refusal("call-over", "This call is over.");
        return null;
      }
      case "leave":
        if (this.#seat) this.#bench.drop(this.#seat);
        this.#seat = null;
        return null;
      case "ping":
        return null;
    }
  }

  async #join(callId: string): Promise<Answers["join"]> {
    const call = await this.#call(callId);
    if (this.#gone) throw new Refusal("no-seat", "The connection was lost.");
    if (this.#seat && this.#seat.callId !== callId) this.#bench.drop(this.#seat);
    const kept = this.#seat && this.#bench.isSeated(this.#seat) ? this.#seat : null;
    const seat = kept?.callId === callId ? kept : this.#bench.sit(this.#line, callId);
    this.#seat = seat;
    if (!seat) throw new Refusal("unavailable", "Too many people are listening already. Try again later.");
    try {
      const room = await this.#bench.room(callId);
      if (!this.#bench.isSeated(seat)) throw new Refusal("call-over", "This call is over.");
      if (!room) {
        const health = this.#bench.health();
        throw new Refusal(
          "unavailable",
          health.ok ? "The sound is starting. Try again." : `${health.missing} ${health.fix}`,
        );
      }
      const transport = await seat.enter(room);
      // The call may have ended, and the socket may have gone, while the room was made.
      await this.#call(callId);
      if (!this.#bench.isSeated(seat)) throw new Refusal("call-over", "This call is over.");
      this.#bench.announce(seat);
      return {
        seatId: seat.id,
        who: call.who,
        routerRtpCapabilities: room.router.rtpCapabilities,
        transport,
        rights: [...supervisionRights(this.#actor.roles)],
        mode: this.#bench.waitingFor(seat),
        noticeTone: this.#bench.noticeTone,
      };
    } catch (thrown) {
      if (seat.announced && thrown instanceof Refusal && thrown.reason === "unavailable") throw thrown;
      seat.empty();
      this.#bench.drop(seat);
      if (this.#seat === seat) this.#seat = null;
      throw thrown;
    }
  }

  #reclaim(seatId: string): Answers["reclaim"] {
    const seat = this.#gone ? null : this.#bench.reclaim(this.#line, seatId);
    if (!seat) throw new Refusal("no-seat", "Your place on this call is no longer kept.");
    if (this.#seat && this.#seat !== seat) this.#bench.drop(this.#seat);
    this.#seat = seat;
    if (!seat.isOpen) throw new Refusal("no-seat", "The sound must be set up again.");
    this.#bench.announce(seat);
    return { callId: seat.callId, mode: this.#bench.waitingFor(seat) };
  }

  async #produce(rtpParameters: types.RtpParameters): Promise<Answers["produce"]> {
    const seat = this.#open();
    const microphone = this.#microphone();
    if (this.#bench.isHeard(seat)) throw new Refusal("not-now", "You are being heard. Go back to Listen first.");
    const port = this.#bench.speakerPort();
    if (port === 0) throw new Refusal("unavailable", "Nobody can speak on calls at the moment. Try again.");
    const producerId = await microphone.produce(rtpParameters, port);
    this.#bench.settle(seat.callId);
    return { producerId };
  }

  async #mode(mode: SupervisionMode, note: string): Promise<Answers["mode"]> {
    needOneOf(this.#actor, [mode]);
    const seat = this.#open();
    const { tenantId } = this.#actor;
    if (mode !== "listen") await answeredCall(this.#bench, this.#actor, seat.callId);
    const transcriber = mode === "listen" ? null : await this.#bench.transcriber(tenantId, seat.callId);
    if (mode === "whisper" && transcriber === null) {
      throw new Refusal("unavailable", "Speech is not written down here, so the AI cannot hear you. Whisper by text.");
    }
    if (!this.#bench.isSeated(seat)) throw new Refusal("no-seat", "Your place on this call is no longer kept.");
    if (mode !== "whisper") this.#stopTalking(seat);
    const answer = await this.#bench.ask(seat, mode, note, transcriber);
    if (!answer.ok) throw new Refusal(answer.reason, answer.why);
    return { mode: answer.mode, atMs: answer.atMs };
  }

  #talk(on: boolean): null {
    const seat = this.#open();
    if (!on) this.#stopTalking(seat);
    else if (this.#bench.modeOf(seat) === "whisper") this.#isTalking = true;
    else throw new Refusal("not-now", "Change to Whisper to speak to the AI alone.");
    return null;
  }

  #stopTalking(seat: Seat): void {
    if (!this.#isTalking) return;
    this.#isTalking = false;
    this.#bench.talkEnded(seat);
  }

  async #keys(digits: string): Promise<null> {
    const seat = this.#open();
    const mode = this.#bench.modeOf(seat);
    if (mode !== "barge" && mode !== "takeover")
      throw new Refusal("not-now", "Keys can be pressed in Barge in and Take over only.");
    needOneOf(this.#actor, [mode]);
    if (!(await this.#bench.sendKeys(seat, digits))) throw new Refusal("failed", "The keys could not be sent.");
    return null;
  }

  #call(callId: string): Promise<SupervisedCall> {
    return liveCall(this.#bench, this.#actor, callId);
  }

  #open(): Seat {
    if (!this.#seat?.isOpen) throw new Refusal("no-seat", "The sound must be set up again.");
    return this.#seat;
  }

  #microphone(): NonNullable<Seat["microphone"]> {
    const { microphone } = this.#open();
    if (!microphone) throw new Refusal("not-now", "Your microphone is not open. Allow it, then try again.");
    return microphone;
  }
}
