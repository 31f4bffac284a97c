import { Icon } from "./icon.tsx";

/** Says which parts of the system are played by itself, and what makes them real; nothing when all are real. */
export const DemoBanner = ({ scriptedParts }: { scriptedParts: readonly string[] }) =>
  scriptedParts.length === 0 ? null : (
    <aside class="banner demo" aria-label="Demo mode">
      <Icon name="info" />
      <p class="grow">
        <b>Demo mode.</b> {scriptedParts.includes("phone network") ? "No real phone rings: the" : "The"}{" "}
        {wordsOf(scriptedParts)} {scriptedParts.length === 1 ? "is" : "are"} played by OpenDeep itself.
      </p>
      <a class="btn small" href="/settings">
        Make it real
      </a>
    </aside>
  );

const wordsOf = (parts: readonly string[]): string =>
  parts.length < 3 ? parts.join(" and the ") : `${parts.slice(0, -1).join(", the ")} and the ${parts.at(-1)}`;
