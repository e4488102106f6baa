/** What `holdfast tuf-client --help` says. */
import { clientLimits } from "#core/tuf/limits.ts";
import { exitCodes } from "./exit-codes.ts";

const targetMiB = clientLimits.listedSizeMax / 1_048_576;

export const help: string = `Usage: holdfast tuf-client --metadata-dir DIR init ROOT
       holdfast tuf-client --metadata-dir DIR --metadata-url URL refresh
       holdfast tuf-client --metadata-dir DIR --metadata-url URL --target-base-url URL
                           --target-dir DIR --target-name PATH… download

The TUF client inside the proxy, on its own, for any TUF repository. It speaks the command line of
the TUF conformance suite, so that others can judge it.

init      takes ROOT as the trust anchor; asks nobody
refresh   brings root, timestamp, snapshot and targets up to date
download  does what refresh does, then fetches each target that is not in --target-dir already;
          the first one that fails ends it

  --metadata-dir DIR     what is trusted: root.json, timestamp.json, snapshot.json, targets.json
                         and delegated roles as the last run left them; DIR/tuf/ is what it
                         believes itself, with every root
  --metadata-url URL     the folder of the repository's metadata
  --target-base-url URL  the folder of its targets
  --target-dir DIR       where targets are kept, one file each: a/b is called a%2Fb
  --target-name PATH     may be given several times; they are fetched in this order
  --help

No answer is read for longer than ${clientLimits.totalMs / 1_000} seconds or beyond the length that signed metadata lists for
it; a target may have ${targetMiB} MiB. Redirects are not followed.

Examples
  holdfast tuf-client --metadata-dir m init 1.root.json
  holdfast tuf-client --metadata-dir m --metadata-url http://127.0.0.1:8080/tuf/ refresh
  holdfast tuf-client --metadata-dir m --metadata-url http://127.0.0.1:8080/tuf/ \\
    --target-base-url http://127.0.0.1:8080/targets/ --target-dir t \\
    --target-name simple/demo/index.json download

Ends with
  ${String(exitCodes.done).padStart(3)}  when all of it was verified and kept
  ${String(exitCodes.failed).padStart(3)}  when anything was refused, missing or out of reach; the last line names the code
  ${String(exitCodes.usage).padStart(3)}  for a wrong option
`;
