import { expect, test } from "bun:test";
import { liveCallBrief } from "../../../src/agents/prompts/live-call.ts";

const FACTS = {
  action: "Ask for the opening hours.",
  context: "",
  calleeName: "City Dental",
  agentName: "Appu",
  organization: "Example Org",
  language: "en",
  attempt: 1,
  profile: "",
};

test("the opening says who calls, that it is an AI and for whom", () => {
  const { opening, instructions } = liveCallBrief(FACTS);
  expect(opening).toContain("you are Appu, an AI assistant calling on behalf of Example Org");
  expect(instructions).toStartWith("You are Appu, an AI assistant making a phone call on behalf of Example Org.");
});

test("without a name the agent is an AI assistant, in whole sentences", () => {
  const { opening, instructions } = liveCallBrief({ ...FACTS, agentName: "" });
  expect(opening).toContain("say that you are an AI assistant calling on behalf of Example Org");
  expect(instructions).toStartWith("You are an AI assistant making a phone call");
});
