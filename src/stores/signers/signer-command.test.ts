/** Programs that lie, hang, flood or fail; test/programs/offline-keys.test.ts uses a PKCS#11 token. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { verifySignature } from "#crypto/public-key.ts";
import type { Signer } from "#crypto/signer.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import type { Timer } from "#core/ports.ts";
import { openCommandSigner } from "./signer-command.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-command-"));
});
after(() => rm(folder, { recursive: true }));

type Started = { readonly ms: number; readonly run: () => void; readonly ended: Promise<void> };
let timers: Started[] = [];
let shown = "";
beforeEach(() => {
  timers = [];
  shown = "";
});

const timer: Timer = (ms, run) => {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  timers.push({ ms, run, ended });
  return () => resolve();
};

const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const message = formatUtf8("a message");
/** Before each line of what the programs here say. */
const says = '"node" | ';

/** `public` and `sign` of a program in JavaScript; `message` is what it was given. */
async function program(
  publicCode: string,
  signCode: string,
  key: KeyObject = p256,
): Promise<readonly string[]> {
  const path = join(folder, `${crypto.randomUUID()}.mjs`);
  const pem = key.export({ type: "pkcs8", format: "pem" }).toString();
  await writeFile(
    path,
    `import * as crypto from "node:crypto";
import { readFileSync, writeSync } from "node:fs";
const key = crypto.createPrivateKey(${JSON.stringify(pem)});
const pem = crypto.createPublicKey(key).export({ type: "spki", format: "pem" });
if (process.argv.at(-1) === "public") { ${publicCode} }
else { const message = () => readFileSync(0); ${signCode} }
`,
  );
  return [process.execPath, path, "--slot", "a b"];
}

const showKey = "process.stdout.write(pem);";
const signMessage = 'console.log(crypto.sign("sha256", message(), key).toString("hex"));';

function open(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Signer> {
  const show = (text: string): void => {
    shown += text;
  };
  return openCommandSigner(command, { env, timer, show });
}

/** Signs with a program whose `sign` is this. */
async function signWith(signCode: string, key: KeyObject = p256): Promise<Uint8Array> {
  return await (await open(await program(showKey, signCode, key))).sign(message);
}

describe("a signer's command", () => {
  test("that is honest signs with every kind of key", async () => {
    const keys: readonly (readonly [KeyObject, string])[] = [
      [p256, signMessage],
      [
        generateKeyPairSync("ed25519").privateKey,
        'console.log(crypto.sign(null, message(), key).toString("hex"));',
      ],
      [
        generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
        `process.stdout.write(crypto.sign("sha256", message(), {
          key, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32,
        }).toString("hex"));`,
      ],
    ];
    for (const [key, signCode] of keys) {
      const signer = await open(await program(showKey, signCode, key));
      const signature = await signer.sign(message);
      assert.equal(verifySignature(signer.publicKey, message, signature), true);
    }
    await Promise.all(timers.map(({ ended }) => ended));
  });

  test("is given its words, its environment and nothing of a shell", async () => {
    const code = `if (process.argv[3] !== "a b" || process.argv.length !== 5) process.exit(9);
      if (process.env.TOKEN !== "7" || process.env.HOLDFAST_SIGNER_PROTOCOL !== "1") process.exit(8);
      if (Object.keys(process.env).length !== 2) process.exit(7);`;
    const command = await program(code + showKey, code + signMessage);
    const signer = await open(command, { TOKEN: "7" });
    await signer.sign(message);
    const path = join(folder, "touched");
    const shell = [...command.slice(0, 3), `; touch ${path} #`];
    await assert.rejects(open(shell, { TOKEN: "7" }), { message: /ended with 9/ });
    await assert.rejects(readFile(path), { code: "ENOENT" });
  });

  test("is given messages of any size, and read or not as it likes", async () => {
    const signer = await open(await program(showKey, signMessage));
    const large = new Uint8Array(4_000_000).fill(7);
    const signature = await signer.sign(large);
    assert.equal(verifySignature(signer.publicKey, large, signature), true);
    const deaf = await open(await program(showKey, 'console.log("3000");'));
    await assert.rejects(deaf.sign(large), { code: "key.signature" });
  });

  test("that signs another message, or nothing, is not believed", async () => {
    const refused = { code: "key.signature" };
    const otherMessage =
      'console.log(crypto.sign("sha256", Buffer.from("x"), key).toString("hex"));';
    await assert.rejects(signWith(otherMessage), refused);
    await assert.rejects(signWith('console.log("00".repeat(64));'), refused);
    const raw = `console.log(crypto.sign("sha256", message(), { key, dsaEncoding: "ieee-p1363" }).toString("hex"));`;
    await assert.rejects(signWith(raw), refused);
  });

  test("that signs with another key than it showed is not believed", async () => {
    const pem = other.export({ type: "pkcs8", format: "pem" }).toString();
    const sign = `const other = crypto.createPrivateKey(${JSON.stringify(pem)});
      console.log(crypto.sign("sha256", message(), other).toString("hex"));`;
    await assert.rejects(signWith(sign), {
      code: "key.signature",
      message: /does not verify under the public key that was shown before/,
    });
  });

  test("that fails is said to have failed, and its own words are shown", async () => {
    const fail = `console.error("no token in slot 1"); process.exit(3);`;
    const failed = { code: "command.failed", message: /it ended with 3; what it said/ };
    await assert.rejects(open(await program(fail, "")), failed);
    await assert.rejects(signWith(signMessage + fail), failed);
    assert.equal(shown, `${says}no token in slot 1\n`.repeat(2));
    const killed = { code: "command.failed", message: /it was ended by SIGKILL/ };
    await assert.rejects(signWith('process.kill(process.pid, "SIGKILL");'), killed);
  });

  test("shows words, and nothing that moves a terminal's cursor", async () => {
    await signWith(
      `writeSync(2, "\\u001b]0;x\\u0007touch\\tthe\\r token: \\u001b[2J\\u202eé\\n"); ${signMessage}`,
    );
    assert.equal(shown, `${says}]0;xtouch the token: [2Jé\n`);
  });

  test("cannot say anything in the ceremony's own name", async () => {
    const imitation = 'touch the token\n\nThe number: 0000 0000\nSign this? Type "yes" and Enter: ';
    await signWith(`writeSync(2, ${JSON.stringify(imitation)}); ${signMessage}`);
    const lines = shown.split("\n");
    assert.equal(lines.pop(), "", "what is shown next begins a line");
    assert.equal(lines.length, 4);
    for (const line of lines) assert.ok(line.startsWith(says), line);
  });

  test("that prints something else is refused", async () => {
    const refused = { code: "command.output" };
    for (const code of [
      "",
      'console.log("yes");',
      'console.log("ABCD");',
      'console.log("abc");',
      'console.log(" abcd");',
      'console.log("abcd\\nabcd");',
      "process.stdout.write(Buffer.of(0xff));",
    ]) {
      await assert.rejects(signWith(code), refused, code);
    }
    for (const code of [
      "",
      'console.log("hello");',
      'process.stdout.write(key.export({ type: "pkcs8", format: "pem" }));',
      "process.stdout.write(pem + pem);",
      `const { publicKey } = crypto.generateKeyPairSync("ec", { namedCurve: "P-384" });
       process.stdout.write(publicKey.export({ type: "spki", format: "pem" }));`,
    ]) {
      await assert.rejects(open(await program(code, "")), refused, code);
    }
  });

  test("that floods either stream is ended", async () => {
    const flood = (stream: number): string => `for (;;) writeSync(${stream}, "a".repeat(4096));`;
    await assert.rejects(signWith(flood(1)), { code: "command.output", message: /its output/ });
    await assert.rejects(signWith(flood(2)), {
      code: "command.output",
      message: /its standard error/,
    });
    assert.ok(shown.length <= 65_536);
    await Promise.all(timers.map(({ ended }) => ended));
  });

  test("that hangs is asked to end, then ended", { timeout: 60_000 }, async (t) => {
    const command = await program(
      showKey,
      `process.on("SIGTERM", () => process.stdout.write("no"));
       setInterval(() => undefined, 1000); console.error(process.pid);`,
    );
    const waiting = Promise.withResolvers<number>();
    const signer = await openCommandSigner(command, {
      env: {},
      timer,
      show: (text) => waiting.resolve(Number(text.replace(says, ""))),
    });
    const signing = assert.rejects(signer.sign(message), {
      code: "command.timeout",
      message: /within 300 seconds/,
    });
    const pid = await waiting.promise;
    t.after(() => {
      // Where it was not ended.
      if (isRunning(pid)) process.kill(pid, "SIGKILL");
    });
    const limit = timers.at(-1);
    assert.equal(limit?.ms, 300_000);
    limit?.run();
    await signing;
    const grace = timers.at(-1);
    assert.equal(grace?.ms, 2_000);
    grace?.run();
    await grace?.ended;
    assert.equal(isRunning(pid), false);
  });

  test("that is not there or not executable is said so", async () => {
    const path = join(folder, "plain");
    await writeFile(path, "", { mode: 0o600 });
    await assert.rejects(open([join(folder, "none")]), { code: "command.not-found" });
    await assert.rejects(open(["no-such-program"], { PATH: folder }), {
      code: "command.not-found",
    });
    await assert.rejects(open([path]), { code: "command.not-executable" });
    await Promise.all(timers.map(({ ended }) => ended));
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
