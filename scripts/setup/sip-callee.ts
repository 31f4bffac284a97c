import { sipCalleeDir } from "../paths.ts";
import { unpackPackages, versionOf } from "./debian.ts";
import type { SetupStep } from "./step.ts";

/** What the closure brings for plug-ins and scripts that no test starts. */
const LEFT_OUT =
  /^(.*python3.*|tzdata|debconf|netbase|media-types|gcc-.*-base|.*-data|libc-gconv-modules-extra|openssl-provider-legacy)$/;

/** The people who are called in the call tests: sipp plays scenarios, baresip is a whole telephone that speaks a file. */
export const sipCalleeStep: SetupStep = {
  name: "sip-callee",
  purpose: "sipp and baresip, the telephones of the call tests, from Debian testing, unpacked beside the checkout",
  present: async () => {
    const [sipp, baresip] = await Promise.all([
      versionOf([`${sipCalleeDir.bin}/sipp`, "-v"]),
      versionOf([`${sipCalleeDir.bin}/baresip`, "-h"]),
    ]);
    return sipp && baresip
      ? `${sipp.replace(/\.$/, "")}, ${baresip.replace(/^\W+/, "").replace(/ Copyright.*/, "")}`
      : undefined;
  },
  provide: (say) =>
    unpackPackages(
      {
        into: sipCalleeDir,
        suite: "testing",
        packages: ["sip-tester", "baresip-core"],
        dependency: (name) => !LEFT_OUT.test(name),
        programs: { sipp: "usr/bin/sipp", baresip: "usr/bin/baresip" },
      },
      say,
    ),
};
