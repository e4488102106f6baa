import { generateEd25519 } from "#crypto/signer.ts";
import { generateRepositoryKeys } from "#core/publication/first-repository.ts";
import { testKeyStore } from "#core/publication/key-store.contract.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { createMemoryKeyStore, keyFile, keyFilesOf } from "./key-store.ts";

testKeyStore("memory", async () => {
  const { bytes } = createSeededRandom(1);
  const files = keyFilesOf(generateRepositoryKeys(bytes).online);
  return {
    store: createMemoryKeyStore(files),
    make: async (name, place) =>
      void files.set(keyFile(name, place), tufSigner(generateEd25519(bytes).signer)),
    close: async () => {},
  };
});
