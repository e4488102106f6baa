/** Small wheels whose one module answers a number, so that a test can see which of two was installed. */
import { sha256 } from "#crypto/hash.ts";
import { buildWheel } from "#world/distributions.ts";

export type WheelPlan = {
  readonly project: string;
  readonly version: string;
  readonly requires?: readonly string[];
  /** What `answer()` of its module returns. */
  readonly answer?: number;
  /** So many bytes of ballast that does not compress. */
  readonly ballast?: number;
  /** The name of one more member, for instance one that leaves the folder it is unpacked to. */
  readonly extraMember?: string;
};

export type SmallWheel = {
  readonly project: string;
  readonly version: string;
  readonly filename: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
};

export function makeWheel(plan: WheelPlan): SmallWheel {
  const { project, version, requires, answer = 42, ballast, extraMember } = plan;
  const module = project.replaceAll(/[-.]/g, "_");
  const {
    filename,
    bytes,
    sha256: digest,
  } = buildWheel({
    name: project,
    version,
    ...(requires === undefined ? {} : { requiresDist: requires }),
    files: {
      [`${module}.py`]: `def answer():\n    return ${answer}\n`,
      ...(ballast === undefined
        ? {}
        : { [`${module}_ballast.bin`]: makeBallast(ballast, `${project} ${version}`) }),
      ...(extraMember === undefined ? {} : { [extraMember]: "print('out')\n" }),
    },
  });
  return { project, version, filename, bytes, sha256: digest };
}

/** Bytes that look random and are the same for the same name. */
function makeBallast(size: number, name: string): Uint8Array {
  const ballast = Buffer.alloc(size);
  let block = sha256(new TextEncoder().encode(name));
  for (let offset = 0; offset < size; offset += block.length) {
    block = sha256(block);
    ballast.set(block.subarray(0, Math.min(block.length, size - offset)), offset);
  }
  return ballast;
}
