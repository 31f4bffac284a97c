import { errorInfo, GEMINI_KEY, googleError } from "../gemini-server/server.ts";
import { type Fault, type Recorded, type Script, ScriptedHttp } from "../scripted-http.ts";

/** The key the service takes: one key of Google's is for all its services. */
export const PLACES_KEY = GEMINI_KEY;

/** A place with everything the service knows; what the field mask does not name is left out of answers. */
export type ScriptedPlace = Record<string, unknown>;

/** What is found. No places is an answer without the key `places`. */
export type PlacesStep = { places: ScriptedPlace[] };

/** Google's Places API (New), text search only, as a client sees it from outside. */
export class PlacesServer extends ScriptedHttp<PlacesStep> {
  constructor(script: Script<PlacesStep>) {
    super({
      script,
      refuse: refusal,
      answer: ({ places }, request) => {
        if (places.length === 0) return Response.json({});
        const fields = (request.headers.get("x-goog-fieldmask") ?? "").split(",").map((one) => one.slice(7));
        const shown = places
          .slice(0, request.body.pageSize ?? 20)
          .map((place) => Object.fromEntries(Object.entries(place).filter(([name]) => fields.includes(name))));
        return Response.json({ places: shown });
      },
    });
  }
}

const respond = (fault: Fault): Response => {
  const { status, body } = fault as { status: number; body: unknown };
  return Response.json(body, { status });
};

const refusal = ({ method, path, headers, body, query }: Recorded): Response | null => {
  if (method !== "POST" || path !== "/v1/places:searchText") return respond(googleError(404, "NOT_FOUND"));
  if (headers.get("x-goog-api-key") !== PLACES_KEY || query.has("key")) {
    return respond(googleError(400, "INVALID_ARGUMENT", [errorInfo("API_KEY_INVALID")]));
  }
  const mask = headers.get("x-goog-fieldmask");
  if (mask === null || !/^places\.\w+(?:,places\.\w+)*$/.test(mask)) {
    return respond(googleError(400, "INVALID_ARGUMENT", [{ "@type": "type.googleapis.com/google.rpc.BadRequest" }]));
  }
  const isAsked = typeof body?.textQuery === "string" && body.textQuery !== "";
  const isRegion = body?.regionCode === undefined || /^[A-Za-z]{2}$/.test(body.regionCode);
  return isAsked && isRegion ? null : respond(googleError(400, "INVALID_ARGUMENT"));
};
