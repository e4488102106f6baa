/** Where offline keys live: key files, passphrases, agents and programs (docs/spec/key-files.md, docs/spec/external-signer.md). */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const agentTests = "src/stores/signers/ssh-agent.test.ts";
const sshTests = "src/formats/ssh/ssh.test.ts";
const chooseTests = "src/core/keys/choose-identity.test.ts";
const sealTests = "src/core/keys/sealed-key.test.ts";
const fileTests = "src/stores/signers/key-files.test.ts";
const commandTests = "src/stores/signers/signer-command.test.ts";
const askTests = "src/stores/signers/ask-passphrase.test.ts";
const cardTests = "src/formats/ceremony/key-card.test.ts";

export const keyMutants: readonly Mutant[] = [
  ...mutantsOf("src/core/keys/checked-signer.ts", agentTests, [
    {
      check: "offline keys: every signature from outside is verified",
      find: "if (verifySignature(publicKey, message, signature)) return signature;",
      replace: "if (verifySignature(publicKey, message, signature) || publicKey) return signature;",
      caughtBy: "another key, or something else",
    },
  ]),
  ...mutantsOf("src/formats/ssh/agent-message.ts", agentTests, [
    {
      check: "offline keys: an agent's answer is bounded before it is read",
      find: "if (size > agentMessageSizeMax)",
      replace: "if (size < 0)",
      caughtBy: "announces too much",
    },
  ]),
  ...mutantsOf("src/stores/signers/ssh-agent.ts", agentTests, [
    {
      check: "offline keys: nothing follows an agent's answer",
      find: "if (received.byteLength > end) throw",
      replace: "if (received.byteLength < 0) throw",
      caughtBy: "goes on without end",
    },
    {
      check: "offline keys: an agent is not asked to sign more than it takes",
      find: "if (request.byteLength > agentMessageSizeMax)",
      replace: "if (request.byteLength < 0)",
      caughtBy: "more than agents take",
    },
    {
      check: "offline keys: listing an agent's keys has its own time limit",
      find: "const listMsMax = 60_000;",
      replace: "const listMsMax = 61_000;",
      caughtBy: "honest signs",
    },
    {
      check: "offline keys: an agent has as long as a person needs, and no longer",
      find: "const signMsMax = 300_000;",
      replace: "const signMsMax = 600_000;",
      caughtBy: "silent",
    },
  ]),
  ...mutantsOf("src/formats/ssh/wire.ts", sshTests, [
    {
      check: "offline keys: nothing is read beyond the end",
      find: "if (end > this.#bytes.byteLength) throw",
      replace: "if (end < 0) throw",
      caughtBy: "cut anywhere",
    },
    {
      check: "offline keys: nothing is left over",
      find: "if (this.#at !== this.#bytes.byteLength)",
      replace: "if (this.#at < 0)",
      caughtBy: "cut anywhere",
    },
  ]),
  ...mutantsOf("src/formats/ssh/signature.ts", sshTests, [
    {
      check: "offline keys: a number of ECDSA is not negative",
      find: "first >= 0x80 || !isMinimal",
      replace: "!isMinimal",
      caughtBy: "negative",
    },
    {
      check: "offline keys: a number of ECDSA is minimal",
      find: " || !isMinimal",
      replace: "",
      caughtBy: "negative",
    },
    {
      check: "offline keys: a number of ECDSA has a bound",
      find: " || bytes.byteLength > integerSizeMax",
      replace: "",
      caughtBy: "negative",
    },
    {
      check: "offline keys: a signature is of its key's kind",
      find: ' && scheme === "ed25519"',
      replace: "",
      caughtBy: "own kind",
    },
  ]),
  ...mutantsOf("src/formats/ssh/public-key.ts", sshTests, [
    {
      check: "offline keys: a curve is the one of its key type",
      find: 'if (reader.readText() !== "nistp256")',
      replace: 'if (reader.readText() === "")',
      caughtBy: "keys that are none",
    },
    {
      check: "offline keys: RSA in an agent is refused with the reason",
      find: 'if (type === "ssh-rsa")',
      replace: 'if (type === "rsa")',
      caughtBy: "as recorded",
    },
  ]),
  ...mutantsOf("src/core/keys/choose-identity.ts", chooseTests, [
    {
      check: "offline keys: no key is guessed among several",
      find: "if (others.length > 0)",
      replace: "if (others.length > 99)",
      caughtBy: "never guesses",
    },
  ]),
  ...mutantsOf("src/crypto/passphrase-seal.ts", sealTests, [
    {
      check: "offline keys: a wrong passphrase is said",
      find: "if (!equalBytes(keys.passphraseCheck, sealed.passphraseCheck))",
      replace: "if (keys === undefined)",
      caughtBy: "passphrase is wrong",
    },
    {
      check: "offline keys: a changed header is noticed",
      find: "if (!equalBytes(headerCheck(keys.header, options.header), sealed.headerCheck))",
      replace: "if (keys === undefined)",
      caughtBy: "stands in clear",
    },
    {
      check: "offline keys: a changed ciphertext is noticed",
      find: "    cipher.final();\n    return new",
      replace: "    return new",
      caughtBy: "ciphertext was changed",
    },
  ]),
  ...mutantsOf("src/core/keys/sealed-key.ts", sealTests, [
    {
      check: "offline keys: a file holds the key that it says",
      find: "stated === undefined ||",
      replace: "stated === undefined &&",
      caughtBy: "another key than they say",
    },
  ]),
  ...mutantsOf("src/formats/ceremony/sealed-key-file.ts", sealTests, [
    {
      check: "offline keys: the cost of a guess has a lower bound",
      find: "if (number < min || number > max)",
      replace: "if (number > max)",
      caughtBy: "absurd parameters",
    },
    {
      check: "offline keys: the cost of opening has an upper bound",
      find: "if (number < min || number > max)",
      replace: "if (number < min)",
      caughtBy: "absurd parameters",
    },
    {
      check: "offline keys: salt and nonce are not short",
      find: "size < sizeMin || size > sizeMax",
      replace: "size > sizeMax",
      caughtBy: "absurd parameters",
    },
    {
      check: "offline keys: a ciphertext has a bound",
      find: "size < sizeMin || size > sizeMax",
      replace: "size < sizeMin",
      caughtBy: "absurd parameters",
    },
    {
      check: "offline keys: unknown members are in the header",
      find: 'filter(([name]) => name !== "sealed")',
      replace: 'filter(([name]) => ["cipher", "holdfast-key-file", "kdf", "key"].includes(name))',
      caughtBy: "stands in clear",
    },
  ]),
  ...mutantsOf("src/core/keys/passphrase.ts", sealTests, [
    {
      check: "offline keys: a passphrase has one form",
      find: '.normalize("NFC")',
      replace: "",
      caughtBy: "one text in one form",
    },
    {
      check: "offline keys: a new passphrase is long enough",
      find: "length < passphraseLengthMin",
      replace: "length < 0",
      caughtBy: "long enough",
    },
    {
      check: "offline keys: a new passphrase is typed the same twice",
      find: "if (!equalBytes(passphrase.reveal(), again.reveal()))",
      replace: "if (passphrase === undefined)",
      caughtBy: "long enough",
    },
  ]),
  ...mutantsOf("src/stores/signers/private-file.ts", fileTests, [
    {
      check: "offline keys: no key is read through a link",
      find: " | constants.O_NOFOLLOW",
      replace: "",
      caughtBy: "other users can read",
    },
    {
      check: "offline keys: no key is read that others can read",
      find: "if ((status.mode & othersMode) !== 0)",
      replace: "if (status.mode < 0)",
      caughtBy: "other users can read",
    },
    {
      check: "offline keys: no key is read from a pipe",
      find: "if (!status.isFile())",
      replace: "if (status.mode < 0)",
      caughtBy: "other users can read",
    },
    {
      check: "offline keys: no large file is read as a key",
      find: "if (status.size > sizeMax)",
      replace: "if (status.size < 0)",
      caughtBy: "other users can read",
    },
    {
      check: "offline keys: no key is replaced in silence",
      find: "if (await writeNewFile(path, bytes)) return;",
      replace: 'await writeNewFile(path, bytes);\n  if (path !== "") return;',
      caughtBy: "never replaced",
    },
  ]),
  ...mutantsOf("src/stores/signers/key-files.ts", fileTests, [
    {
      check: "offline keys: nobody is asked for the passphrase of what is no key file",
      find: "  parseSealedKeyFile(bytes, path);\n",
      replace: "",
      caughtBy: "without a question",
    },
  ]),
  ...mutantsOf("src/stores/signers/run-signer-command.ts", commandTests, [
    {
      check: "offline keys: a command has no shell",
      find: '      stdio: ["pipe"',
      replace: '      shell: true,\n      stdio: ["pipe"',
      caughtBy: "nothing of a shell",
    },
    {
      check: "offline keys: a command's failure is no signature",
      find: "if (status === 0) resolve",
      replace: "if (status !== 99) resolve",
      caughtBy: "said to have failed",
    },
    {
      check: "offline keys: a command has as long as a person needs",
      find: "export const commandMsMax = 300_000;",
      replace: "export const commandMsMax = 600_000;",
      caughtBy: "hangs",
    },
  ]),
  ...mutantsOf("src/stores/signers/said-lines.ts", commandTests, [
    {
      check: "offline keys: a command's words steer no terminal",
      find: '.replaceAll(/(?![\\n\\t])[\\p{Cc}\\p{Cf}\\p{M}\\p{Zl}\\p{Zp}]/gu, "")',
      replace: "",
      caughtBy: "moves a terminal",
    },
    {
      check: "offline keys: a command's lines are its own",
      find: "if (this.#begun <= saidLinesMax) return this.#prefix;",
      replace: 'if (this.#begun <= saidLinesMax) return this.#begun === 1 ? this.#prefix : "";',
      caughtBy: "own name",
    },
  ]),
  ...mutantsOf("src/stores/signers/signer-command.ts", commandTests, [
    {
      check: "offline keys: a command's answer is lower-case hex on one line",
      find: 'if (text === "" || !isHex(text, text.length / 2))',
      replace: 'if (text === "x")',
      caughtBy: "prints something else",
    },
  ]),
  ...mutantsOf("src/stores/host/hidden-input.ts", askTests, [
    {
      check: "offline keys: a passphrase is not shown",
      find: "    input.setRawMode(true);\n",
      replace: "",
      caughtBy: "without being shown",
    },
    {
      check: "offline keys: the terminal is as before",
      find: "      input.setRawMode(false);\n",
      replace: "",
      caughtBy: "without being shown",
    },
  ]),
  ...mutantsOf("src/stores/signers/ask-passphrase.ts", askTests, [
    {
      check: "offline keys: nobody is asked where nobody is",
      find: "if (!isInteractive(terminal))",
      replace: "if (terminal === undefined)",
      caughtBy: "nobody can be asked",
    },
  ]),
  ...mutantsOf("src/formats/ceremony/key-card.ts", cardTests, [
    {
      check: "offline keys: one key has one id",
      find: "if (tufKeyOf(key.publicKey).keyId !== key.keyId)",
      replace: 'if (key.keyId === "")',
      caughtBy: "one form",
    },
  ]),
];
