import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { buildSdist, buildWheel } from "#world/distributions.ts";
import {
  basic,
  createIndexWorld,
  uploadParts,
  withField,
  type Answer,
  type FormPart,
  type IndexWorld,
  type IndexWorldOptions,
} from "#world/index-world.ts";
import { digestHex, sha256Hex } from "#crypto/hash.ts";
import { createBlake2b256 } from "#crypto/blake2b.ts";
import { isVersion } from "#formats/python/version.ts";

const wheel = buildWheel({ name: "demo", version: "1.0" });
const otherWheel = buildWheel({ name: "demo", version: "1.0", summary: "Other bytes" });
const sdist = buildSdist({ name: "demo", version: "1.0" });
const parts = uploadParts("demo", "1.0", wheel);

async function world(t: TestContext, options?: IndexWorldOptions): Promise<IndexWorld> {
  const made = await createIndexWorld(options);
  t.after(() => made.close());
  return made;
}

/** Reason phrase and body say the same sentence, with its code, in every form. */
function checkRefused(answer: Answer, status: number, code: string, sentence: RegExp): void {
  assert.equal(answer.status, status, answer.body.toString());
  assert.equal(answer.headers["x-holdfast-code"], code);
  assert.match(answer.reason, sentence);
  assert.ok(answer.reason.endsWith(` [${code}]`), answer.reason);
  assert.match(answer.body.toString(), sentence);
  assert.equal(answer.headers["cache-control"], "no-store");
}

async function checkNothingKept({ files, releases, signer }: IndexWorld): Promise<void> {
  assert.equal(files.kept.size, 0);
  assert.equal(files.incoming.size, 0);
  assert.deepEqual(await releases.readProjects({ limit: 10 }), []);
  assert.deepEqual(signer.received, []);
}

test("an upload is answered when its file is installable", async (t) => {
  const { clock, files, log, releases, send, signer, upload } = await world(t);
  const answer = await upload(parts);
  assert.equal(answer.status, 200);
  assert.deepEqual([...files.kept.keys()], [wheel.sha256]);
  assert.deepEqual(signer.received, [
    {
      kind: "add-file",
      id: signer.received[0]?.id,
      project: "demo",
      filename: wheel.filename,
      version: "1.0",
      sha256: wheel.sha256,
      size: wheel.bytes.byteLength,
      uploadTime: "2026-11-21T08:00:00.123000Z",
      coreMetadata: sha256Hex(wheel.metadata),
    },
  ]);
  const page = await send("/simple/demo/", { headers: { accept: "*/*" } });
  assert.match(page.body.toString(), new RegExp(wheel.sha256));
  const file = await releases.findFile(wheel.filename);
  assert.equal(file?.md5, digestHex("md5", wheel.bytes));
  assert.equal(file?.state, "published");
  const entry = log.find(({ method }) => method === "POST");
  const { bytes, ...said } = entry ?? { bytes: 0 };
  assert.ok(bytes > 0);
  assert.deepEqual(said, {
    time: clock.now().toISOString(),
    method: "POST",
    path: "/legacy/",
    status: 200,
    ms: 0,
    token: (await releases.readMembers(file?.project ?? assert.fail()))[0] && entry?.token,
    agent: "",
  });
});

/** What each client sends, in its order (twine's is random; this is one of them). */
const uploaders: Readonly<
  Record<string, (digests: Digests, file: FormPart) => readonly FormPart[]>
> = {
  twine: ({ blake2, sha256 }, file) => [
    ["metadata_version", "2.1"],
    ["name", "demo"],
    ["version", "1.0"],
    ["pyversion", "py3"],
    ["filetype", "bdist_wheel"],
    ["comment", "a comment"],
    ["sha256_digest", sha256],
    { name: "gpg_signature", filename: "demo.asc", bytes: Buffer.from("signature") },
    ["blake2_256_digest", blake2],
    [":action", "file_upload"],
    ["protocol_version", "1"],
    file,
  ],
  uv: ({ blake2, sha256 }, file) => [
    [":action", "file_upload"],
    ["sha256_digest", sha256],
    ["blake2_256_digest", blake2],
    ["protocol_version", "1"],
    ["metadata_version", "2.1"],
    ["name", "demo"],
    ["version", "1.0"],
    ["filetype", "bdist_wheel"],
    ["pyversion", "py3"],
    ["classifiers", "A :: B"],
    ["classifiers", "C :: D"],
    file,
    ["attestations", "[{}]"],
  ],
  poetry: ({ blake2, md5, sha256 }, file) => [
    ["md5_digest", md5],
    ["sha256_digest", sha256],
    ["blake2_256_digest", blake2],
    ["filetype", "bdist_wheel"],
    ["pyversion", "py3"],
    ["name", "demo"],
    ["version", "1.0"],
    [":action", "file_upload"],
    ["protocol_version", "1"],
    file,
  ],
  pdm: ({ blake2, md5, sha256 }, file) => [
    ["name", "demo"],
    ["version", "1.0"],
    ["filetype", "bdist_wheel"],
    ["pyversion", "py3"],
    ["metadata_version", "2.1"],
    ["summary", ""],
    ["keywords", "a,b"],
    ["home_page", ""],
    ["sha256_digest", sha256],
    ["md5_digest", md5],
    ["blake2_256_digest", blake2],
    [":action", "file_upload"],
    ["protocol_version", "1"],
    file,
  ],
  hatch: ({ blake2, md5, sha256 }, file) => [
    ["description", "# A long\n\ndescription"],
    ["metadata_version", "2.4"],
    ["name", "demo"],
    ["version", "1.0"],
    ["import_name", "demo"],
    ["filetype", "bdist_wheel"],
    ["pyversion", "py3"],
    [":action", "file_upload"],
    ["protocol_version", "1"],
    ["md5_digest", md5],
    ["sha256_digest", sha256.toUpperCase()],
    ["blake2_256_digest", blake2],
    file,
  ],
  flit: ({ md5, sha256 }, file) => [
    [":action", "file_upload"],
    ["name", "demo"],
    ["version", "1.0"],
    ["metadata_version", "2.3"],
    ["provides", "demo"],
    ["protocol_version", "1"],
    ["filetype", "bdist_wheel"],
    ["md5_digest", md5],
    ["sha256_digest", sha256],
    file,
  ],
};

type Digests = { readonly md5: string; readonly sha256: string; readonly blake2: string };

for (const [uploader, makeParts] of Object.entries(uploaders)) {
  test(`${uploader}'s form is read`, async (t) => {
    const { upload, send } = await world(t);
    const blake2 = await createBlake2b256();
    blake2.update(wheel.bytes);
    const digests = {
      md5: digestHex("md5", wheel.bytes),
      sha256: wheel.sha256,
      blake2: blake2.digestHex(),
    };
    const file = { name: "content", filename: wheel.filename, bytes: wheel.bytes };
    const answer = await upload(makeParts(digests, file));
    assert.equal(answer.status, 200, answer.reason);
    assert.equal(answer.body.includes("attestations were not kept"), uploader === "uv");
    assert.equal((await send("/simple/demo/")).status, 200);
  });
}

test("an sdist's metadata is kept but not served", async (t) => {
  const { send, signer, upload } = await world(t);
  assert.equal((await upload(uploadParts("demo", "1.0", sdist))).status, 200);
  const [change] = signer.received;
  assert.ok(change?.kind === "add-file" && change.coreMetadata === undefined);
  const path = `/files/demo/${sdist.sha256}/${sdist.filename}`;
  assert.equal((await send(path)).status, 200);
  assert.equal((await send(`${path}.metadata`)).status, 404);
});

type Case = {
  readonly parts: readonly FormPart[];
  readonly code: string;
  readonly sentence: RegExp;
};

const content: FormPart = { name: "content", filename: wheel.filename, bytes: wheel.bytes };
const renamed = (filename: string, bytes = wheel.bytes): readonly FormPart[] => [
  ...parts.filter((part) => !("bytes" in part)),
  { name: "content", filename, bytes },
];

const refusals: Readonly<Record<string, Case>> = {
  "another action": {
    parts: withField(parts, ":action", "submit"),
    code: "upload.form",
    sentence: /:action "submit" is not known here/,
  },
  "no action": {
    parts: withField(parts, ":action", undefined),
    code: "upload.form",
    sentence: /field :action is missing/,
  },
  "another protocol": {
    parts: withField(parts, "protocol_version", "2"),
    code: "upload.form",
    sentence: /protocol_version "2" is not 1/,
  },
  "a digest that is another file's": {
    parts: withField(parts, "sha256_digest", "ab".repeat(32)),
    code: "upload.digest-mismatch",
    sentence: /The file that arrived has sha256_digest [0-9a-f]{64}, the form says abab/,
  },
  "a wrong digest beside a right one": {
    parts: [["md5_digest", "ab".repeat(16)], ...parts],
    code: "upload.digest-mismatch",
    sentence: /md5_digest/,
  },
  "a digest that is none": {
    parts: withField(parts, "sha256_digest", "MTIz"),
    code: "upload.form",
    sentence: /sha256_digest is not 64 hex digits/,
  },
  "no digest": {
    parts: withField(parts, "sha256_digest", undefined),
    code: "upload.form",
    sentence: /it has no digest; send sha256_digest/,
  },
  "a name that is said twice": {
    parts: [["name", "other"], ...parts],
    code: "upload.form",
    sentence: /field name is there twice/,
  },
  "no version": {
    parts: withField(parts, "version", "UNKNOWN"),
    code: "upload.form",
    sentence: /field version is missing/,
  },
  "a filetype that is not the file's": {
    parts: withField(parts, "filetype", "sdist"),
    code: "upload.form",
    sentence: /filetype "sdist" does not fit the file name, which is a wheel's/,
  },
  "another project's name": {
    parts: withField(parts, "name", "other"),
    code: "filename.project",
    sentence: /does not start with the name of project "other"/,
  },
  "another version": {
    parts: withField(parts, "version", "2.0"),
    code: "upload.filename",
    sentence: /is not of version "2.0", which the form names/,
  },
  "a name that is none": {
    parts: withField(parts, "name", "../demo"),
    code: "project-name.invalid",
    sentence: /"\.\.\/demo" is not a project name/,
  },
  "a version that is none": {
    parts: withField(parts, "version", "one"),
    code: "version.invalid",
    sentence: /"one" is not a version/,
  },
  "a file name with a folder": {
    parts: renamed(`../${wheel.filename}`),
    code: "filename.invalid",
    sentence: /only ASCII letters/,
  },
  "bytes that are no wheel": {
    parts: uploadParts("demo", "1.0", { filename: wheel.filename, bytes: Buffer.from("hello") }),
    code: "archive.corrupt",
    sentence: /./,
  },
  "a wheel of another project under this name": {
    parts: uploadParts("demo", "1.0", {
      filename: wheel.filename,
      bytes: buildWheel({ name: "other", version: "1.0" }).bytes,
    }),
    code: "wheel.dist-info",
    sentence: /./,
  },
  "no file": {
    parts: parts.filter((part) => !("bytes" in part)),
    code: "upload.form",
    sentence: /it has no file in the part 'content'/,
  },
  "a file without a name": {
    parts: [...parts.filter((part) => !("bytes" in part)), ["content", "text"]],
    code: "upload.form",
    sentence: /the part 'content' must be a file/,
  },
  "two files": {
    parts: [...parts, content],
    code: "upload.form",
    sentence: /it has two files/,
  },
  "another file part": {
    parts: [{ name: "extra", filename: "x", bytes: Buffer.from("x") }, ...parts],
    code: "upload.form",
    sentence: /it has an unknown file part "extra"/,
  },
  "a field that does not end": {
    parts: [["description", "x".repeat(3_000_000)], ...parts],
    code: "upload.form",
    sentence: /field "description" is too long/,
  },
};

for (const [name, { parts: sent, code, sentence }] of Object.entries(refusals)) {
  test(`refused, and nothing left: ${name}`, async (t) => {
    const made = await world(t, { uploadSizeMax: 10_000_000 });
    checkRefused(await made.upload(sent), 400, code, sentence);
    await checkNothingKept(made);
    assert.equal((await made.upload(parts)).status, 200);
  });
}

test("bodies that are no form are refused as such", async (t) => {
  const made = await world(t);
  const form = "multipart/form-data; boundary=x";
  for (const [type, body] of [
    ["application/json", "{}"],
    ["application/x-www-form-urlencoded", ":action=file_upload"],
    ["multipart/form-data", "--x--"],
    ["multipart/form-data; boundary=", "--x--"],
    [form, "--x\r\nContent-Disposition: form-data; name=a\r\n\r\nno end"],
    [form, "no form at all"],
    [form, ""],
  ] as const) {
    const headers = { authorization: made.authorization, "content-type": type };
    const answer = await made.send("/legacy/", { method: "POST", headers, body });
    checkRefused(answer, 400, "upload.form", /^Cannot read this upload/);
  }
  await checkNothingKept(made);
});

test("other bytes under a taken name are refused in words that clients know", async (t) => {
  const { files, send, upload } = await world(t);
  await upload(parts);
  const again = await upload(parts);
  assert.equal(again.status, 200);
  const blake2 = await createBlake2b256();
  blake2.update(wheel.bytes);
  const other = await upload(uploadParts("demo", "1.0", otherWheel));
  const sentence = `File already exists ('${wheel.filename}', with blake2_256 hash '${blake2.digestHex()}').`;
  checkRefused(other, 400, "upload.filename-reused", /already exist/);
  assert.ok(other.reason.startsWith(sentence), other.reason);
  assert.deepEqual([...files.kept.keys()], [wheel.sha256]);
  const page = await send("/simple/demo/");
  assert.ok(page.body.includes(wheel.sha256) && !page.body.includes(otherWheel.sha256));
});

test("the same bytes again repair what was damaged or lost in the store", async (t) => {
  const { files, upload } = await world(t);
  await upload(parts);
  const kept = files.kept.get(wheel.sha256);
  assert.ok(kept !== undefined);
  const { bytes, metadata } = kept;
  const changed = Uint8Array.from(bytes);
  changed[100] = (changed[100] ?? 0) ^ 1;
  const damages = [
    { bytes: changed, metadata },
    { bytes: bytes.subarray(0, 100), metadata },
    { bytes, metadata: new Uint8Array(3) },
    undefined,
  ];
  for (const damaged of damages) {
    if (damaged === undefined) files.kept.delete(wheel.sha256);
    else files.kept.set(wheel.sha256, damaged);
    assert.equal((await upload(parts)).status, 200);
    assert.deepEqual(files.kept.get(wheel.sha256), { bytes, metadata });
    assert.equal(files.incoming.size, 0);
  }
});

test("a deleted name stays taken, whatever the bytes", async (t) => {
  const { files, sendAdmin, upload } = await world(t);
  await upload(parts);
  const body = { filename: wheel.filename, purge: true };
  assert.equal((await sendAdmin("POST", "/v1/projects/demo/delete", body)).status, 200);
  assert.equal(files.kept.size, 0);
  for (const file of [wheel, otherWheel]) {
    const answer = await upload(uploadParts("demo", "1.0", file));
    checkRefused(answer, 400, "upload.filename-deleted", /^This filename was previously used/);
  }
  assert.equal(files.kept.size, 0);
});

test("the same bytes in flight join the wait of the first, other bytes are refused", async (t) => {
  const { signer, upload } = await world(t);
  const gate = Promise.withResolvers<void>();
  signer.gate = gate.promise;
  const first = upload(parts);
  while (signer.received.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const second = upload(parts);
  const third = await upload(uploadParts("demo", "1.0", otherWheel));
  checkRefused(third, 400, "upload.filename-reused", /already exists/);
  gate.resolve();
  assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  assert.equal(signer.received.length, 1);
});

test("archived and quarantined projects take no files", async (t) => {
  const { sendAdmin, upload } = await world(t);
  await upload(parts);
  const next = buildWheel({ name: "demo", version: "2.0" });
  for (const [verb, code, undo] of [
    ["archive", "project.archived", "unarchive"],
    ["quarantine", "project.quarantined", "unquarantine"],
  ] as const) {
    await sendAdmin("POST", `/v1/projects/demo/${verb}`, {});
    const answer = await upload(uploadParts("demo", "2.0", next));
    checkRefused(answer, 400, code, /takes no new files/);
    assert.equal((await upload(parts)).status, 200);
    await sendAdmin("POST", `/v1/projects/demo/${undo}`, {});
  }
  assert.equal((await upload(uploadParts("demo", "2.0", next))).status, 200);
});

test("who may not upload is told why, and 401 says how", async (t) => {
  const made = await world(t);
  const { accounts, clock, sendAdmin, upload } = made;
  const token = async (body: object): Promise<string> => {
    const answer = await sendAdmin("POST", "/v1/tokens", { account: "admin", ...body });
    return JSON.parse(answer.body.toString()).token;
  };
  const cases: readonly (readonly [string, number, string, RegExp])[] = [
    ["", 401, "auth.missing", /Authentication is needed/],
    ["Bearer x", 401, "auth.invalid", /expected HTTP Basic/],
    ["Basic !", 401, "auth.invalid", /expected HTTP Basic/],
    [basic(`hf_${"A".repeat(43)}`), 401, "auth.invalid", /does not know it/],
    [basic("password"), 401, "auth.invalid", /not a token of this index/],
    [basic(await token({ actions: ["upload"] }), "bob"), 401, "auth.invalid", /user name must be/],
    [basic(await token({ actions: ["read"] })), 403, "auth.forbidden", /not allowed to upload/],
    [
      basic(await token({ actions: ["upload"], projects: ["other"] })),
      403,
      "auth.forbidden",
      /is not for project 'demo'/,
    ],
  ];
  for (const [authorization, status, code, sentence] of cases) {
    const answer = await upload(parts, { authorization });
    checkRefused(answer, status, code, sentence);
    const challenge = status === 401 ? 'Basic realm="holdfast"' : undefined;
    assert.equal(answer.headers["www-authenticate"], challenge);
  }
  const short = await token({ actions: ["upload"], expiresAt: "2026-11-21T09:00:00.000Z" });
  clock.advance(3_600_000);
  const answer = await upload(parts, { authorization: basic(short) });
  checkRefused(answer, 401, "auth.invalid", /revoked or has expired/);
  await checkNothingKept(made);
  assert.equal((await accounts.readTokens()).length, 5);
});

test("another account's project is not anybody's to upload to", async (t) => {
  const { sendAdmin, upload } = await world(t);
  await upload(parts);
  await sendAdmin("POST", "/v1/accounts", { name: "bob" });
  const made = await sendAdmin("POST", "/v1/tokens", { account: "bob", actions: ["upload"] });
  const authorization = basic(JSON.parse(made.body.toString()).token);
  const next = uploadParts("demo", "2.0", buildWheel({ name: "demo", version: "2.0" }));
  const refused = await upload(next, { authorization });
  checkRefused(refused, 403, "auth.forbidden", /account 'bob' is not a member of project 'demo'/);
  await sendAdmin("PUT", "/v1/projects/demo/members", { account: "bob", role: "maintainer" });
  assert.equal((await upload(next, { authorization })).status, 200);
});

test("a revoked token is refused at once, though it was just used", async (t) => {
  const { accounts, secrets, sendAdmin, upload } = await world(t);
  assert.equal((await upload(parts)).status, 200);
  const [token] = await accounts.readTokens();
  assert.notEqual(secrets.firstToken, undefined);
  await sendAdmin("POST", `/v1/tokens/${token?.id}/revoke`);
  assert.equal((await upload(parts)).status, 401);
  assert.equal(secrets.firstToken, undefined);
});

test("a token that is revoked while its upload arrives is good for nothing", async (t) => {
  const made = await world(t);
  const [token] = await made.accounts.readTokens();
  assert.ok(token);
  const { files } = made.ports;
  const receive = files.receive.bind(files);
  files.receive = async () => {
    assert.equal((await made.sendAdmin("POST", `/v1/tokens/${token.id}/revoke`, {})).status, 200);
    return await receive();
  };
  checkRefused(await made.upload(parts), 401, "auth.invalid", /revoked or has expired/);
  await checkNothingKept(made);
});

test("an upload that takes long gets an address that tells when it is done", async (t) => {
  const { fireTimers, send, signer, upload } = await world(t);
  signer.isDown = true;
  const waiting = upload(parts);
  while (signer.received.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await fireTimers();
  const answer = await waiting;
  assert.equal(answer.status, 202);
  const address = new URL(answer.headers["location"] ?? "", "http://x/legacy/").pathname;
  const ask = async (): Promise<unknown> => JSON.parse((await send(address)).body.toString());
  const about = { id: signer.received[0]?.id, project: "demo", filename: wheel.filename };
  assert.deepEqual(await ask(), { ...about, status: "pending" });
  assert.equal((await send("/simple/demo/")).status, 404);
  signer.isDown = false;
  while ((await send("/simple/demo/")).status === 404) await fireTimers();
  assert.deepEqual(await ask(), { ...about, status: "published" });
  assert.equal((await send("/uploads/0123")).status, 404);
});

test("what the signer refuses is refused, forgotten and free again", async (t) => {
  const made = await world(t);
  const { files, releases, signer, upload } = made;
  signer.refuse = () => "limit.files";
  checkRefused(await upload(parts), 400, "limit.files", /Refused/);
  assert.equal(files.kept.size, 0);
  assert.deepEqual(await releases.readProjects({ limit: 10 }), []);
  signer.refuse = () => undefined;
  assert.equal((await upload(uploadParts("demo", "1.0", otherWheel))).status, 200);
});

test("a full disk is said so, and nothing is half done", async (t) => {
  const made = await world(t);
  made.files.room = 10;
  checkRefused(await made.upload(parts), 507, "storage.full", /the disk is full/);
  await checkNothingKept(made);
  made.files.room = 1_000_000;
  assert.equal((await made.upload(parts)).status, 200);
});

test("a database that cannot record leaves no file behind", async (t) => {
  const made = await world(t);
  const { recordUpload } = made.releases;
  made.releases.recordUpload = () => Promise.reject(new Error("no database"));
  const answer = await made.upload(parts);
  checkRefused(answer, 500, "internal", /Something went wrong here/);
  assert.ok(!answer.body.includes("no database"));
  await checkNothingKept(made);
  made.releases.recordUpload = recordUpload;
  assert.equal((await made.upload(parts)).status, 200);
});

test("a file over the limit is refused, whether its length is told or not", async (t) => {
  const made = await world(t, { uploadSizeMax: wheel.bytes.byteLength - 1 });
  checkRefused(await made.upload(parts), 413, "upload.too-large", /larger than this index takes/);
  const long = await made.upload([["description", "x".repeat(10_000_000)], ...parts]);
  checkRefused(long, 413, "upload.too-large", /larger than this index takes \(/);
  await checkNothingKept(made);
});

test("a refusal's body is in the form the client asks for", async (t) => {
  const { upload } = await world(t);
  const bad = withField(parts, "filetype", "sdist");
  const uv = await upload(bad, {
    accept: "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7",
  });
  assert.equal(uv.headers["content-type"], "application/json");
  const said = JSON.parse(uv.body.toString());
  assert.deepEqual(Object.keys(said), ["message", "code", "title", "error"]);
  assert.equal(said.code, `400 ${uv.reason}`);
  assert.equal(said.error, "upload.form");
  const problem = await upload(bad, { accept: "application/problem+json" });
  assert.equal(problem.headers["content-type"], "application/problem+json");
  assert.deepEqual(JSON.parse(problem.body.toString()), {
    type: "about:blank",
    title: "Bad Request",
    status: 400,
    detail: said.message,
    code: "upload.form",
  });
  const twine = await upload(bad, { accept: "*/*" });
  assert.equal(twine.headers["content-type"], "text/plain; charset=utf-8");
  assert.equal(twine.body.toString(), `${said.message} [upload.form]\n`);
  const browser = await upload(bad, { accept: "text/html" });
  assert.match(browser.body.toString(), /<title>Error 400/);
});

test("the address without its slash is told apart, other methods get a hint", async (t) => {
  const { send } = await world(t);
  const moved = await send("/legacy", { method: "POST", headers: { host: "index.test:1" } });
  assert.equal(moved.status, 308);
  assert.equal(moved.headers["location"], "http://index.test:1/legacy/");
  const get = await send("/legacy/");
  checkRefused(get, 405, "request.method", /only POST\. To install from here, use/);
  assert.equal(get.headers["allow"], "POST");
  const simple = await send("/simple/", { method: "POST" });
  checkRefused(simple, 405, "request.method", /To upload, use \.\.\.\/legacy\//);
});

test("versions are compared as versions", async (t) => {
  const { upload } = await world(t);
  assert.ok(isVersion("1.0.0"));
  assert.equal((await upload(withField(parts, "version", "v1.0.0"))).status, 200);
});
