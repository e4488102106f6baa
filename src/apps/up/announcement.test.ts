import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAnnouncement } from "./announcement.ts";
import type { Announcement } from "./announcement.ts";

const about: Announcement = {
  index: "http://127.0.0.1:8470/",
  upload: "http://127.0.0.1:8470/legacy/",
  proxySimple: "http://127.0.0.1:8471/holdfast/simple/",
  data: "/srv/my data",
  rootFingerprint: "sha256:00",
  token: "hf_secret",
  tokenFile: "/srv/my data/first-token",
  proxyState: "/srv/my data/proxy",
  offlineKeys: undefined,
  isPrivate: false,
};

test("formatAnnouncement() shows the first token and where it lies", () => {
  const text = formatAnnouncement(about, false);
  assert.match(text, /token +hf_secret {2}user __token__, also in \/srv\/my data\/first-token/);
  assert.ok(text.includes(`-p "$(cat '/srv/my data/first-token')"`));
});

test("formatAnnouncement() says of a missing first token what is known, and no more", () => {
  const text = formatAnnouncement({ ...about, token: null }, false);
  assert.match(text, /first-token is not there \(revoked, or removed\)/);
  assert.match(text, /holdfast admin token create --data '\/srv\/my data'/);
  assert.match(text, /-u __token__ -p YOUR-TOKEN /);
});
