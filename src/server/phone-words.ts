import type { PhoneRefusal } from "../core/phone.ts";

const SENTENCE: Record<PhoneRefusal, string> = {
  empty: "Say which number to call.",
  "not-a-number": "This is not a phone number. Write it with + and country code, such as +12025550100.",
  invalid: "No such number exists. Check the country code and the number of digits.",
  emergency: "Emergency and other short numbers are never called.",
  premium: "Premium-rate and shared-cost numbers are never called.",
  "too-long": "The number is too long. Write it with + and country code, such as +12025550100.",
};

/** What is wrong with a number, as a sentence. */
export const phoneSentence = (reason: PhoneRefusal): string => SENTENCE[reason];
