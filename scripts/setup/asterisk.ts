import { asteriskDir } from "../paths.ts";
import { unpackPackages, versionOf } from "./debian.ts";
import type { SetupStep } from "./step.ts";

/**
 * Libraries that the modules we load link to. Debian names a library package after its version, so the tails are open.
 * Without a list apt would bring 160 packages, most of them for modules of sound cards and databases.
 */
const LIBRARIES =
  /^(libc6|libgcc-s1|libstdc\+\+6|zlib1g|lib(bsd|cap|crypt|edit|jansson|md|opus|sqlite3-|ssl|systemd|tinfo|uriparser|uuid|xml|xslt|zstd)[0-9.]+[a-z0-9-]*)$/;

/** Asterisk, the telephone exchange that the real call tests dial through. Stable Debian does not carry it, testing does. */
export const asteriskStep: SetupStep = {
  name: "asterisk",
  purpose: "the telephone exchange of the call tests, from Debian testing, unpacked beside the checkout",
  present: () => versionOf([`${asteriskDir.bin}/asterisk`, "-V"]),
  provide: (say) =>
    unpackPackages(
      {
        into: asteriskDir,
        suite: "testing",
        packages: ["asterisk", "asterisk-modules"],
        dependency: (name) => LIBRARIES.test(name),
        programs: { asterisk: "usr/sbin/asterisk" },
      },
      say,
    ),
};
